"""Claims: lease, then the cell commits, then commit the lease; finding by index; the sweep.

Invariants
    1. A cell claims only for residents whose home it is, in its own jurisdiction.
    2. `find` does the same counted work for found, unknown and forbidden, and answers the last two alike.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from accord.clock import Clock
from accord.errors import InvalidError, NotFoundError, NotReadyError, StaleEpochError, WrongStateError
from accord.ids import new_uuid
from directory.domain import claims as rules
from directory.domain.cells import Cell, CellState
from directory.domain.claims import Claim, HeldClaim, Lease, LeaseState, Name
from directory.domain.names import check_word
from directory.domain.peers import Peer, require_cell, require_edge
from directory.domain.placements import is_behind
from directory.ports.outside import Rate
from directory.ports.routes import ClaimWriter
from directory.ports.store import ReadUnit, Store, WriteUnit

ENDED_KEPT_S = 86_400
SWEEP_MAX = 500
NOBODY = "P000000000000"
"""Looked up where an index led nowhere, so that the work is the same."""


class ClaimService:
    """Names of residents as blind indexes.

    Args:
        lease_s: life of a lease; random: gives n random bytes; rate: budget of indexes per edge.
    """

    def __init__(
        self, store: Store, clock: Clock, random: Callable[[int], bytes], rate: Rate, lease_s: int
    ) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._rate = rate
        self._lease_s = lease_s

    async def lease(self, peer: Peer, asked: Sequence[Claim]) -> Lease:
        """Hold all of these names for the cell's residents for a while, or none of them.

        Asking again for exactly what a live lease of this cell holds renews that lease.

        Raises:
            PeerRefusedError, InvalidError
            ConflictError: a name has, or is leased to, another owner.
            StaleEpochError: a resident's home is another cell. NotFoundError: it has none.
        """
        claims = rules.check_claims(asked)
        now_s = self._now_s()

        def work(unit: WriteUnit) -> Lease:
            cell = require_cell(peer, unit.cells.find(peer.name))
            _require_home(unit, cell, sorted({claim.resident for claim in claims}))
            held = unit.claims.held(cell.jurisdiction, [claim.name for claim in claims])
            grant = rules.grant(claims, held, cell.name, now_s, _is_whole(unit.claims, held, now_s))
            lease = Lease(
                grant.renew or new_uuid(self._random),
                cell.name,
                cell.jurisdiction,
                LeaseState.LEASED,
                now_s + self._lease_s,
            )
            for lease_id in sorted(grant.supersede):
                _end(unit.claims, lease_id, LeaseState.RELEASED, now_s)
            unit.claims.put_lease(lease)
            unit.claims.put_claims(lease, grant.take)
            unit.commit()
            return lease

        return await self._store.write(work)

    async def commit(self, peer: Peer, lease_id: str) -> None:
        """Make the lease's claims stand until released. Repeating it changes nothing.

        Raises:
            PeerRefusedError. NotFoundError: no such lease of this cell.
            WrongStateError: it has expired or was released; lease again.
        """
        now_s = self._now_s()

        def work(unit: WriteUnit) -> None:
            lease = self._require_lease(unit, peer, lease_id)
            if lease.state is LeaseState.COMMITTED:
                return
            if not lease.is_live(now_s):
                ended = LeaseState.EXPIRED if lease.state is LeaseState.LEASED else lease.state
                raise WrongStateError(state=ended.value)
            unit.claims.put_lease(replace(lease, state=LeaseState.COMMITTED))
            unit.commit()

        await self._store.write(work)

    async def release(self, peer: Peer, lease_id: str) -> None:
        """Free the lease's claims, committed or not. Repeating it changes nothing.

        Raises:
            PeerRefusedError. NotFoundError: no such lease of this cell.
        """
        now_s = self._now_s()

        def work(unit: WriteUnit) -> None:
            lease = self._require_lease(unit, peer, lease_id)
            if lease.state in (LeaseState.RELEASED, LeaseState.EXPIRED):
                return
            _end(unit.claims, lease_id, LeaseState.RELEASED, now_s)
            unit.commit()

        await self._store.write(work)

    async def list_held(self, peer: Peer, cursor: str, limit: int) -> tuple[list[HeldClaim], str]:
        """Claims of the asking cell in a stable order, and the cursor of the next page (empty: the end)."""
        count = limit or rules.LIST_MAX
        if not 0 < count <= rules.LIST_MAX:
            raise InvalidError(field="limit", why="1 to 500")
        after = rules.place_of(cursor)

        def work(unit: ReadUnit) -> list[HeldClaim]:
            cell = require_cell(peer, unit.cells.find(peer.name))
            return unit.claims.list_of(cell.name, after, count + 1)

        found = await self._store.read(work)
        more = len(found) > count
        return found[:count], rules.cursor_of(found[count - 1]) if more else ""

    async def find(self, peer: Peer, names: Sequence[Name]) -> str | None:
        """The resident that one value, under every lookup key the edge may hold, leads to; None for no one.

        Raises:
            PeerRefusedError: no admitted edge. InvalidError. RateLimitedError.
        """
        if not 0 < len(names) <= rules.CLAIMS_MAX:
            raise InvalidError(field="indexes", why="1 to 32")
        for name in names:
            rules.check_name_form(name)
        self._rate.spend(peer.name, len(names))

        def work(unit: ReadUnit) -> str | None:
            edge = require_edge(peer, unit.cells.find_edge(peer.name))
            resident = rules.find(unit.claims.match(names), edge.jurisdiction)
            subject = resident or NOBODY
            placements = unit.placements.find_all([subject])
            reports = unit.placements.reports_of([subject]).get(subject, ())
            home = unit.cells.find(placements[0].cell if placements else NOBODY)
            served = home is not None and home.state is not CellState.RETIRED
            behind = bool(placements) and is_behind(placements[0], reports)
            return resident if placements and served and not behind else None

        return await self._store.read(work)

    async def sweep(self) -> int:
        """End leases whose time is over and forget what ended a day ago; how many leases ended."""
        now_s = self._now_s()

        def work(unit: WriteUnit) -> int:
            over = unit.claims.expired(now_s, SWEEP_MAX)
            for lease in over:
                _end(unit.claims, lease.lease_id, LeaseState.EXPIRED, now_s)
            if unit.claims.drop_leases(now_s - ENDED_KEPT_S) or over:
                unit.commit()
            return len(over)

        return await self._store.write(work)

    def _now_s(self) -> int:
        return self._clock.now_us() // 1_000_000

    def _require_lease(self, unit: WriteUnit, peer: Peer, lease_id: str) -> Lease:
        cell = require_cell(peer, unit.cells.find(peer.name))
        lease = unit.claims.lease(check_word(lease_id, "lease_id"))
        if lease is None or lease.cell != cell.name:
            raise NotFoundError(thing="lease")
        return lease


def _is_whole(claims: ClaimWriter, held: dict[Name, HeldClaim], now_s: int) -> bool:
    """Whether the one live lease among these holds nothing beside them."""
    live = [it.lease.lease_id for it in held.values() if it.lease.is_live(now_s)]
    return len(set(live)) == 1 and claims.size_of(live[0]) == len(live)


def _end(claims: ClaimWriter, lease_id: str, state: LeaseState, now_s: int) -> None:
    lease = claims.lease(lease_id)
    assert lease is not None, "a held claim has a lease"
    claims.remove_claims(lease_id)
    claims.put_lease(replace(lease, state=state, expires_s=now_s))


def _require_home(unit: WriteUnit, cell: Cell, residents: list[str]) -> None:
    placements = {it.resident: it for it in unit.placements.find_all(residents)}
    reports = unit.placements.reports_of(residents)
    for resident in residents:
        home = placements.get(resident)
        if is_behind(home, reports.get(resident, ())):
            raise NotReadyError(residents=resident)
        if home is None:
            raise NotFoundError(thing="resident")
        if home.cell != cell.name:
            raise StaleEpochError(resident=resident)
