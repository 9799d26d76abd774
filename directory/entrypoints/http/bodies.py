"""Bodies are bounded before anything reads them."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from accord.errors import InvalidError

BODY_BYTES_MAX = 1024 * 1024


class BoundedBodies:
    """Counts a request's bytes as they come; one too many ends the request with a typed refusal."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        count = 0

        async def bounded() -> Message:
            nonlocal count
            message = await receive()
            count += len(message.get("body", b""))
            if count > BODY_BYTES_MAX:
                raise InvalidError(field="body", why="too long", bytes_max=BODY_BYTES_MAX)
            return message

        await self._app(scope, bounded if scope["type"] == "http" else receive, send)
