"""The route table of this cell: placements, cells, edges and keys, as the directory signed them.

Invariants
    1. Nothing is taken in before its signature is proven behind the record before it.
    2. What would take an epoch back is refused as a whole. Of two homes at one epoch the first stands.
    3. What a whole table does not name stands on: a directory that was put back to an older copy knows less
       than it told before. Gone is what has a tombstone, and its epochs do not come back.
    4. Cells and edges do not go back to an earlier version, keys to no earlier state.
    5. Before the first table everything is NotReadyError: no home is made up.
"""

from dataclasses import dataclass
from typing import Literal, cast

from google.protobuf.message import DecodeError

from accord.errors import InvalidError, Moved, NotReadyError
from accord.identity import KeyRing, RingKey, later_state
from accord.ids import check_id
from accord.routes import CHAIN_START, route_record_hash, verify_route
from accord.signing import KeyState
from accord.wire.directory.v1 import directory_pb2 as wire

_KEY_STATES: dict[int, KeyState] = {
    wire.KEY_STATE_ACTIVE: "active",
    wire.KEY_STATE_VERIFY_ONLY: "verify_only",
    wire.KEY_STATE_WITHDRAWN: "withdrawn",
}


@dataclass(frozen=True, slots=True)
class CellRoute:
    """An admitted cell."""

    name: str
    jurisdiction: str
    region: str
    addresses: tuple[str, ...]
    operator: str
    serving: bool


class RouteTable:
    """Keeps the promises of `ports.Routes`, and more for the adapters of other rooms.

    Args:
        signers: the directory's keys for `routes`.
        cell: name of this cell.
    """

    def __init__(self, signers: KeyRing, cell: str) -> None:
        self._signers, self._cell = signers, cell
        self._ring = KeyRing()
        self._placements: dict[str, wire.Placement] = {}
        self._cells: dict[str, CellRoute] = {}
        self._edges: dict[str, tuple[str, str]] = {}
        self._keys: dict[str, RingKey] = {}
        self._tombstones: dict[str, int] = {}
        self._versions: dict[str, int] = {}
        # Lost by the directory: its last whole table did not name them, or with another home.
        self._lost: set[str] = set()
        self.tables = 0
        self.watch_version = 0
        self.last_hash = b""

    @property
    def ready(self) -> bool:
        """Whether there was a table at all."""
        return self.watch_version > 0

    @property
    def key_ring(self) -> KeyRing:
        """See `ports.Routes`; the same object for the life of the process."""
        return self._ring

    async def home_of(self, resident: str) -> tuple[str, int] | None:
        """See `ports.Routes`."""
        if not self.ready:
            raise NotReadyError(why="no routes yet", retry_after_ms=1_000)
        placement = self._placements.get(resident)
        return (placement.cell, placement.epoch) if placement is not None else None

    def region_of(self, cell: str) -> str | None:
        """See `ports.Routes`."""
        return self._cells[cell].region if cell in self._cells else None

    def jurisdiction_of(self, cell: str) -> str | None:
        """See `ports.Routes`."""
        return self._cells[cell].jurisdiction if cell in self._cells else None

    def placement_facts(self, resident: str) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
        """See `ports.Routes`."""
        placement = self._placements.get(resident)
        if placement is None:
            return None
        return placement.establishment, tuple(placement.subjects), tuple(placement.tags)

    def cell(self, name: str) -> CellRoute | None:
        """An admitted cell."""
        return self._cells.get(name)

    def cells(self) -> list[CellRoute]:
        """All admitted cells, by name."""
        return [self._cells[name] for name in sorted(self._cells)]

    def edge(self, name: str) -> tuple[str, str] | None:
        """(jurisdiction, region) of an admitted edge."""
        return self._edges.get(name)

    def moved(self, resident: str) -> Moved | None:
        """Where a resident lives, with the signed record of it; None when the directory has not told."""
        placement = self._placements.get(resident)
        if placement is None:
            return None
        return Moved(resident, placement.cell, placement.epoch, placement.handover)

    def is_missing(self, resident: str) -> bool:
        """See `ports.PlacedHere`."""
        return resident not in self._placements or resident in self._lost

    def count(self) -> int:
        """How many placements."""
        return len(self._placements)

    # --- taking records in ---------------------------------------------------------------------------

    def take(self, record: wire.WatchResponse) -> bool:
        """Prove a record and take it in; whether it begins a chain, as what is kept on disk does. Raises
        InvalidError, and changes nothing then.
        """
        delta, previous = self._proven(record)
        placements = dict(self._placements)
        lost = set(placements) if delta.full else set(self._lost)
        for entry in delta.placements:
            if self._is_home(entry):
                placements[entry.resident] = entry
                lost.discard(entry.resident)
        tombstones = {check_id(gone.resident, "T", "E", "P"): gone.epoch for gone in delta.tombstones}
        for resident in tombstones:
            placements.pop(resident, None)
            lost.discard(resident)
        told = {entry.key_id: later_state(self._keys.get(entry.key_id), _key(entry)) for entry in delta.keys}
        keys = {**self._keys, **told}
        self._ring.replace(keys.values())
        self._keys, self._placements, self._lost = keys, placements, lost
        self._tombstones.update(tombstones)
        self.tables += delta.full
        self._cells.update((it.name, _cell(it)) for it in filter(self._is_newer, delta.cells))
        edges = filter(self._is_newer, delta.edges)
        self._edges.update((it.name, (it.jurisdiction, it.region)) for it in edges)
        self.watch_version = max(1, delta.watch_version)
        self.last_hash = route_record_hash(previous, record.delta, record.signature)
        return previous == CHAIN_START

    def _proven(self, record: wire.WatchResponse) -> tuple[wire.RouteDelta, bytes]:
        key_id = record.key_id.hex()
        for previous in dict.fromkeys((self.last_hash or CHAIN_START, CHAIN_START)):
            if verify_route(self._signers, key_id, previous, record.delta, record.signature):
                break
        else:
            raise InvalidError(field="record", why="signature or place in the chain")
        try:
            delta = wire.RouteDelta.FromString(record.delta)
        except DecodeError:
            raise InvalidError(field="delta", why="not readable") from None
        if previous == CHAIN_START and self.last_hash and not delta.full:
            raise InvalidError(field="delta", why="begins the chain without a full table")
        if delta.watch_version < self.watch_version and not delta.full:
            raise InvalidError(field="watch_version", why="goes back")
        return delta, previous

    def _is_newer(self, entry: wire.Cell | wire.Edge) -> bool:
        newer = entry.version >= self._versions.get(entry.name, 0)
        if newer:
            self._versions[entry.name] = entry.version
        return newer

    def _is_home(self, entry: wire.Placement) -> bool:
        """Whether to take the entry; raises InvalidError for one that takes the table with it."""
        check_id(entry.resident, "T", "E", "P")
        held = self._placements.get(entry.resident)
        if entry.epoch < 1 or not entry.cell or (held is not None and entry.epoch < held.epoch):
            raise InvalidError(field="placement", why="an epoch goes back", resident=entry.resident)
        if entry.epoch <= self._tombstones.get(entry.resident, 0):
            return False
        return held is None or entry.epoch > held.epoch or entry.cell == held.cell


def _cell(entry: wire.Cell) -> CellRoute:
    serving = entry.state in (wire.CELL_STATE_ACTIVE, wire.CELL_STATE_READ_ONLY, wire.CELL_STATE_DRAINING)
    return CellRoute(
        entry.name, entry.jurisdiction, entry.region, tuple(entry.addresses), entry.operator, serving
    )


def _key(entry: wire.Key) -> RingKey:
    state = _KEY_STATES.get(entry.state)
    if state is None:
        raise InvalidError(field="key", why="unknown state")
    purposes = cast(
        "frozenset[str] | Literal['*']", "*" if "*" in entry.purposes else frozenset(entry.purposes)
    )
    return RingKey(
        entry.cell, purposes, entry.key_id, entry.public_key, entry.not_before_s, entry.not_after_s, state
    )
