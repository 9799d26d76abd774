"""Cells: admission by operators, what cells say of themselves, draining and retiring.

Invariants
    1. Only operators admit, drain and retire; only a cell itself announces.
    2. Nothing is admitted whose authority was not proven to be that cell's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from accord.clock import Clock
from accord.errors import ConflictError, InvalidError, NotFoundError, OverloadedError
from accord.identity import RingKey
from accord.ids import RESIDENT_PREFIXES, check_id
from directory.domain.cells import (
    AdmittedKey,
    Cell,
    CellReport,
    CellState,
    Edge,
    Room,
    admit_cell,
    admit_edge,
    admit_key,
    check_cell,
    check_edge,
    check_keys,
    drain,
    retire,
)
from directory.domain.names import check_checkpoint, check_name, check_word
from directory.domain.peers import Peer, PeerKind, require_cell, require_node, require_operator
from directory.domain.placements import EPOCH_MAX, ReportedEpoch
from directory.ports.outside import Authorities, Bell
from directory.ports.store import ReadUnit, Store, WriteUnit

EPOCHS_MAX = 1_000
REPORTS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a cell says of itself. `epochs`: by resident, the highest that changed since it last spoke."""

    node: str
    software: str
    state: str
    bundle_version: int
    checkpoint: str
    epochs: tuple[tuple[str, int], ...]
    room: Room | None = None


@dataclass(frozen=True, slots=True)
class CellStatus:
    """A cell with its last report, if it made one, and how many residents it has."""

    cell: Cell
    report: CellReport | None
    residents: int


@dataclass(frozen=True, slots=True)
class Federation:
    """Everybody who belongs to it, and the active bundle's version."""

    cells: tuple[CellStatus, ...]
    edges: tuple[Edge, ...]
    bundle_version: int
    watch_version: int


class CellService:
    """Admission and the life of cells.

    Args:
        regions: ids of the catalogue; a cell stands in one of them.
        authorities: proves certificates of authorities.
    """

    def __init__(
        self, store: Store, clock: Clock, bell: Bell, authorities: Authorities, regions: frozenset[str]
    ) -> None:
        self._store = store
        self._clock = clock
        self._bell = bell
        self._authorities = authorities
        self._regions = regions

    async def admit(self, peer: Peer, asked: Cell, keys: Sequence[RingKey]) -> int:
        """Admit a cell with its first keys, or give an admitted one other addresses, further keys or later
        key states.

        Repeating an admission changes nothing. Returns the version of the cell's entry.

        Raises:
            PeerRefusedError: no operator. InvalidError: form, region, authority or keys.
            ConflictError: the name or a key id stands for something else.
        """
        require_operator(peer)
        check_cell(asked)
        proven = check_keys(asked.name, tuple(keys)) if keys else ()
        if asked.region not in self._regions:
            raise InvalidError(field="region", why="not in the catalogue")
        self._authorities.require_of(asked.name, asked.authority)

        def work(unit: WriteUnit) -> tuple[int, bool]:
            if unit.cells.find_edge(asked.name) is not None:
                raise ConflictError(what="cell", cell=asked.name)
            existing = unit.cells.find(asked.name)
            if existing is None:
                check_keys(asked.name, proven)
            fresh = admit_cell(existing, asked)
            changed_keys = [key for key in proven if self._changed(unit, key) is not None]
            for key in changed_keys:
                unit.cells.put_key(AdmittedKey(key, unit.versions.next(self._clock.now_us())))
            if fresh is not None:
                fresh = replace(fresh, version=unit.versions.next(self._clock.now_us()))
                unit.cells.put(fresh)
            unit.commit()
            standing = fresh or existing
            assert standing is not None
            return standing.version, fresh is not None or bool(changed_keys)

        version, changed = await self._store.write(work)
        if changed:
            self._bell.ring()
        return version

    async def admit_edge(self, peer: Peer, asked: Edge) -> int:
        """Admit an edge, or give an admitted one another address; errors as for `admit`."""
        require_operator(peer)
        check_edge(asked)

        def work(unit: WriteUnit) -> int:
            if unit.cells.find(asked.name) is not None:
                raise ConflictError(what="edge", edge=asked.name)
            existing = unit.cells.find_edge(asked.name)
            fresh = admit_edge(existing, asked)
            if fresh is None:
                assert existing is not None
                return existing.version
            fresh = replace(fresh, version=unit.versions.next(self._clock.now_us()))
            unit.cells.put_edge(fresh)
            unit.commit()
            return fresh.version

        version = await self._store.write(work)
        self._bell.ring()
        return version

    async def announce(self, peer: Peer, said: Announcement) -> tuple[CellState, int]:
        """Keep what the cell says; its state and the active bundle's version.

        An epoch above what the directory knows is recorded: by it a directory that was put back to an older
        copy learns that it is behind (`domain/placements.py`, `is_behind`).

        Raises:
            PeerRefusedError: not that cell. InvalidError: form, or more than 1,000 epochs at once.
            OverloadedError: the cell has 10,000 reports standing.
        """
        check_word(said.software, "software")
        check_word(said.state, "state")
        check_checkpoint(said.checkpoint)
        if len(said.epochs) > EPOCHS_MAX:
            raise InvalidError(field="epochs", why="too many")
        for resident, epoch in said.epochs:
            check_id(resident, *RESIDENT_PREFIXES)
            if not 0 < epoch <= EPOCH_MAX:
                raise InvalidError(field="epochs", why="an epoch is at least 1")
        now_s = self._clock.now_us() // 1_000_000

        def work(unit: WriteUnit) -> tuple[CellState, int]:
            cell = require_cell(peer, unit.cells.find(peer.name))
            if said.node != cell.name:
                raise InvalidError(field="node", why="not the peer")
            self._record_epochs(unit, cell.name, said.epochs)
            version, checkpoint = said.bundle_version, said.checkpoint
            unit.cells.put_report(
                CellReport(cell.name, said.software, said.state, version, checkpoint, now_s, said.room)
            )
            unit.commit()
            return cell.state, unit.bundles.active_version()

        return await self._store.write(work)

    async def drain(self, peer: Peer, name: str) -> int:
        """Let the cell take no more residents; the version of its entry.

        Raises:
            PeerRefusedError, NotFoundError, WrongStateError
        """
        require_operator(peer)

        def work(unit: WriteUnit) -> int:
            return self._change(unit, name, drain(self._require(unit, name)))

        version = await self._store.write(work)
        self._bell.ring()
        return version

    async def retire(self, peer: Peer, name: str) -> int:
        """Take a drained cell without residents out for good; its keys only verify from then on.

        Raises:
            PeerRefusedError, NotFoundError, WrongStateError
        """
        require_operator(peer)

        def work(unit: WriteUnit) -> int:
            cell = retire(self._require(unit, name), unit.placements.count_in(name))
            for key in unit.cells.keys_of(name):
                if key.state == "active":
                    version = unit.versions.next(self._clock.now_us())
                    unit.cells.put_key(AdmittedKey(replace(key, state="verify_only"), version))
            return self._change(unit, name, cell)

        version = await self._store.write(work)
        self._bell.ring()
        return version

    async def list_all(self, peer: Peer) -> Federation:
        """All cells and edges, for operators and admitted nodes; raises PeerRefusedError."""

        def work(unit: ReadUnit) -> Federation:
            if peer.kind is not PeerKind.OPERATOR:
                require_node(peer, unit.cells.find(peer.name), unit.cells.find_edge(peer.name))
            return federation_of(unit)

        return await self._store.read(work)

    async def look(self) -> Federation:
        """The same for the read-only HTTP face, which shows no keys and no authorities."""
        return await self._store.read(federation_of)

    def _changed(self, unit: WriteUnit, key: RingKey) -> RingKey | None:
        standing = unit.cells.find_key(key.key_id)
        return admit_key(standing.key if standing else None, key)

    def _require(self, unit: WriteUnit, name: str) -> Cell:
        cell = unit.cells.find(check_name(name, "cell"))
        if cell is None:
            raise NotFoundError(thing="cell")
        return cell

    def _change(self, unit: WriteUnit, name: str, cell: Cell) -> int:
        if unit.cells.find(name) == cell:
            return cell.version
        version = unit.versions.next(self._clock.now_us())
        unit.cells.put(replace(cell, version=version))
        unit.commit()
        return version

    def _record_epochs(self, unit: WriteUnit, cell: str, epochs: Sequence[tuple[str, int]]) -> None:
        known = {it.resident: it.epoch for it in unit.placements.find_all([it for it, _ in epochs])}
        for resident, epoch in epochs:
            if epoch <= known.get(resident, 0) or unit.placements.tombstone(resident) is not None:
                continue
            if unit.placements.count_reports(cell) >= REPORTS_MAX:
                raise OverloadedError(cell=cell)
            unit.placements.report(ReportedEpoch(resident, cell, epoch))


def federation_of(unit: ReadUnit) -> Federation:
    """Everybody, as the unit sees them."""
    reports = {report.cell: report for report in unit.cells.reports()}
    cells = tuple(
        CellStatus(cell, reports.get(cell.name), unit.placements.count_in(cell.name))
        for cell in unit.cells.cells()
    )
    edges, bundle_version = tuple(unit.cells.edges()), unit.bundles.active_version()
    return Federation(cells, edges, bundle_version, unit.versions.current())
