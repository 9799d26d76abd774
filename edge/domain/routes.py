"""Route table: which cell is home of a resident, as far as this edge knows.

Invariants
    1. A placement is read or refused, never made up: no default cell.
    2. An entry is replaced by a higher epoch only, and its highest epoch outlives it (tombstones, restarts).
    3. An entry that the directory signed with a lower epoch than one seen anywhere is left out, not applied:
       a resident with no acceptable entry is not ready, not elsewhere.
    4. What a whole table does not name stands on: a directory that was put back to an older copy knows less
       than it told before. Gone is what has a tombstone.
    5. Cells and edges do not go back to an earlier version, keys to no earlier state.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accord.errors import NotReadyError, UnknownResidentError
from accord.identity import RingKey, later_state

SERVING = frozenset({"active", "read_only", "draining"})


@dataclass(frozen=True, slots=True)
class Placement:
    """A resident's home as the directory names it; `handover` is canonical JSON signed by both cells."""

    resident: str
    cell: str
    epoch: int
    bundle_version: int
    version: int
    handover: bytes
    establishment: str = ""
    subjects: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CellRoute:
    """A cell and the gRPC addresses (`host:port`) of its processes; state active, read_only, draining or
    retired.
    """

    name: str
    jurisdiction: str
    region: str
    addresses: tuple[str, ...]
    state: str
    version: int
    authority: bytes = b""


@dataclass(frozen=True, slots=True)
class EdgeRoute:
    """An edge and its public URL."""

    name: str
    jurisdiction: str
    region: str
    url: str
    version: int


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The resident is gone at this epoch; nothing lower revives it."""

    resident: str
    epoch: int
    version: int


@dataclass(frozen=True, slots=True)
class Delta:
    """One batch of the route table; `full`: the first of a whole table."""

    watch_version: int
    bundle_version: int
    full: bool
    placements: tuple[Placement, ...] = ()
    cells: tuple[CellRoute, ...] = ()
    edges: tuple[EdgeRoute, ...] = ()
    keys: tuple[RingKey, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()


class RouteTable:
    """All routes that this edge holds, in memory."""

    def __init__(self, epochs: Mapping[str, int] | None = None) -> None:
        self.watch_version = 0
        self.bundle_version = 0
        self.cells: dict[str, CellRoute] = {}
        self.edges: dict[str, EdgeRoute] = {}
        self.keys: dict[str, RingKey] = {}
        self._placements: dict[str, Placement] = {}
        self._epochs: dict[str, int] = dict(epochs or {})
        self._gone: set[str] = set()

    def __len__(self) -> int:
        return len(self._placements)

    @property
    def epochs(self) -> Mapping[str, int]:
        """Highest epoch ever seen per resident."""
        return self._epochs

    def highest_epoch(self, resident: str) -> int:
        return self._epochs.get(resident, 0)

    def apply(self, delta: Delta) -> list[str]:
        """Take a batch that was proven and synced. Returns residents whose entry was refused for a lower
        epoch.
        """
        for cell in delta.cells:
            if (held := self.cells.get(cell.name)) is None or cell.version >= held.version:
                self.cells[cell.name] = cell
        for edge in delta.edges:
            if (known := self.edges.get(edge.name)) is None or edge.version >= known.version:
                self.edges[edge.name] = edge
        self.keys = self.keys_with(delta)
        refused = [entry.resident for entry in delta.placements if not self.put(entry)]
        for stone in delta.tombstones:
            if stone.epoch >= self.highest_epoch(stone.resident):
                self._epochs[stone.resident] = stone.epoch
                self._placements.pop(stone.resident, None)
                self._gone.add(stone.resident)
        self.watch_version = delta.watch_version
        self.bundle_version = max(self.bundle_version, delta.bundle_version)
        return refused

    def keys_with(self, delta: Delta) -> dict[str, RingKey]:
        """All keys by id, as they are once the delta is taken; the table is as before."""
        told = {key.key_id: later_state(self.keys.get(key.key_id), key) for key in delta.keys}
        return {**self.keys, **told}

    def put(self, entry: Placement) -> bool:
        """Take one entry; False when a higher epoch was seen, or the resident is gone at this epoch."""
        highest = self.highest_epoch(entry.resident)
        if entry.epoch < highest or (entry.epoch == highest and entry.resident in self._gone):
            return False
        held = self._placements.get(entry.resident)
        if held is not None and entry.epoch == held.epoch and entry.cell != held.cell:
            return False  # INVARIANT: one home per epoch
        self._epochs[entry.resident] = entry.epoch
        self._placements[entry.resident] = entry
        self._gone.discard(entry.resident)
        return True

    def saw_epoch(self, resident: str, epoch: int) -> bool:
        """A cell named this epoch; an entry below it is dropped. True when it is higher than any before."""
        if epoch <= self.highest_epoch(resident):
            return False
        self._epochs[resident] = epoch
        held = self._placements.get(resident)
        if held is not None and held.epoch < epoch:
            del self._placements[resident]
        return True

    def find(self, resident: str) -> Placement | None:
        return self._placements.get(resident)

    def is_gone(self, resident: str) -> bool:
        """Whether a tombstone stands for it."""
        return resident in self._gone

    def home(self, entry: Placement) -> CellRoute:
        """The cell of an entry.

        Raises:
            NotReadyError: a cell that this edge does not know (yet), or one that serves no more.
        """
        cell = self.cells.get(entry.cell)
        if cell is None or cell.state not in SERVING or not cell.addresses:
            raise NotReadyError(cell=entry.cell)
        return cell

    def require(self, resident: str) -> Placement:
        """The entry of a resident.

        Raises:
            UnknownResidentError: none.
        """
        entry = self._placements.get(resident)
        if entry is None:
            raise UnknownResidentError()
        return entry

    def edges_of(self, jurisdictions: Iterable[str]) -> list[EdgeRoute]:
        """Edges in these jurisdictions, in the order of the jurisdictions, then by name."""
        order = {name: place for place, name in enumerate(jurisdictions)}
        found = [edge for edge in self.edges.values() if edge.jurisdiction in order]
        return sorted(found, key=lambda edge: (order[edge.jurisdiction], edge.name))


class Misses:
    """Residents that nobody knew a moment ago, so that a wrong id asks the directory once in `kept_s`.

    At most `size_max` are kept; beyond that the oldest go.
    """

    def __init__(self, kept_s: float = 5.0, size_max: int = 10_000) -> None:
        self._kept_s = kept_s
        self._size_max = size_max
        self._until: dict[str, tuple[float, bool]] = {}

    def add(self, resident: str, now_s: float, ready: bool) -> None:
        """`ready`: the directory said that there is none; otherwise it could not be asked."""
        while len(self._until) >= self._size_max:
            del self._until[next(iter(self._until))]
        self._until[resident] = (now_s + self._kept_s, ready)

    def check(self, resident: str, now_s: float) -> None:
        """Raises what was found out less than `kept_s` ago.

        Raises:
            UnknownResidentError, NotReadyError
        """
        kept = self._until.get(resident)
        if kept is None:
            return
        until_s, ready = kept
        if now_s >= until_s:
            del self._until[resident]
        elif ready:
            raise UnknownResidentError()
        else:
            raise NotReadyError(retry_after_ms=max(1, round((until_s - now_s) * 1_000)))

    def forget(self, resident: str) -> None:
        self._until.pop(resident, None)
