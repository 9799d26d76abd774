"""Residents: where they are placed, that they are closed, and who asks where they live.

Invariants
    1. A cell places residents with itself only, and only while it is active.
    2. No placement without a proof: the home cell's signature, and a policy that lets every class rest there.
    3. What the directory cannot vouch for is NOT_READY, what it does not know is missing; nothing is made up.
"""

from collections.abc import Sequence

from accord.clock import Clock
from accord.errors import (
    ConflictError,
    InvalidError,
    Moved,
    NotFoundError,
    NotReadyError,
    StaleEpochError,
    WrongStateError,
)
from accord.identity import KeyRing, RingKey, verify_handover
from directory.domain.cells import Cell, CellState
from directory.domain.homes import HomeRules
from directory.domain.peers import Peer, require_cell, require_node
from directory.domain.placements import (
    FIRST_EPOCH,
    RESOLVE_MAX,
    Asked,
    Placement,
    Tombstone,
    check_asked,
    is_behind,
    is_repeated,
)
from directory.domain.watch import check_residents
from directory.ports.outside import Bell
from directory.ports.store import ReadUnit, Store, WriteUnit


class PlacementService:
    """Placements and tombstones."""

    def __init__(self, store: Store, clock: Clock, bell: Bell, rules: HomeRules) -> None:
        self._store = store
        self._clock = clock
        self._bell = bell
        self._rules = rules

    async def place(self, peer: Peer, request: Asked) -> Placement:
        """Make the peer's cell the home of a new resident, at epoch 1.

        The same request again (same idempotency key) gets the same placement.

        Raises:
            PeerRefusedError: no admitted cell. WrongStateError: the cell takes no residents.
            InvalidError: form, or a hand-over record that the cell did not sign for this.
            ConflictError: the resident exists, existed, or is known at another cell.
            WithheldError: a rule forbids a class of the resident to rest there.
            NotReadyError: there is no active bundle.
        """
        asked = check_asked(request)

        def work(unit: WriteUnit) -> tuple[Placement, bool]:
            cell = require_cell(peer, unit.cells.find(peer.name))
            existing = unit.placements.find_all([asked.resident])
            if existing and is_repeated(existing[0], asked, cell.name):
                return existing[0], False
            self._require_new(unit, asked, cell)
            _require_handover(asked, cell, unit.cells.keys_of(cell.name), self._clock.now_us() // 1_000_000)
            bundle = unit.bundles.active()
            if bundle is None:
                raise NotReadyError(what="bundle")
            self._rules.require_lawful(bundle, asked, cell, self._clock.now_us() // 1_000_000)
            placement = Placement(
                resident=asked.resident,
                kind=asked.kind,
                cell=cell.name,
                epoch=FIRST_EPOCH,
                bundle_version=bundle.version,
                version=unit.versions.next(self._clock.now_us()),
                handover=asked.handover,
                establishment=asked.establishment,
                subjects=asked.subjects,
                tags=asked.tags,
                idempotency_key=asked.idempotency_key,
                digest=asked.digest,
            )
            unit.placements.add(placement)
            unit.placements.forget_reports(asked.resident)
            unit.commit()
            return placement, True

        placement, changed = await self._store.write(work)
        if changed:
            self._bell.ring()
        return placement

    async def close(self, peer: Peer, resident: str, epoch: int) -> int:
        """End a resident: a tombstone stays, its claims are freed. Returns the tombstone's version.

        Raises:
            PeerRefusedError: no admitted cell. NotFoundError: no such resident with this cell.
            StaleEpochError: the placement has another epoch or home.
        """
        check_residents([resident])

        def work(unit: WriteUnit) -> tuple[int, bool]:
            cell = require_cell(peer, unit.cells.find(peer.name))
            buried = unit.placements.tombstone(resident)
            if buried is not None and (buried.cell, buried.epoch) == (cell.name, epoch):
                return buried.version, False
            found = unit.placements.find_all([resident])
            if not found:
                raise NotFoundError(thing="resident")
            home = found[0]
            if (home.cell, home.epoch) != (cell.name, epoch):
                raise StaleEpochError(moved=Moved(resident, home.cell, home.epoch, home.handover))
            version = unit.versions.next(self._clock.now_us())
            unit.placements.bury(Tombstone(resident, cell.name, epoch, version))
            unit.placements.forget_reports(resident)
            unit.claims.remove_claims_of(resident)
            unit.commit()
            return version, True

        version, changed = await self._store.write(work)
        if changed:
            self._bell.ring()
        return version

    async def resolve(self, peer: Peer, residents: Sequence[str]) -> tuple[list[Placement], list[str]]:
        """Placements of at most 100 residents, and those that have none.

        Raises:
            PeerRefusedError: no admitted cell or edge. InvalidError: malformed, none or too many.
            NotReadyError: of some, named in `residents`, the directory knows that it is behind; ask again
                without them.
        """
        if not 0 < len(residents) <= RESOLVE_MAX:
            raise InvalidError(field="residents", why="1 to 100")
        wanted = sorted(check_residents(residents))

        def work(unit: ReadUnit) -> tuple[list[Placement], list[str]]:
            require_node(peer, unit.cells.find(peer.name), unit.cells.find_edge(peer.name))
            placements = {it.resident: it for it in unit.placements.find_all(wanted)}
            reports = unit.placements.reports_of(wanted)
            behind = [it for it in reports if is_behind(placements.get(it), reports[it])]
            if behind:
                raise NotReadyError(residents=",".join(sorted(behind)))
            found = [placements[it] for it in wanted if it in placements]
            return found, [it for it in wanted if it not in placements]

        return await self._store.read(work)

    def _require_new(self, unit: WriteUnit, asked: Asked, cell: Cell) -> None:
        if cell.state is not CellState.ACTIVE:
            raise WrongStateError(state=cell.state.value)
        if unit.placements.tombstone(asked.resident) is not None:
            raise ConflictError(what="resident")
        reports = unit.placements.reports_of([asked.resident]).get(asked.resident, ())
        # A cell that has the resident at epoch 1 already may place it again after the directory lost it.
        if any((it.cell, it.epoch) != (cell.name, FIRST_EPOCH) for it in reports):
            raise ConflictError(what="resident")


def _require_handover(asked: Asked, cell: Cell, keys: list[RingKey], now_s: int) -> None:
    alive = [key for key in keys if key.state == "active" and key.not_before_s <= now_s <= key.not_after_s]
    record = verify_handover(asked.handover, KeyRing(alive))
    if (record.resident, record.target, record.epoch) != (asked.resident, cell.name, FIRST_EPOCH):
        raise InvalidError(field="handover", why="about something else")
