"""Watch: what one node is told of the route table, in which order, chained and signed.

    record hash = SHA-256(previous hash + delta bytes + signature)      (accord.routes, both sides)

The chain is the node's: it says the hash of the last record it holds, and the next one is signed behind it; a
node that holds none begins at 32 zero bytes.

Invariants
    1. At most one record is in flight to a node; the next one is built behind the one it acknowledged.
    2. What a node holds counts only up to its last ACK; a NACK or a broken stream loses nothing.
    3. A delta holds the entries as they are now (state, not steps), so changes in between coalesce.
    4. A version that this store never gave out is answered with a full snapshot.
    5. No blind index and no placement that is behind is ever in a delta.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from accord.errors import InvalidError
from accord.ids import RESIDENT_PREFIXES, check_id
from accord.routes import CHAIN_START, HASH_BYTES, route_record_hash
from directory.domain.cells import AdmittedKey, Cell, Edge
from directory.domain.placements import Placement, Tombstone

SUBSCRIBED_MAX = 100_000
BATCH_MAX = 4_000
"""Placements and tombstones in one delta: about 2 MiB, below the limit of a message."""

BACKOFF_S_FIRST = 1.0
BACKOFF_S_MAX = 30.0


@dataclass(frozen=True, slots=True)
class RouteChanges:
    """One delta, before it is bytes.

    Args:
        watch_version: what the node holds once it has applied this.
        full: the first of a whole table; what it does not name stands on with the node.
    """

    watch_version: int
    bundle_version: int
    full: bool
    placements: tuple[Placement, ...] = ()
    cells: tuple[Cell, ...] = ()
    edges: tuple[Edge, ...] = ()
    keys: tuple[AdmittedKey, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()

    @property
    def is_empty(self) -> bool:
        entries = (self.placements, self.cells, self.edges, self.keys, self.tombstones)
        return not self.full and not any(entries)


@dataclass(frozen=True, slots=True)
class Start:
    """How a node begins: its name, the version and the last record hash that it holds, what it wants."""

    node: str
    watch_version: int
    last_hash: bytes
    all: bool
    residents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One signed delta on its way. `hash`: of this record, the `previous` of the next."""

    nonce: int
    delta: bytes
    signature: bytes
    hash: bytes
    watch_version: int
    bundle_version: int


def check_start(start: Start) -> Start:
    """The same, proven in form.

    Raises:
        InvalidError: a hash of another length, malformed or too many residents, residents beside `all`.
    """
    if len(start.last_hash) not in (0, HASH_BYTES):
        raise InvalidError(field="last_hash", why="32 bytes or none")
    if start.watch_version and not start.last_hash:
        raise InvalidError(field="last_hash", why="missing for a held version")
    if start.all and start.residents:
        raise InvalidError(field="residents", why="all or some")
    check_residents(start.residents)
    return start


def check_residents(residents: Iterable[str]) -> frozenset[str]:
    """Proven resident ids; raises InvalidError."""
    return frozenset(check_id(resident, *RESIDENT_PREFIXES) for resident in residents)


@dataclass(slots=True)
class WatchedNode:
    """One stream: what the node holds, what is in flight, what it asked for beside.

    Args:
        known: whether this store gave out the version that the node says it holds.
        scanned_version: up to here nothing beyond `acked_version` concerns the node.
    """

    start: Start
    known: bool
    acked_version: int = 0
    scanned_version: int = 0
    bundle_version: int = -1
    last_hash: bytes = CHAIN_START
    pending: Record | None = None
    wanted: set[str] = field(default_factory=set)
    fresh: set[str] = field(default_factory=set)
    refused: int = 0
    _nonce: int = 0
    _in_flight_fresh: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.wanted = set(self.start.residents)
        self.last_hash = self.start.last_hash or CHAIN_START
        self.acked_version = self.start.watch_version if self.known else 0

    @property
    def needs_full(self) -> bool:
        return self.acked_version == 0 or not self.known

    @property
    def held_version(self) -> int:
        """The node holds everything up to this version that concerns it."""
        return max(self.acked_version, self.scanned_version)

    @property
    def since(self) -> int:
        """Versions above this one are due."""
        return 0 if self.needs_full else self.held_version

    @property
    def backoff_s(self) -> float:
        """How long to wait before what was refused is sent again unchanged; 0 when nothing was."""
        return min(BACKOFF_S_FIRST * 2 ** (self.refused - 1), BACKOFF_S_MAX) if self.refused else 0.0

    def forget(self) -> None:
        """What the node holds is of a past that this store does not know: a whole table is due."""
        self.known, self.scanned_version = False, 0

    def wants(self, resident: str) -> bool:
        return self.start.all or resident in self.wanted

    def subscribe(self, residents: Iterable[str]) -> None:
        """Add residents; their placements are due whatever their version.

        Raises:
            InvalidError: malformed, or more than 100,000 altogether.
        """
        added = check_residents(residents)
        if len(self.wanted | added) > SUBSCRIBED_MAX:
            raise InvalidError(field="residents", why="too many", items_max=SUBSCRIBED_MAX)
        self.wanted |= added
        self.fresh |= added

    def send(self, changes: RouteChanges, delta: bytes, sign: Callable[[bytes, bytes], bytes]) -> Record:
        """Put the delta in flight, signed by `sign(previous hash, delta)` behind what the node holds."""
        assert self.pending is None, "one record in flight"  # INVARIANT: 1
        self._nonce += 1
        signature = sign(self.last_hash, delta)
        self.pending = Record(
            self._nonce,
            delta,
            signature,
            route_record_hash(self.last_hash, delta, signature),
            changes.watch_version,
            changes.bundle_version,
        )
        self._in_flight_fresh = frozenset(self.fresh)
        return self.pending

    def ack(self, nonce: int) -> bool:
        """The node holds the record in flight. False: the answer is late or repeated and changes nothing."""
        record = self._answered(nonce)
        if record is None:
            return False
        self.acked_version, self.last_hash = record.watch_version, record.hash  # INVARIANT: 2
        self.bundle_version, self.known, self.refused = record.bundle_version, True, 0
        self.fresh -= self._in_flight_fresh
        return True

    def nack(self, nonce: int) -> bool:
        """The node refused the record in flight; the same changes are due again. False as for `ack`."""
        if self._answered(nonce) is None:
            return False
        self.refused += 1
        return True

    def _answered(self, nonce: int) -> Record | None:
        if not 0 < nonce <= self._nonce:
            raise InvalidError(field="nonce", why="never sent")
        record = self.pending
        if record is None or record.nonce != nonce:
            return None
        self.pending = None
        return record
