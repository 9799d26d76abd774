"""A chat socket as a test holds it: every frame kept, waits with deadlines."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect

from tests.support.clients import Plain

OPEN_S = 30.0


class DoorClosedError(AssertionError):
    """The handshake was refused; `status` and `body` are what the edge said."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"the socket's door answered {status}")
        self.status, self.body = status, body


class ChatSocket:
    """One socket. `frames` holds every frame that came, `closed` code and reason once it has ended, `mark`
    what it went on from.
    """

    def __init__(self, url: str, resume: str = "") -> None:
        self.mark = resume
        if resume:
            url += ("&" if "?" in url else "?") + f"x_resume={resume}"
        self._open = ExitStack()
        try:
            opening = connect(
                url,
                open_timeout=OPEN_S,
                close_timeout=2,
                ping_interval=None,
                max_queue=None,
                compression=None,
            )
            self._socket = self._open.enter_context(opening)
        except InvalidStatus as error:
            raise DoorClosedError(error.response.status_code, bytes(error.response.body or b"")) from None
        except InvalidHandshake as error:  # an edge that dies meanwhile
            raise ConnectionError(f"no handshake: {type(error).__name__}") from None
        self.frames: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def next(self, within_s: float = 30.0) -> dict[str, Any] | None:
        """The next frame; None when the socket ended. Raises TimeoutError."""
        try:
            frame: dict[str, Any] = json.loads(self._socket.recv(timeout=within_s))
        except ConnectionClosed as error:
            self.closed = (error.rcvd.code, error.rcvd.reason) if error.rcvd else (1006, "")
            return None
        self.frames.append(frame)
        return frame

    def until(self, wanted: Callable[[dict[str, Any]], object], within_s: float = 30.0) -> dict[str, Any]:
        """The next frame that is wanted; others are kept in `frames`."""
        ends_s = time.monotonic() + within_s
        while True:
            try:
                frame = self.next(max(0.01, ends_s - time.monotonic()))
            except TimeoutError:
                kinds = [(frame.get("type"), frame.get("subtype")) for frame in self.frames[-10:]]
                raise AssertionError(f"no such frame within {within_s} s, last were {kinds}") from None
            assert frame is not None, f"the socket ended first: {self.closed}"
            if wanted(frame):
                return frame

    def message(self, text: str, within_s: float = 30.0) -> dict[str, Any]:
        """The event of a fresh message with this text."""
        return self.until(
            lambda frame: frame.get("type") == "message" and frame.get("text") == text, within_s
        )

    def drain(self, quiet_s: float = 0.5) -> list[dict[str, Any]]:
        """Read until nothing came for a while or the socket ended. Returns what came."""
        begin = len(self.frames)
        try:
            while self.next(quiet_s) is not None:
                pass
        except TimeoutError:
            pass
        return self.frames[begin:]

    def ended(self, within_s: float = 30.0) -> tuple[int, str]:
        """Read until the end. Returns code and reason; raises AssertionError when it stays open."""
        ends_s = time.monotonic() + within_s
        try:
            while self.next(max(0.01, ends_s - time.monotonic())) is not None:
                pass
        except TimeoutError:
            raise AssertionError(f"the socket did not end within {within_s} s") from None
        assert self.closed is not None
        return self.closed

    def say(self, kind: str, **members: Any) -> int:
        """Send a frame; the number that its reply will name."""
        self._number += 1
        self.send(json.dumps({"id": self._number, "type": kind, **members}))
        return self._number

    def send(self, data: str | bytes) -> None:
        """Send a text frame; bytes go as they are, whatever they say."""
        self._socket.send(data, text=True)

    def reply(self, number: int, within_s: float = 30.0) -> dict[str, Any]:
        """The reply to a frame."""
        return self.until(lambda frame: frame.get("reply_to") == number, within_s)

    def resume(self, within_s: float = 30.0) -> str:
        """A mark given from now on, by which another socket goes on."""
        return str(self.until(lambda frame: frame.get("type") == "x_mark", within_s)["x_resume"])

    def last_mark(self) -> str:
        """The last mark that came."""
        return str([frame for frame in self.frames if frame.get("type") == "x_mark"][-1]["x_resume"])


def socket_url(edge: Mapping[str, Any], token: str) -> str:
    """The address with a fresh ticket that `rtm.connect` gives at an edge."""
    with Plain(edge, token) as plain:
        return str(plain.done("rtm.connect")["url"])


def open_socket(edge: Mapping[str, Any], token: str, resume: str = "") -> ChatSocket:
    """A socket at an edge that has said hello."""
    socket = ChatSocket(socket_url(edge, token), resume)
    hello = socket.next()
    assert hello is not None, f"ended before hello: {socket.closed}"
    assert hello["type"] == "hello", "hello is the first frame"
    return socket
