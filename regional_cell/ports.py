"""Promises that the services of a cell rely on; adapters keep them, each with an embedded and, later, a real
engine.

Every method is asynchronous unless it says that it neither waits nor touches a disk. Errors are those of
`accord.errors`; a store that cannot answer raises NotReadyError or StorageFullError and has written nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from accord.errors import ColinkError, Moved
from accord.identity import IdentityClaims, KeyRing
from regional_cell.domain.callers import Caller
from regional_cell.domain.changes import Change, Key, Require, Row
from regional_cell.domain.commands.tokens import Minted
from regional_cell.domain.decisions import Committed, Decide
from regional_cell.domain.events import Event, SealedEvent
from regional_cell.domain.search_exchange import Ask, Part
from regional_cell.domain.search_query import Term
from regional_cell.domain.state import State
from regional_cell.domain.transfers import Entry, Header, Place, References
from residency_policies.bundle import CompiledBundle
from residency_policies.decision import Decision, Question


@dataclass(frozen=True, slots=True)
class ResidentRecord:
    """The row that fences a resident: its epoch, life cycle (open, frozen, moved, closed), head and clock."""

    resident: str
    kind: str
    epoch: int
    state: str
    head: int
    clock_us: int
    key_id: str
    establishment: str
    subjects: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Append:
    """One command's share of a batch. Sequences of `events` follow each other and the resident's share
    before it.

    `changes` are those of all `events`, in order, with `content` values still open: the store seals them.
    """

    resident: str
    epoch: int
    events: tuple[SealedEvent, ...]
    changes: tuple[Change, ...]
    requires: tuple[Require, ...]
    client_msg_id: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Written:
    """This share is synced."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same (author, client_msg_id) stands at this sequence already; nothing was written for this
    share.
    """

    sequence: int


@dataclass(frozen=True, slots=True)
class Behind:
    """The fence did not let the share pass: head, epoch or life cycle differ. Read why, then decide again or
    refuse.
    """


@dataclass(frozen=True, slots=True)
class Unmet:
    """`require` of this share did not hold; or, when it is None, a share before it in the batch failed.
    Decide again.
    """

    require: Require | None = None


@dataclass(frozen=True, slots=True)
class Unfit:
    """No store can hold this share (a value of a wrong type, a key twice). Never tried again; `why` has no
    content.
    """

    why: str


Outcome = Written | Duplicate | Behind | Unmet | Unfit


class Log(Protocol):
    """The residents' logs and, in the same transactions, their views."""

    async def open(self, record: ResidentRecord, wrapped_key: bytes) -> None:
        """Create an empty log with its wrapped data key. ConflictError when the resident exists with another
        epoch.
        """

    async def record(self, resident: str) -> ResidentRecord | None:
        """The fencing row, read from the primary."""

    async def append(self, shares: Sequence[Append]) -> list[Outcome]:
        """Write the shares in one transaction and sync it, then say what became of each, in order.

        Residents stand alone: a share that fails takes the later shares of its resident with it (Unmet or
        Behind), never those of others. For each resident one fenced update moves head and clock by what
        passed.
        """

    async def read(self, resident: str, after: int, limit: int) -> list[SealedEvent]:
        """Entries with sequence > after, rising, at most limit."""

    async def entries(self, resident: str, sequences: Sequence[int]) -> dict[int, SealedEvent]:
        """Chosen entries by sequence; unknown ones are missing from the answer."""

    async def residents(self) -> list[ResidentRecord]:
        """All residents of this cell."""


class Views(Protocol):
    """Reading views. `content` columns come opened, as maps."""

    async def rows(self, resident: str, view: str) -> list[tuple[Key, Row]]:
        """All rows of one view of one resident."""

    async def state(self, resident: str) -> State | None:
        """Every `in_state` view, head and clock, read in one transaction."""

    async def row(self, resident: str, view: str, key: Key) -> Row | None:
        """One row."""

    async def many(self, resident: str, view: str, keys: Sequence[Key]) -> dict[Key, Row]:
        """Rows by key; at most 1,000 keys."""

    async def messages(
        self,
        resident: str,
        channel: str,
        *,
        oldest: int | None,
        latest: int | None,
        newest_first: bool,
        limit: int,
    ) -> list[tuple[int, Row]]:
        """(ts, row) of the channel's main line: no hidden rows, replies only when broadcast.

        `oldest` and `latest` are exclusive bounds in microseconds.
        """

    async def thread(
        self,
        resident: str,
        channel: str,
        root: int,
        *,
        oldest: int | None,
        latest: int | None,
        limit: int,
    ) -> list[tuple[int, Row]]:
        """Replies of a thread, oldest first, without the root; bounds exclusive."""

    async def reply_users(self, resident: str, channel: str, roots: Sequence[int]) -> dict[int, list[str]]:
        """Distinct repliers of each thread in order of first reply, at most 5 each."""

    async def reactions(
        self, resident: str, channel: str, ts: Sequence[int]
    ) -> dict[int, list[tuple[str, list[str]]]]:
        """Per message: (name, users in order of reaction), names in order of their first use."""

    async def unread(self, resident: str, user: str, channels: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Per channel: (last_read in microseconds, messages after it that are not the user's)."""

    async def shares(
        self, resident: str, files: Sequence[str]
    ) -> dict[str, list[tuple[str, int, int | None]]]:
        """Per file: (channel, ts, thread_ts) of its shares."""


class Doorbell(Protocol):
    """Tells every process of the cell that a resident's log grew. A lost ring costs time, never an event."""

    def ring(self, resident: str, head: int) -> None:
        """Tell the listeners of this process and of the others. Does not wait and never fails."""

    def listen(self, hear: Callable[[str, int], None]) -> None:
        """Call `hear(resident, head)` on the event loop for every ring, one's own included."""


class Commits(Protocol):
    """The only way to change a resident: decided against its state, committed on condition that its head is
    still that.
    """

    def submit(
        self,
        resident: str,
        decide: Decide,
        *,
        principal: str,
        epoch: int | None = None,
        origin: object | None = None,
    ) -> asyncio.Future[Committed]:
        """Queue a command: it is decided, written, synced and folded in with the next batch. Does not wait.

        Args:
            epoch: what the caller believes; a different one at the resident raises StaleEpochError. None for
                work of the cell itself.
            origin: handed on to the live feed with the events, so that a socket's reply takes its event's
                place.

        Raises: what `decide` raises; UnknownResidentError, StaleEpochError, FrozenError, OverloadedError
            (queue full, nothing written), StorageFullError, OutcomeUnknownError (the transaction's end is
            not known); ConflictError(what=<view>) when a `Require` did not hold, not even when decided again;
            InternalError for a decision that cannot be stored.
        """

    async def commit(
        self,
        resident: str,
        decide: Decide,
        *,
        principal: str,
        epoch: int | None = None,
        origin: object | None = None,
    ) -> Committed:
        """`submit`, awaited. A caller that stops waiting does not take the command back."""

    async def state(self, resident: str) -> State:
        """The state at a head not older than any commit acknowledged before the call. Raises
        UnknownResidentError.
        """

    async def event(self, resident: str, sequence: int) -> Event | None:
        """One opened entry; None where it does not exist or was redacted."""

    async def events(self, resident: str, sequences: Sequence[int]) -> dict[int, Event]:
        """Opened entries by sequence."""

    async def read(self, resident: str, after: int, limit: int) -> list[Event]:
        """Opened entries with sequence > after, rising."""


class Sealer(Protocol):
    """Seals with the resident's data key; the key is unwrapped once per process and resident. Does not wait.

    Stores admit the keys of residents that they read; a resident whose key was not admitted raises
    KeyUnavailableError.
    """

    def new_key(self, resident: str) -> tuple[str, bytes]:
        """Draw a data key, use it from now on, and give its id and wrapped form for `Log.open`."""

    def admit(self, resident: str, key_id: str, wrapped: bytes, *, current: bool = True) -> None:
        """Unwrap a stored key and hold it; the `current` one seals. Raises IntegrityError."""

    def holds(self, resident: str) -> bool:
        """Whether the resident's key was admitted."""

    def seal_event(self, event: Event) -> SealedEvent:
        """Add a salt, encode the payload canonically, seal it bound to resident, sequence and kind, and
        commit to it.
        """

    def open_event(self, sealed: SealedEvent) -> Event:
        """Raises IntegrityError when the bytes are not those sealed for this place in the log."""

    def seal_content(self, resident: str, view: str, key: Key, content: Mapping[str, Any]) -> bytes:
        """Seal a `content` column bound to its row."""

    def open_content(self, resident: str, view: str, key: Key, sealed: bytes) -> dict[str, Any]:
        """The inverse of `seal_content`. Raises IntegrityError."""


class FileStore(Protocol):
    """File bytes, sealed under the resident's key, in a folder per resident, named by keyed hash."""

    async def write(
        self, resident: str, file: str, chunks: AsyncIterator[bytes], length: int
    ) -> tuple[str, bytes]:
        """Store exactly `length` bytes and sync them; gives (object key, SHA-256). InvalidError on another
        length.
        """

    def read(self, resident: str, object_key: str, offset: int, length: int | None) -> AsyncIterator[bytes]:
        """The opened bytes in chunks of at most 256 KiB. Raises IntegrityError, NotFoundError."""

    async def purge(self, resident: str, object_key: str) -> None:
        """Remove the bytes; nothing happens where there are none."""


class Policies(Protocol):
    """The active bundle and the one before it while a roll-out runs. Does not wait."""

    def bundle(self) -> CompiledBundle | None:
        """The active bundle; None before the first: then only the safe core is allowed."""

    def decide(
        self, question: Question, establishment: str, subjects: Sequence[str], tags: Sequence[str]
    ) -> Decision:
        """Evaluate under the profile of the workspace; NO_TABLE without a bundle."""


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """What selects the policies of a workspace: jurisdiction codes and tags asserted at its placement."""

    establishment: str
    subjects: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class Ledger(Protocol):
    """This cell's book of crossings: an append-only Merkle log with signed checkpoints."""

    async def append(self, entries: Sequence[Entry]) -> int:
        """Write, extend the tree and sync; gives the sequence of the first. Raises LedgerUnavailableError,
        and then nothing of `entries` is in the book."""

    @property
    def broken(self) -> str:
        """Why nothing can be appended, as far as is known now; empty while all is well."""

    async def checkpoint(self) -> str:
        """The newest signed note over the whole book."""


class Passage(Protocol):
    """One opened crossing. Adapters that reach outside of the cell send what `items` gives, and nothing else."""

    @property
    def header(self) -> Header:
        """What both books say of it."""

    @property
    def destination(self) -> Place:
        """Where it leads."""

    @property
    def items(self) -> tuple[tuple[str, str, bytes], ...]:
        """(class, item id, payload) of what may leave now, in order. Raises InternalError before it is booked."""

    def put(self, item_id: str, data_class: str, payload: bytes) -> None:
        """Add one item. ForbiddenError for a class that was not asked for."""

    async def book(self) -> Header:
        """Append the debit. LedgerUnavailableError, and then nothing may leave."""

    async def abort(self, why: str) -> None:
        """Book that what was announced did not leave, or is not known to have arrived."""


class Egress(Protocol):
    """The only door out of the cell, and the books of what comes in."""

    @property
    def here(self) -> Place:
        """This cell."""

    def check(self, question: Question, facts: PolicyFacts) -> Decision:
        """Evaluate under the bundle in force here. Opens nothing."""

    async def open(
        self,
        question: Question,
        facts: PolicyFacts,
        *,
        destination: Place,
        leg: str,
        classes: tuple[str, ...],
        references: References,
        transfer: tuple[str, bytes] | None = None,
    ) -> Passage:
        """Decide for every class and book the intent. WithheldError, LedgerUnavailableError."""

    async def note(
        self, question: Question, decision: Decision, *, destination: Place, references: References
    ) -> None:
        """Book one showing inside of the cell that owes an entry: one line, no second book.
        LedgerUnavailableError.
        """

    async def receive(
        self,
        header: Header,
        items: Sequence[tuple[str, str, bytes]],
        question: Question,
        facts: PolicyFacts,
        *,
        source: Place,
        references: References,
    ) -> Decision:
        """Credit what came, before it is used. ForbiddenError, BundleSkewError, WithheldError,
        LedgerUnavailableError.
        """


class PeerCells(Protocol):
    """The ways to other cells. What is sent is what the passage holds, to where it leads."""

    def search(self, passage: Passage, ask: Ask) -> AsyncIterator[Part]:
        """Put a search to the passage's destination: its parts as they come, the first one empty once it is
        accepted.

        Raises while it is read: the peer's own error; HomeUnreachableError when nothing left;
        OutcomeUnknownError.
        """


class Routes(Protocol):
    """What this cell knows of other residents, cells and keys, from the directory's watch."""

    async def home_of(self, resident: str) -> tuple[str, int] | None:
        """(cell, epoch); None when unknown. NotReadyError before the first snapshot."""

    def region_of(self, cell: str) -> str | None:
        """Region id of an admitted cell. Does not wait."""

    def jurisdiction_of(self, cell: str) -> str | None:
        """Jurisdiction of an admitted cell. Does not wait."""

    def placement_facts(self, resident: str) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
        """(establishment, subjects, tags) of a resident as placed; None when unknown. Does not wait."""

    @property
    def key_ring(self) -> KeyRing:
        """Public keys of all cells."""


class DirectoryDoor(Protocol):
    """Writing to the directory: placements and claims. Raises DirectoryAwayError-like NotReadyError when it
    is away.
    """

    async def place(
        self, resident: str, establishment: str, subjects: Sequence[str], tags: Sequence[str]
    ) -> int:
        """Place a new resident in this cell; gives the epoch. ConflictError, WithheldError."""

    async def lease(self, claims: Sequence[tuple[str, str, str]]) -> str:
        """Lease (attribute, value, resident) names, all or none; gives the lease id. ConflictError."""

    async def commit_lease(self, lease: str) -> None:
        """Make the leased claims last. NotFoundError when the lease expired."""

    async def release_lease(self, lease: str) -> None:
        """Give the names back."""

    async def claimed(self) -> dict[str, set[str]]:
        """Attributes that stand claimed for good, by resident of this cell; for the drift job."""


class Hasher(Protocol):
    """Password hashes, argon2id, on a bounded pool."""

    async def hash(self, password: str) -> str:
        """An encoded hash with its own salt and parameters."""

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Whether it fits; None does the same work against a dummy and is False."""


class SearchIndex(Protocol):
    """Terms of this cell's messages, in a store of its own, fed by a tail and rebuilt from the log."""

    async def position(self, resident: str) -> int:
        """Log sequence up to which the resident is indexed."""

    async def index(
        self, resident: str, through: int, documents: Iterable["Document"], removed: Iterable[tuple[str, int]]
    ) -> None:
        """Write documents and removals and move the position, in one transaction."""

    async def search(self, resident: str, query: "IndexQuery") -> list["IndexHit"]:
        """Candidates, newest first; the caller holds them against the messages as they stand and as the asker
        may read them.
        """


@dataclass(frozen=True, slots=True)
class Document:
    """A message as indexed; `text` holds its words, without markup of ours."""

    channel: str
    ts: int
    user: str
    text: str


@dataclass(frozen=True, slots=True)
class IndexQuery:
    """An index query over one resident.

    Attributes:
        terms: all must hold; none is allowed, then every message within the bounds is a candidate.
        channels: where to look; empty finds nothing.
        users: authors, any of them; empty is everyone.
        oldest_us, latest_us: inclusive and exclusive bounds of `ts`.
        limit: at most 1,000 candidates.
    """

    terms: tuple[Term, ...]
    channels: tuple[str, ...]
    users: tuple[str, ...] = ()
    oldest_us: int | None = None
    latest_us: int | None = None
    limit: int = 1_000


@dataclass(frozen=True, slots=True)
class IndexHit:
    """A candidate: a message, named by its channel and its time in microseconds."""

    channel: str
    ts: int


class LiveFeed(Protocol):
    """Where committed events go next in this process and, by doorbell, in the others. Does not wait."""

    def committed(self, state: State, events: Sequence[tuple[Event, object | None]]) -> None:
        """Called once per resident and batch, in order, after the sync and the fold: each event with its
        origin.
        """


@dataclass(frozen=True, slots=True)
class SocketOrigin:
    """The socket frame that a commit came from: this socket gets a reply in the place of the event.

    Attributes:
        link: the edge's stream that the socket lives on; socket: its number there.
        reply_to: the frame's `id` as its client wrote it (JSON text), None when it had none.
    """

    link: "EdgeLink"
    socket: int
    reply_to: str | None = None
    client_msg_id: str = ""


class EdgeLink(Protocol):
    """One edge's stream, as services see it: frames are queued in order. Nothing here waits."""

    @property
    def edge(self) -> "EdgeFacts":
        """Who is at the other end, as proven and as admitted by the directory."""

    def opened(self, socket: int, resident: str, user: str, topics: Sequence[str]) -> None:
        """The socket is open; what follows for it may be sent."""

    def refused(self, socket: int, code: int, reason: str, moved: Moved | None = None) -> None:
        """The socket was not opened; `moved`: another cell is home."""

    def event(self, topic: str, except_sockets: Sequence[int], x_seq: int, data: bytes) -> None:
        """One copy of a finished WebSocket frame for all sockets of the topic."""

    def topics(self, socket: int, add: Sequence[str], remove: Sequence[str]) -> None:
        """Move a socket between topics, at this place in the order."""

    def frame(self, socket: int, data: bytes) -> None:
        """A finished WebSocket frame for one socket."""

    def close(self, socket: int, code: int, reason: str) -> None:
        """End one socket."""

    async def writable(self) -> None:
        """Wait until less than the bound is queued; used between pages of a replay."""


@dataclass(slots=True, eq=False)
class LiveSocket:
    """An open socket of a user, as the live tail keeps it.

    Attributes:
        topics: short names (channel, user, resident) that it hears of now.
        marked: sequence that its newest resume token names.
    """

    link: EdgeLink
    socket: int
    resident: str
    user: str
    token_id: str
    topics: set[str]
    marked: int = 0


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


class CallerProofs(Protocol):
    """Who opens a socket. Raises TokenInvalidError, TokenRevokedError, TokenExpiredError,
    UserInactiveError.
    """

    def prove_socket_ticket(self, text: str, edge: str) -> dict[str, str]:
        """Ticket id `i`, resident `r`, token `tok`, user `u`, expiry `x` (unix seconds)."""

    def caller_of_record(self, token_id: str, state: State) -> Caller:
        """The caller whose token has this record."""


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
    ) -> asyncio.Future[Committed]:
        """Submit a message of at most 4,000 characters. Does not wait; raises ColinkErrors at once or in the
        future.
        """


@dataclass(frozen=True, slots=True)
class EdgeFacts:
    """An edge: its name, place and public addresses (no slash at the end)."""

    name: str
    jurisdiction: str
    region: str
    url: str
    socket_url: str


class EdgePassage(Protocol):
    """What an edge elsewhere may be shown. An edge in this cell's own jurisdiction is not outside and is not
    asked about.
    """

    def edge_passage(
        self, edge: EdgeFacts, workspace: str, size_bytes: int, *, disclose: bool, viewer_country: str
    ) -> None:
        """Decide `transit` (and `disclose` for what is read) and count it into the aggregate of the minute.
        Does not wait.

        Raises: WithheldError with the rule; LedgerUnavailableError when aggregates cannot be booked.
        """


class SpentTickets(Protocol):
    """Tickets that were used: each opens one thing once."""

    async def spend(self, ticket: str, until_s: int) -> bool:
        """Note a ticket's id until it expires; False when it was there already. Synced before it returns."""


@dataclass(frozen=True, slots=True)
class PendingLease:
    """A lease of names that waits for the local commits of its residents to be settled."""

    lease: str
    residents: tuple[str, ...]
    at_s: int


class PendingLeases(Protocol):
    """Leases between the directory's promise and the local commit, so that a crash leaves nothing
    unsettled.
    """

    async def note(self, lease: PendingLease) -> None:
        """Keep it, synced, before the first local commit."""

    async def settled(self, lease: str) -> None:
        """Forget it; nothing happens when it is not there."""

    async def pending(self) -> list[PendingLease]:
        """All that are not settled."""


class ResumeSeal(Protocol):
    """Seals what a resume token says; only this cell can read it. Does not wait."""

    def seal(self, payload: bytes) -> str:
        """URL-safe text."""

    def open(self, text: str) -> bytes | None:
        """What was sealed; None for anything else."""


class DataKeys(Protocol):
    """Makes data keys of residents, wrapped by the cell's own key. Does not wait."""

    def new_key(self, resident: str) -> tuple[str, bytes]:
        """(key id, wrapped key) for a log that is to be opened."""


class TokenMint(Protocol):
    """Makes and proves tokens and tickets with this cell's key and the ring. Does not wait."""

    def mint(
        self,
        kind: str,
        resident: str,
        *,
        user: str = "",
        person: str = "",
        app: str = "",
        scopes: tuple[str, ...] = (),
        life_s: int = 0,
        device: str = "",
    ) -> Minted:
        """A fresh token; its record must be committed before the text is handed out."""

    def ticket(self, purpose: str, resident: str, life_s: int, **more: object) -> str:
        """A ticket of the resident for one purpose."""

    def prove_ticket(self, text: str, purpose: str) -> dict[str, object]:
        """The payload of a ticket. Raises TokenInvalidError, TokenExpiredError."""

    def identity(self, person: str, audience: str) -> str:
        """An identity token of a person of this cell for another cell."""

    def prove_identity(self, text: str) -> IdentityClaims:
        """An identity token made for this cell. Raises TokenInvalidError, TokenExpiredError."""


@dataclass(frozen=True, slots=True)
class NewResident:
    """A resident to be. `names`: (attribute, value) to claim; `first`: decides its first events."""

    resident: str
    establishment: str
    first: Decide
    names: tuple[tuple[str, str], ...] = ()
    subjects: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class ResidentCreator(Protocol):
    """Brings new residents into the world, the directory and this cell agreeing at the end."""

    async def create(self, new: Sequence[NewResident]) -> list[ColinkError | None]:
        """Create them; for each, in order, why it was refused, or None."""
