"""Holds the signed policy bundle and decides `transit`: whether plaintext of a resident may be seen at this
edge.

Invariants
    1. A bundle is used only when the directory's bundle key signed it, and is stored before it is used.
    2. No bundle, or one older than `age_s_max` at start: not ready, nothing is decided, nothing passes.
    3. A decision is kept for one bundle and one placement's profile, and no longer than the bundle is valid.
    4. What the directory's newest orders halt or cut off does not pass, from the moment they are taken, over
       restarts too.
    5. A bundle is compiled on a thread beside, for those too who are asked about now; until it is stored the
       one before decides.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable

from accord.clock import Clock
from accord.errors import ColinkError, InvalidError, NotReadyError, WrongEdgeError
from accord.orders import Orders, open_orders
from accord.signing import KeyRing, verify_signature
from edge.domain.enforcement import ELSEWHERE
from edge.domain.routes import CellRoute, EdgeRoute, Placement
from edge.ports import BundleStore, Directory, SignedBundle, SignedOrders, Sleep
from residency_policies.bundle import Asker, CompiledBundle, compile_bundle, load_bundle
from residency_policies.decision import USER_TEXTS, Decision, Viewer
from residency_policies.errors import PolicyError
from residency_policies.points import Decided, Flow, Point, untold

KEPT_MAX = 100_000
UNKNOWN_COUNTRY = "ZZ"
# The text for people, and the words beside it.
_Refusal = tuple[str, dict[str, str]]


class Policies:
    """The bundle in force, and the decisions under it.

    Args:
        signers: the directory's bundle keys.
        name, region: of this edge, where it stands; jurisdiction: its own.
        edges: the edges of the route table.
        told: called with a word for each bundle that is taken or refused.
        decided: told of every decision.
    """

    def __init__(
        self,
        store: BundleStore,
        directory: Directory,
        signers: KeyRing,
        clock: Clock,
        *,
        name: str = "",
        region: str,
        edges: Callable[[], list[EdgeRoute]],
        age_s_max: float,
        backoff_s_max: float = 30.0,
        told: Callable[[str], None] = lambda word: None,
        decided: Decided = untold,
        sleep: Sleep = asyncio.sleep,
        jitter: Callable[[], float] = lambda: 0.5,
    ) -> None:
        self._store, self._directory, self._signers, self._clock = store, directory, signers, clock
        self._name, self._region, self._edges = name, region, edges
        self._age_s_max, self._backoff_s_max = age_s_max, backoff_s_max
        self._told, self._decided, self._sleep, self._jitter = told, decided, sleep, jitter
        self._compiled: CompiledBundle | None = None
        self._orders = Orders()
        self._kept: dict[tuple[object, ...], _Refusal | None] = {}
        self._country = UNKNOWN_COUNTRY

    @property
    def ready(self) -> bool:
        return self._compiled is not None

    @property
    def version(self) -> int:
        """Of the bundle in force; 0 without one."""
        return 0 if self._compiled is None else self._compiled.version

    @property
    def country(self) -> str:
        """Where viewers at this edge are taken to be: the country of its region; `ZZ` unknown."""
        return self._country

    def start(self) -> None:
        """Take the stored bundle, if it is proven and young enough; otherwise wait for the directory."""
        orders = self._store.read_orders()
        if orders is not None and (proven := self._proven(orders)) is not None:
            self._orders = proven
        stored = self._store.read()
        if stored is None:
            return
        signed, age_s = stored
        if age_s > self._age_s_max:
            self._told("too_old")
        elif (compiled := self._prove(signed)) is not None:
            self._use(compiled)

    async def watch(self) -> None:
        """Follow the directory's bundles for ever."""
        pause_s = 0.1
        while True:
            try:
                async for signed in self._directory.watch_bundle(self.version):
                    pause_s = 0.1
                    await self._take(signed)
            except ColinkError as error:
                self._told(error.reason.lower())
            await self._sleep(pause_s * (0.5 + self._jitter()))
            pause_s = min(self._backoff_s_max, pause_s * 2)

    async def _take(self, signed: SignedBundle) -> None:
        if signed.orders is not None:
            await self._order(signed.orders)
        if signed.version < self.version:
            self._told("older")
            return
        if signed.version > self.version:
            askers = () if self._compiled is None else self._compiled.askers
            compiled = await asyncio.to_thread(self._prove, signed, askers)
            if compiled is None:
                return
            await self._store.write(signed)
            self._use(compiled)
        else:
            await self._store.heard()
        await self._directory.acknowledge(signed.version, hashlib.sha256(signed.bundle).digest())

    async def _order(self, signed: SignedOrders) -> None:
        """Take orders, unless they are older than those that hold."""
        if signed.version <= self._orders.version or (orders := self._proven(signed)) is None:
            return
        await self._store.write_orders(signed)
        self._orders = orders
        self.forget()

    def _proven(self, signed: SignedOrders) -> Orders | None:
        try:
            orders = open_orders(signed.orders, signed.key_id, signed.signature, self._signers)
        except InvalidError:
            self._told("orders")
            return None
        return orders if orders.version == signed.version else None

    def _prove(self, signed: SignedBundle, askers: Iterable[Asker] = ()) -> CompiledBundle | None:
        key = self._signers.find(signed.key_id)
        digest = hashlib.sha256(signed.bundle).digest()
        if key is None or not verify_signature(key.public, "bundle", digest, signed.signature):
            self._told("signature")
            return None
        try:
            bundle = load_bundle(signed.bundle)
            if bundle.version != signed.version:
                self._told("version")
                return None
            compiled = compile_bundle(bundle, self._now_s())
        except PolicyError:
            self._told("bundle")
            return None
        compiled.warm(askers)
        return compiled

    def _use(self, compiled: CompiledBundle) -> None:
        self._compiled = compiled
        self.forget()
        regions = {region.id: region.country for region in compiled.bundle.regions}
        self._country = regions.get(self._region, UNKNOWN_COUNTRY)
        self._told("in_force")

    def forget(self) -> None:
        """Drop kept decisions: edges or bundle have changed."""
        self._kept.clear()

    # --- transit -------------------------------------------------------------------------------

    def check(self, placement: Placement, cell: CellRoute, point: Point) -> None:
        """Pass, or refuse with the address of a lawful edge.

        Raises:
            WrongEdgeError: {rule, cite?, decision?, url?} with a text for people; where the law says so, and
                nothing of a workspace's own, since nobody has proven yet who asks. NotReadyError: there is no
                bundle.
        """
        compiled = self._compiled
        if compiled is None:
            raise NotReadyError(why="no bundle", retry_after_ms=1_000)
        until_s = compiled.valid_until_s
        if until_s is not None and self._now_s() >= until_s:
            compiled = compiled.at(self._now_s())
            self._use(compiled)
        ruled_by = placement.establishment, placement.subjects, placement.tags
        stage = self._orders.stage(self._now_s())
        key = (placement.resident, *ruled_by, cell.name, cell.region, point, stage)
        if key in self._kept:
            refusal = self._kept[key]
        else:
            refusal = self._decide(compiled, placement, cell, point)
            while len(self._kept) >= KEPT_MAX:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = refusal
        if refusal is not None:
            text, told = refusal
            error = WrongEdgeError(text)
            error.metadata |= told
            raise error

    def _decide(
        self, compiled: CompiledBundle, placement: Placement, cell: CellRoute, point: Point
    ) -> "_Refusal | None":
        """None: it may pass. Otherwise what is told; `url` is the address of a lawful edge, if there is
        one.
        """
        decision = self._ask(compiled, placement, cell, self._region, point)
        stopped = self._stopped(compiled, placement, cell, decision)
        if decision.allow and not stopped:
            return None
        elsewhere = ELSEWHERE[point]
        refusal = USER_TEXTS["HALTED"], {"rule": stopped}
        if not stopped:
            refusal = decision.user_text, decision.told()
        near = sorted(self._edges(), key=lambda edge: (edge.jurisdiction != cell.jurisdiction, edge.name))
        for edge in near:
            if edge.region == self._region:
                continue
            if stopped and edge.region != cell.region:
                continue
            if self._ask(compiled, placement, cell, edge.region, elsewhere).allow:
                return refusal[0], {**refusal[1], "url": edge.url}
        return refusal

    def _stopped(
        self, compiled: CompiledBundle, placement: Placement, cell: CellRoute, decision: Decision
    ) -> str:
        """What the orders say against passing between the cell and this edge; nothing within one region."""
        if cell.region == self._region:
            return ""
        if cut := {cell.name, self._name} & self._orders.cut_off:
            return f"cut off {min(cut)}"
        countries = {one.id: one.country for one in compiled.bundle.regions}
        places = {countries.get(cell.region, ""), countries.get(self._region, ""), placement.establishment}
        halt = self._orders.halt_of(
            self._now_s(),
            workspace=placement.resident,
            places=places,
            instrument=decision.instrument or "",
        )
        return "" if halt is None else f"halt {halt.id}"

    def _ask(
        self, compiled: CompiledBundle, placement: Placement, cell: CellRoute, region: str, point: Point
    ) -> Decision:
        countries = {one.id: one.country for one in compiled.bundle.regions}
        profile = compiled.profile_for(
            placement.resident, placement.establishment, placement.subjects, placement.tags
        )
        viewer = Viewer("employee", countries.get(region, UNKNOWN_COUNTRY))
        flow = Flow(placement.resident, cell.region, region, viewer)
        decision = point.ask(profile.decide, flow, compiled.version)
        self._decided(point.name, decision.code)
        return decision

    def _now_s(self) -> int:
        return self._clock.now_us() // 1_000_000
