"""What services of the edge need from outside, as promises. Adapters keep them; `bootstrap` joins both."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from accord.errors import Moved
from edge.domain.journal import Record
from edge.domain.routes import CellRoute, Delta, Placement
from residency_policies.points import Point

# --- cells -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallRequest:
    """One call to a resident's home cell.

    Args:
        token: text of the API token, or empty where authority lies elsewhere.
        resident, epoch: what the edge resolved; empty and 0 where there is none.
        method: API method, or a door such as `sign-in/password`.
        content_type, query, body: as they came.
        headers: (name, value) pairs that cells may see.
        viewer_country: ISO 3166 code, `ZZ` unknown.
    """

    token: str
    resident: str
    epoch: int
    method: str
    content_type: str = ""
    query: bytes = b""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    request_id: str = ""
    viewer_country: str = "ZZ"


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """What the cell answered. `moved`: another cell is home and nothing was done. `lost` tells the cell
    that the client did not get the answer in full."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    cell: str
    moved: Moved | None = None
    lost: Callable[[], None] = lambda: None


class CellStream(Protocol):
    """The batched stream to one process of a cell. Frames keep the order in which they are handed in."""

    @property
    def cell(self) -> str: ...

    @property
    def ready(self) -> bool:
        """Connected, and the cell has said who it is."""

    async def call(self, request: CallRequest, deadline_s: float) -> CallAnswer:
        """Ask and wait, at most `deadline_s`. Cancelling it tells the cell.

        Raises:
            HomeUnreachableError: provably not written. RateLimitedError, OverloadedError: too many calls of
            the resident or at all under way, not written. OutcomeUnknownError: written (perhaps in part) and
            not answered.
        """

    async def find(self, indexes: Sequence["LookupIndex"], deadline_s: float) -> str:
        """The person of these indexes who lives in this cell, or an empty text. Raises as `call`."""

    def open_socket(
        self, socket: int, resident: str, ticket: str, resume: str, epoch: int, viewer_country: str
    ) -> None:
        """Ask the cell to open a stream for this socket; `opened` or `refused` follows."""

    def socket_frame(self, socket: int, resident: str, data: bytes) -> bool:
        """False: too much waits to be written."""

    def congested(self, resident: str) -> bool:
        """Much of a workspace waits to be written, or very much of all: whoever adds to it should not be
        read.
        """

    async def relieved(self, resident: str) -> None:
        """Wait until little waits to be written, or the stream is lost."""

    def socket_taken(self, socket: int, frames: int) -> None:
        """Tell the cell that the client has taken so many more of the frames that it wants to know of."""

    def close_socket(self, socket: int, resident: str, code: int, reason: str) -> None:
        """Tell the cell that the socket is gone; nothing follows for it."""


class Cells(Protocol):
    """Streams to all processes of all cells in the route table."""

    async def streams(self, cell: CellRoute, resident: str, wait_s: float) -> list[CellStream]:
        """Ready streams of a cell, the best for this resident first; waits up to `wait_s` for one, else
        empty.
        """

    def ready(self, cell: CellRoute, resident: str) -> Sequence[CellStream]:
        """The same without waiting: empty when none is ready now."""

    def ready_streams(self) -> list[CellStream]:
        """One ready stream of each cell."""

    def download(self, cell: CellRoute, request: "FileRequest") -> AsyncIterator["FileChunk"]:
        """Bytes of a file by chunks of 256 KiB, the first with its description. Raises ColinkErrors of the
        cell.
        """

    async def upload(self, cell: CellRoute, request: "FileRequest", chunks: AsyncIterator[bytes]) -> int:
        """Store bytes under an upload ticket; how many were stored. Raises ColinkErrors of the cell."""


@dataclass(frozen=True, slots=True)
class FileRequest:
    """A file to fetch (`file`) or to store (`ticket`); `length` 0: to the end."""

    token: str
    resident: str
    epoch: int
    request_id: str
    file: str = ""
    ticket: str = ""
    offset: int = 0
    length: int = 0
    viewer_country: str = "ZZ"


@dataclass(frozen=True, slots=True)
class FileChunk:
    """Bytes; the first chunk of a download also says type, name and size of the whole file."""

    data: bytes
    content_type: str = ""
    name: str = ""
    bytes_total: int = 0


class SocketEvents(Protocol):
    """Where a stream puts what a cell sends for sockets."""

    def opened(self, stream: CellStream, socket: int, topics: Sequence[str]) -> None:
        """The cell opened the socket and listens to these topics for it."""

    def refused(self, stream: CellStream, socket: int, code: int, reason: str, moved: Moved | None) -> None:
        """The cell did not open the socket; `moved` when another cell is its home."""

    def topics(self, stream: CellStream, socket: int, add: Sequence[str], remove: Sequence[str]) -> None:
        """From here on the socket listens to more or fewer topics."""

    def event(
        self,
        stream: CellStream,
        topic: str,
        data: bytes,
        replied: int,
        reply: bytes,
        except_sockets: Sequence[int],
    ) -> None:
        """A finished frame for all listeners of a topic but some.

        The socket `replied` (0: none) gets `reply` in its place.
        """

    def frame(self, stream: CellStream, socket: int, data: bytes, confirm: bool = False) -> None:
        """A finished frame for one socket, in its place. `confirm`: the cell asks when it is taken."""

    def close(self, stream: CellStream, socket: int, code: int, reason: str) -> None:
        """The cell ends the socket, after what it sent before."""

    def limited(self, stream: CellStream, resident: str, per_s: int) -> None:
        """The cell had to refuse sends of this resident's sockets: so many a second may come."""

    def drain(self, stream: CellStream, by_ms: int) -> None:
        """The process will be gone at `by_ms` (unix milliseconds)."""

    def lost(self, stream: CellStream) -> None:
        """The stream broke; nothing more comes from it."""


class ClientSocket(Protocol):
    """One client's socket, as the socket door hands it in."""

    def pause(self) -> None:
        """Read nothing more from the client until `resume`; what was read already may still come."""

    def resume(self) -> None:
        """Read on."""

    @property
    def behind(self) -> bool:
        """Much waits to be sent; `Sockets.taken` is called once that is over."""

    def write(self, frames: bytes) -> int:
        """Write finished frames; never blocks and never raises. Returns the bytes that wait to be sent."""

    def close(self, code: int, reason: str) -> None:
        """Say why and close once what waits is sent."""

    def cut(self) -> None:
        """Close at once; what waits is dropped."""


# --- directory ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LookupIndex:
    """Blind index of one name under one lookup key."""

    attribute: str
    key_id: str
    index: bytes


class RouteFeed(Protocol):
    """One running watch of the directory."""

    def records(self) -> AsyncIterator[tuple[int, Record]]:
        """(nonce, signed record) as they come; ends or raises a ColinkError when the watch is lost."""

    async def ack(self, nonce: int) -> None:
        """The record of this nonce is applied and synced."""

    async def nack(self, nonce: int, reason: str) -> None:
        """The record of this nonce was refused, and why (one word)."""


class Directory(Protocol):
    """The directory, at whichever of its addresses answers."""

    def watch(self, watch_version: int, last_hash: bytes) -> RouteFeed:
        """Begin after this record; an empty hash asks for a full snapshot that begins a new chain."""

    async def resolve(self, resident: str, deadline_s: float) -> Placement | None:
        """Its placement, None when there is none.

        Raises:
            HomeUnreachableError and other ColinkErrors: could not be asked.
        """

    async def find(self, indexes: Sequence[LookupIndex], deadline_s: float) -> str:
        """The resident of these indexes, or an empty text. Raises as `resolve`."""

    def watch_bundle(self, held_version: int) -> AsyncIterator["SignedBundle"]:
        """Bundles as they come into force; ends or raises a ColinkError when the watch is lost."""

    async def acknowledge(self, version: int, bundle_hash: bytes) -> None:
        """Say that this edge decides under this bundle (SHA-256 of its bytes). Raises as `resolve`."""


@dataclass(frozen=True, slots=True)
class SignedOrders:
    """What the directory orders (`accord.orders`), as it signed it; `signature` over the canonical bytes."""

    version: int
    orders: bytes
    key_id: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedBundle:
    """A policy bundle as the directory signed it; `key_id` in hex, `signature` over SHA-256 of `bundle`.

    `orders`: the newest ones, that came with it.
    """

    version: int
    bundle: bytes
    key_id: str
    signature: bytes
    orders: SignedOrders | None = None


# --- own disk ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredJournal:
    """What is on disk: the file, how much of it was synced (None: not told), its age and the highest
    epochs.
    """

    data: bytes
    synced: int | None
    age_s: float
    epochs: dict[str, int]


class JournalStore(Protocol):
    """The route journal on disk. A method that returned has synced."""

    def read(self) -> StoredJournal | None:
        """None: there is no journal."""

    def truncate(self, length: int) -> None:
        """Drop a torn tail."""

    async def append(self, record: bytes) -> None:
        """Add one record to the file."""

    async def begin(self, record: bytes, epochs: dict[str, int]) -> None:
        """Replace the file by one that begins with this record; the highest epochs are written before."""

    async def heard(self) -> None:
        """Note that the directory confirmed the journal just now."""

    async def keep_epoch(self, resident: str, epoch: int) -> None:
        """Note a highest epoch that a cell named."""


class BundleStore(Protocol):
    """The policy bundle on disk."""

    def read(self) -> tuple[SignedBundle, float] | None:
        """The bundle and its age in seconds."""

    async def write(self, bundle: SignedBundle) -> None:
        """Replace the stored bundle."""

    def read_orders(self) -> SignedOrders | None:
        """The stored orders; None: there are none, or they cannot be read."""

    async def write_orders(self, orders: SignedOrders) -> None:
        """Replace the stored orders."""

    async def heard(self) -> None:
        """Note that the directory confirmed the bundle just now."""


# --- between services --------------------------------------------------------------------------


class Router(Protocol):
    """Where residents live."""

    async def resolve(self, resident: str, deadline_s: float = 2.0) -> Placement:
        """Raises UnknownResidentError or NotReadyError."""

    def resolve_now(self, resident: str) -> Placement:
        """From the table alone. Raises UnknownResidentError or NotReadyError."""

    def home(self, placement: Placement) -> CellRoute:
        """Raises NotReadyError."""

    async def repair(self, moved: Moved, held: Placement) -> Placement | None:
        """The new placement when the hand-over is proven and its epoch is higher than the held one, else
        None.
        """


class Transit(Protocol):
    """Whether plaintext of a resident may be seen at this edge."""

    def check(self, placement: Placement, cell: CellRoute, point: Point) -> None:
        """Raises WrongEdgeError {rule, url}, or NotReadyError without a bundle."""


ParseDelta = Callable[[bytes], Delta]
"""RouteDelta bytes to a delta; raises InvalidError."""


class Forward(Protocol):
    """Asking the home cells of residents."""

    async def admit(self, resident: str, *more: Point) -> tuple[Placement, CellRoute]:
        """Resolve, and decide transit and what further points ask. Raises UnknownResidentError,
        NotReadyError, WrongEdgeError.
        """

    async def forward(
        self, placement: Placement, cell: CellRoute, request: CallRequest, deadline_s: float | None = None
    ) -> CallAnswer:
        """Ask the home cell. Raises HomeUnreachableError, OutcomeUnknownError and others."""


class Carrier(Protocol):
    """Carries orders of one home cell to others."""

    async def carry(self, orders: object, request_id: str, country: str) -> "Carried":
        """Carry the orders of an answer, whatever they are; how far they came."""


@dataclass(frozen=True, slots=True)
class Carried:
    """How far orders came. `away`: workspaces that were not reached; `complete`: nothing was left out."""

    away: tuple[str, ...] = ()
    complete: bool = True


Sleep = Callable[[float], Awaitable[None]]
