"""The public API as the demo itself uses it: a small client for seeding."""

import asyncio
from types import TracebackType
from typing import Any, Self

import httpx2

TRIES = 60


class ApiError(Exception):
    """A method answered with an error; the text names method and code."""


class Api:
    """Calls methods with a token; waits when it is told to (429, 503)."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._client = httpx2.AsyncClient(timeout=30.0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def call(self, method: str, token: str, **arguments: Any) -> dict[str, Any]:
        """One method. Raises ApiError."""
        for _ in range(TRIES):
            response = await self._client.post(
                self._base + method, json=arguments, headers={"Authorization": f"Bearer {token}"}
            )
            if response.status_code not in (429, 503):
                break
            await asyncio.sleep(float(response.headers.get("retry-after", "1")))
        answer: dict[str, Any] = response.json()
        if not answer.get("ok"):
            raise ApiError(f"{method}: {answer.get('error')}")
        return answer

    async def upload(self, token: str, channel: str, name: str, data: bytes) -> None:
        """The three steps of an upload, shared to a channel. Raises ApiError."""
        offered = await self.call("files.getUploadURLExternal", token, filename=name, length=len(data))
        response = await self._client.post(offered["upload_url"], content=data)
        if response.status_code != 200:
            raise ApiError(f"upload: {response.status_code}")
        await self.call(
            "files.completeUploadExternal",
            token,
            files=[{"id": offered["file_id"], "title": name}],
            channel_id=channel,
        )
