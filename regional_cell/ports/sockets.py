"""Sockets: the edge stream they come by, the topics they hear, the marks they resume from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from accord.errors import Moved
from regional_cell.domain.callers import Caller
from regional_cell.domain.state import State
from regional_cell.ports.commits import Waiter
from residency_policies.points import Point


class SocketOrigin:
    """The socket frame that a commit came from: this socket gets a reply in the place of the event.

    Attributes:
        link: the edge's stream that the socket lives on; socket: its number there.
        reply_to: the frame's `id` as its client wrote it (JSON text), None when it had none.
    """

    __slots__ = ("client_msg_id", "link", "reply_to", "socket")

    def __init__(
        self, link: "EdgeLink", socket: int, reply_to: str | None = None, client_msg_id: str = ""
    ) -> None:
        self.link = link
        self.socket = socket
        self.reply_to = reply_to
        self.client_msg_id = client_msg_id


class EdgeLink(Protocol):
    """One edge's stream, as services see it: frames are queued in order. Nothing here waits but `deliver`."""

    @property
    def edge(self) -> "EdgeFacts":
        """Who is at the other end, as proven and as admitted by the directory."""

    def opened(
        self, socket: int, resident: str, user: str, topics: Sequence[str], *, guest: bool = False
    ) -> None:
        """The socket is open; what follows for it may be sent. `guest`: whether its user is one."""

    def refused(self, socket: int, code: int, reason: str, moved: Moved | None = None) -> None:
        """The socket was not opened; `moved`: another cell is home."""

    def event(self, topic: str, x_seq: int, data: bytes, replied: int = 0, reply: bytes = b"") -> None:
        """One copy of a finished WebSocket frame for all sockets of the topic; the socket `replied` (0: none)
        gets `reply` in its place.
        """

    def typing(self, topic: str, data: bytes, except_socket: int = 0) -> None:
        """The same without a number, for all sockets of the topic but one (0: none)."""

    def topics(self, socket: int, add: Sequence[str], remove: Sequence[str]) -> None:
        """Move a socket between topics, at this place in the order."""

    def frame(self, socket: int, data: bytes) -> None:
        """A finished WebSocket frame for one socket."""

    async def deliver(self, socket: int, data: bytes, ahead: int) -> bool:
        """A finished frame for one socket that its edge confirms when the client has taken it; waits until at
        most `ahead` are not confirmed. False: the client takes nothing any more, or the socket is gone.
        """

    def close(self, socket: int, code: int, reason: str) -> None:
        """End one socket."""

    def send_refused(self, socket: int) -> None:
        """A message of this socket found no place at the writer: its edge is told in a moment how many of its
        workspace may come.
        """


@dataclass(slots=True, eq=False)
class LiveSocket:
    """An open socket of a user, as the live tail keeps it.

    Attributes:
        topics: short names (channel, user, resident) that it hears of now.
        marked: sequence that its newest resume token names.
        batched: its client takes presence of several users in one frame.
        active: its client did something since presence last looked.
    """

    link: EdgeLink
    socket: int
    resident: str
    user: str
    token_id: str
    topics: set[str]
    marked: int = 0
    batched: bool = False
    active: bool = False


class LiveTopics(Protocol):
    """The live tail of this process: who listens to what, and how far each resident's log was told."""

    async def settle(self, resident: str) -> State:
        """The state at a head up to which everything was told here; true until the caller next waits.

        Raises UnknownResidentError.
        """

    def attach(self, socket: LiveSocket) -> None:
        """Tell a socket of its topics from now on; right after `settle`, without waiting in between."""

    def detach(self, socket: LiveSocket) -> None:
        """Forget a socket; nothing happens when it is not there."""

    def heard_since(self, socket: LiveSocket) -> int | None:
        """The position now, when anything for this socket was told since `marked`; else None."""

    def typing(self, socket: LiveSocket, channel: str, thread_ts: str) -> None:
        """Tell the others in a channel that the user types; nothing happens where the user is no member."""


class Replays(Protocol):
    """What sockets missed of a resident's log."""

    async def since(self, state: State, user: str, after: int) -> list[bytes] | None:
        """Finished frames of the events after this sequence, up to the head of the state at the call, that
        the user had the right to hear of; None when that cannot be told exactly. Raises as `Commits.read`.
        """


class UserFeed(Protocol):
    """Frames that are no events, for all sockets of one user."""

    def tell_user(self, resident: str, user: str, data: bytes) -> None:
        """A finished frame for each socket that the user has in this process. Does not wait."""


class PresenceFeed(Protocol):
    """Who is there, as sockets say it and ask for it. Nothing here waits."""

    def opened(self, socket: LiveSocket) -> None:
        """A socket is open."""

    def closed(self, socket: LiveSocket) -> None:
        """It is not any more; nothing happens when it never was."""

    def touched(self, socket: LiveSocket) -> None:
        """Its user is there right now."""

    def subscribe(self, socket: LiveSocket, users: Sequence[str]) -> None:
        """Tell it of these users, now and whenever they come or go; of nobody else any more."""

    def query(self, socket: LiveSocket, users: Sequence[str]) -> None:
        """Tell it of these users once."""


class SocketPoster(Protocol):
    """Posts what a socket says."""

    def post(
        self,
        caller: Caller,
        *,
        channel: str,
        text: str,
        thread_ts: str,
        client_msg_id: str,
        origin: SocketOrigin,
        waiter: Waiter,
    ) -> None:
        """Submit a message of at most 4,000 characters. Does not wait.

        Raises ColinkErrors at once, or tells the waiter.
        """


@dataclass(frozen=True, slots=True)
class EdgeFacts:
    """An edge: its name, place and public addresses (no slash at the end), and the bundle under which it
    asks.
    """

    name: str
    jurisdiction: str
    region: str
    url: str
    socket_url: str
    bundle_version: int = 0


class EdgePassage(Protocol):
    """What an edge elsewhere may be shown. An edge in this cell's own jurisdiction is not outside and is not
    asked about.
    """

    def edge_passage(
        self,
        edge: EdgeFacts,
        workspace: str,
        size_bytes: int,
        points: tuple[Point, ...],
        *,
        viewer_country: str,
        guest: bool = False,
        member: bool = False,
    ) -> None:
        """Decide at each point and count it into the aggregates of the minute. Does not wait.

        `member`: whoever asks is proven to be a full member, and may be told the workspace's own reasons.

        Raises: WithheldError with the rule; BundleSkewError when either end is cut off, or
            this cell is behind the edge's bundle;
        LedgerUnavailableError
            when aggregates cannot be booked.
        """


class ResumeSeal(Protocol):
    """Seals what a resume token says; only this cell can read it. Does not wait."""

    def seal(self, payload: bytes) -> str:
        """URL-safe text."""

    def open(self, text: str) -> bytes | None:
        """What was sealed; None for anything else."""
