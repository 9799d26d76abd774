"""Clients of the Web API: the official one, and a plain one that shows every byte of an answer."""

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx2
from slack_sdk import WebClient
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.legacy_client import LegacyWebClient

TIMEOUT_S = 60
# Edges of a demo speak plain HTTP. To read all authorities of the system takes 25 ms, for each client.
NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer of the Web API; `fields` is its JSON object."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def fields(self) -> dict[str, Any]:
        value = json.loads(self.body)
        assert isinstance(value, dict), "an answer is a JSON object"
        return value

    @property
    def error(self) -> str:
        """The error code; empty when it is ok."""
        return str(self.fields.get("error", ""))


class Plain:
    """Calls of one edge, as they are. Use as a context manager."""

    def __init__(self, edge: Mapping[str, Any], token: str = "", timeout_s: float = TIMEOUT_S) -> None:
        self.api, self.url = str(edge["api"]), str(edge["url"])
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._client = httpx2.Client(timeout=timeout_s, verify=NOBODY)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def call(self, method: str, **arguments: Any) -> Answer:
        """One method with JSON arguments."""
        return self.send("POST", self.api + method, json=arguments)

    def patient(self, method: str, **arguments: Any) -> Answer:
        """The same, coming back when it is told to wait."""
        for _ in range(90):
            answer = self.call(method, **arguments)
            if answer.status not in (429, 503):
                break
            time.sleep(min(2.0, float(answer.headers["retry-after"])))
        return answer

    def done(self, method: str, **arguments: Any) -> dict[str, Any]:
        """The same; fails unless the answer is ok."""
        answer = self.patient(method, **arguments)
        assert answer.fields.get("ok") is True, f"{method}: {answer.status} {answer.error}"
        return answer.fields

    def send(self, verb: str, url: str, **options: Any) -> Answer:
        """Any request, with the token unless `headers` name another."""
        headers = {**self._headers, **options.pop("headers", {})}
        response = self._client.request(verb, url, headers=headers, **options)
        return Answer(response.status_code, response.headers, response.content)


def web(edge: Mapping[str, Any], token: str) -> WebClient:
    """The official synchronous client at an edge."""
    return WebClient(token=token, base_url=edge["api"], timeout=TIMEOUT_S)


def async_web(edge: Mapping[str, Any], token: str) -> AsyncWebClient:
    """The official asynchronous client at an edge."""
    return AsyncWebClient(token=token, base_url=edge["api"], timeout=TIMEOUT_S)


def legacy_web(edge: Mapping[str, Any], token: str) -> LegacyWebClient:
    """The official client of the first generation at an edge."""
    return LegacyWebClient(token=token, base_url=edge["api"], timeout=TIMEOUT_S)


def fields_of(response: Any) -> dict[str, Any]:
    """The JSON object that an official client of any generation was answered with."""
    fields: dict[str, Any] = response.data
    return fields


def sign_in(edge: Mapping[str, Any], email: str, password: str) -> dict[str, Any]:
    """The answer of the door for e-mail and password, refusals included."""
    with Plain(edge) as plain:
        for _ in range(60):
            body = {"email": email, "password": password}
            answer = plain.send("POST", edge["url"] + "/sign-in/password", json=body)
            if answer.status not in (429, 503):
                return answer.fields
            time.sleep(min(3.0, float(answer.headers["retry-after"])))
    raise AssertionError(f"sign-in: {answer.status}")


def whole_history(plain: Plain, channel: str, **arguments: Any) -> list[dict[str, Any]]:
    """All messages of a channel, newest first, page by page."""
    messages: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = plain.done(
            "conversations.history", channel=channel, limit=200, cursor=cursor or None, **arguments
        )
        messages += page["messages"]
        cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
        if not cursor:
            return messages
