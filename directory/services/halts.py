"""Halts and cut-offs, and the orders by which planes learn of them.

Invariants
    1. A halt, its entry in the policy log and the orders that carry it are one transaction.
    2. Orders are renewed whenever time or acknowledgements change what they have to say.
"""

from collections.abc import Callable
from dataclasses import dataclass

from accord.clock import Clock
from accord.errors import NotFoundError
from accord.orders import Orders, open_orders
from accord.signing import KeyRing, RingKey, SigningKey
from directory.domain.cells import CellState
from directory.domain.halts import (
    ALONE_S,
    HaltRecord,
    SignedOrders,
    approve,
    check_halt,
    check_room,
    cut_off,
    lift,
    orders_of,
    sign_orders,
)
from directory.domain.officers import EVERYWHERE, Officer, OfficerAct, require_may
from directory.domain.policy_log import SALT_BYTES, Act, LogPen
from directory.domain.reading import halted_workspaces, reads_halt, seen_by
from directory.ports.outside import Bell
from directory.ports.store import ReadUnit, Store, WriteUnit

DIRECTORY = "directory"


@dataclass(frozen=True, slots=True)
class NodeState:
    """A cell or an edge: the bundle that it acknowledged last, and when (0: never)."""

    node: str
    bundle_version: int
    acknowledged_s: int
    cut_off: bool


@dataclass(frozen=True, slots=True)
class Rollout:
    """The active bundle, since when, and where it has arrived."""

    bundle_version: int
    since_s: int
    nodes: tuple[NodeState, ...]


class HaltService:
    """Halts and orders.

    Args:
        key: signs orders, purpose `orders`; acknowledge_s: how long a node may take over a new bundle.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        bell: Bell,
        key: SigningKey,
        random: Callable[[int], bytes],
        pen: LogPen,
        acknowledge_s: int,
    ) -> None:
        self._store, self._clock, self._bell = store, clock, bell
        self._key, self._random, self._pen = key, random, pen
        self._acknowledge_s = acknowledge_s
        ring = RingKey(DIRECTORY, frozenset({"orders"}), key.key_id, key.public, 0, 2**53)
        self._signers = KeyRing([ring])

    async def halt(self, by: Officer, scope: str, value: str, reason: str) -> HaltRecord:
        """Stop crossing flows for a day; one person's act.

        Raises:
            ForbiddenError, InvalidError; ConflictError: too many halts stand.
        """
        known, now_s = check_halt(scope, value, reason), self._now_s()

        def work(unit: WriteUnit) -> HaltRecord:
            officer = self._allowed(unit, by, OfficerAct.HALT, known, value)
            check_room(it for it in unit.halts.everything() if it.holds(now_s))
            number = unit.halts.next_number()
            record = HaltRecord(number, known, value, reason, officer.name, now_s, now_s + ALONE_S)
            unit.halts.put(record)
            self._enter(unit, "halt_ordered", officer.name, record)
            self._renew(unit, now_s)
            unit.commit()
            return record

        return await self._rung(work)

    async def approve(self, by: Officer, number: int) -> HaltRecord:
        """Keep a halt of somebody else for a month.

        Raises:
            ForbiddenError: their own (`code` E-SOD), or no right. NotFoundError, WrongStateError,
            ConflictError.
        """
        return await self._change(by, OfficerAct.APPROVE_HALT, number, "halt_approved")

    async def lift(self, by: Officer, number: int) -> HaltRecord:
        """End a halt now; raises as `approve`."""
        return await self._change(by, OfficerAct.LIFT_HALT, number, "halt_lifted")

    async def everything(self, by: Officer) -> list[HaltRecord]:
        """The halts that are theirs to read, newest first, those that are over too."""
        require_may(by, OfficerAct.READ)

        def work(unit: ReadUnit) -> list[HaltRecord]:
            found = unit.halts.everything()[::-1]
            seen = seen_by(by, unit.placements.find_all(halted_workspaces(found)))
            return [it for it in found if reads_halt(it, seen)]

        return await self._store.read(work)

    async def renew(self) -> bool:
        """Make new orders when time or acknowledgements ask for them; whether they did."""
        now_s = self._now_s()
        if not await self._store.read(lambda unit: self._due(unit, now_s) is not None):
            return False

        def work(unit: WriteUnit) -> bool:
            renewed = self._renew(unit, now_s)
            unit.commit()
            return renewed

        renewed = await self._store.write(work)
        if renewed:
            self._bell.ring()
        return renewed

    async def rollout(self, by: Officer) -> Rollout:
        """Who evaluates under which bundle; raises ForbiddenError."""
        require_may(by, OfficerAct.READ)

        def work(unit: ReadUnit) -> Rollout:
            active = unit.bundles.active_version()
            held = {it.node: it for it in unit.bundles.acknowledgements()}
            orders = self._told(unit)
            nodes = tuple(
                NodeState(
                    node,
                    held[node].bundle_version if node in held else 0,
                    held[node].acknowledged_s if node in held else 0,
                    node in orders.cut_off,
                )
                for node in sorted(_nodes(unit))
            )
            return Rollout(active, unit.bundles.activated_s(active), nodes)

        return await self._store.read(work)

    async def current(self) -> SignedOrders | None:
        """The newest orders; None before the first."""
        return await self._store.read(lambda unit: unit.halts.orders())

    async def _change(self, by: Officer, act: OfficerAct, number: int, word: str) -> HaltRecord:
        require_may(by, act)
        now_s = self._now_s()

        def work(unit: WriteUnit) -> HaltRecord:
            standing = unit.halts.find(number)
            if standing is None:
                raise NotFoundError(thing="halt")
            officer = self._allowed(unit, by, act, standing.scope, standing.value)
            lifting = act is OfficerAct.LIFT_HALT
            fresh = lift(standing, now_s) if lifting else approve(standing, officer.name, now_s)
            unit.halts.put(fresh)
            self._enter(unit, word, officer.name, fresh)
            self._renew(unit, now_s)
            unit.commit()
            return fresh

        return await self._rung(work)

    def _allowed(self, unit: ReadUnit, by: Officer, act: OfficerAct, scope: str, value: str) -> Officer:
        standing = unit.officers.find(by.name)
        if standing is None:
            raise NotFoundError(thing="officer")
        if scope == "jurisdiction":
            where = frozenset({value})
        elif scope == "workspace":
            where = frozenset(it.establishment for it in unit.placements.find_all([value]))
        else:
            # An instrument serves whoever names it: stopping it is within anybody's duty, as it only refuses.
            where = frozenset()
        return require_may(standing, act, where if scope != "workspace" or where else frozenset({EVERYWHERE}))

    def _due(self, unit: ReadUnit, now_s: int) -> Orders | None:
        """What has to be told anew, or None while the newest orders say it."""
        told = self._told(unit)
        active = unit.bundles.active_version()
        late = cut_off(
            _nodes(unit),
            unit.bundles.acknowledged(),
            active,
            unit.bundles.activated_s(active),
            now_s,
            self._acknowledge_s,
        )
        fresh = orders_of(unit.halts.everything(), late, told.version + 1, now_s)
        same = (fresh.halts, fresh.cut_off) == (told.halts, told.cut_off)
        return None if same else fresh

    def _told(self, unit: ReadUnit) -> Orders:
        held = unit.halts.orders()
        if held is None:
            return Orders()
        return open_orders(held.orders, held.key_id, held.signature, self._signers)

    def _renew(self, unit: WriteUnit, now_s: int) -> bool:
        fresh = self._due(unit, now_s)
        if fresh is None:
            return False
        facts: dict[str, object] = {
            "orders_version": fresh.version,
            "halts": [it.id for it in fresh.halts],
            "cut_off": sorted(fresh.cut_off),
        }
        self._pen.enter(unit.log, Act("orders_signed", DIRECTORY, facts), now_s, self._random(SALT_BYTES))
        unit.halts.put_orders(sign_orders(fresh, self._key))
        return True

    def _enter(self, unit: WriteUnit, word: str, by: str, record: HaltRecord) -> None:
        facts: dict[str, object] = {
            "halt": record.number,
            "scope": record.scope,
            "value": record.value,
            "until_s": record.until_s,
        }
        self._pen.enter(unit.log, Act(word, by, facts), self._now_s(), self._random(SALT_BYTES))

    async def _rung(self, work: Callable[[WriteUnit], HaltRecord]) -> HaltRecord:
        record = await self._store.write(work)
        self._bell.ring()
        return record

    def _now_s(self) -> int:
        return self._clock.now_us() // 1_000_000


def _nodes(unit: ReadUnit) -> list[str]:
    cells = [it.name for it in unit.cells.cells() if it.state is not CellState.RETIRED]
    return cells + [it.name for it in unit.cells.edges()]
