"""Policies: the signed bundle in force, and the one before it while not everybody has the new one.

Invariants
    1. A bundle is used only when the directory's bundle key signed it and it compiles; it is kept before
       it is used.
    2. While a roll-out runs a flow that crosses must pass under both bundles; the stricter answer is given.
    3. No bundle, or one that nobody confirmed for longer than `age_s_max`: home-local use goes on, nothing
       crosses.
    4. What the directory's newest orders halt does not cross, from the moment they are taken, over restarts
       too; orders are kept before they are used.
    5. What is taken is compiled and kept on a thread beside, tables of those who are asked about now with it;
       until then what was in force decides. One is taken after the other: nothing older overtakes.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from accord.clock import Clock
from accord.errors import InvalidError
from accord.identity import KeyRing, verify_signature
from accord.orders import Orders, open_orders
from accord.wire.directory.v1 import directory_pb2 as wire
from regional_cell.adapters.directory.records import RecordFiles
from residency_policies.bundle import Asker, CompiledBundle, compile_bundle, load_bundle
from residency_policies.decide import SafeCoreProfile
from residency_policies.decision import Decision, Question, Region
from residency_policies.errors import PolicyError


class BundlePolicies:
    """Keeps the promises of `ports.Policies`.

    Args:
        signers: the directory's keys for `bundle`.
        here: region of this cell; country: the jurisdiction it stands in.
    """

    def __init__(
        self, files: RecordFiles, signers: KeyRing, clock: Clock, here: str, country: str, age_s_max: float
    ) -> None:
        self._files, self._signers, self._clock, self._age_s_max = files, signers, clock, age_s_max
        self._active: CompiledBundle | None = None
        self._before: CompiledBundle | None = None
        self._orders = Orders()
        self._confirmed_s = 0.0
        self._taking = asyncio.Lock()
        self._core = SafeCoreProfile(0, (Region(here, country),))
        self.taken: Callable[[int], None] = lambda version: None

    def start(self) -> None:
        """Take the kept orders and the kept bundle, if they prove; how old it is decides what it may
        allow.
        """
        orders = self._files.orders()
        if orders is not None:
            with suppress(InvalidError):
                self._orders = self._proven(orders)
        kept = self._files.bundle()
        if kept is None:
            return
        try:
            self._active = self._compiled(kept[0])
        except InvalidError:
            return
        self._confirmed_s = kept[1]

    @property
    def version(self) -> int:
        """Of the active bundle; 0 without one."""
        return self._active.version if self._active is not None else 0

    @property
    def hash(self) -> bytes:
        """SHA-256 of the active bundle; empty without one."""
        return bytes.fromhex(self._active.hash) if self._active is not None else b""

    def askers(self) -> list[Asker]:
        """What selects the profiles that the active bundle was asked for."""
        return [] if self._active is None else self._active.askers

    def bundle(self) -> CompiledBundle | None:
        """See `ports.Policies`."""
        if self._active is not None:
            self._active = self._active.at(self._now_s())
        return self._active

    def decide(
        self, question: Question, establishment: str, subjects: Sequence[str], tags: Sequence[str]
    ) -> Decision:
        """See `ports.Policies`."""
        active = self.bundle()
        if active is None:
            return self._core.decide(replace(question, bundle=0))
        if question.src != question.dst and self.age_s() > self._age_s_max:
            profile = active.profile_for(question.workspace, establishment, subjects, tags)
            return profile.refuse("BUNDLE_SKEW")
        decision = self._under_both(active, question, establishment, subjects, tags)
        if not decision.allow or question.src == question.dst:
            return decision
        places = {self._country(active, question.src), self._country(active, question.dst), establishment}
        halt = self._orders.halt_of(
            self._now_s(), workspace=question.workspace, places=places, instrument=decision.instrument or ""
        )
        if halt is None:
            return decision
        profile = active.profile_for(question.workspace, establishment, subjects, tags)
        return replace(profile.refuse("HALTED"), rule=f"halt {halt.id}")

    def _under_both(
        self,
        active: CompiledBundle,
        question: Question,
        establishment: str,
        subjects: Sequence[str],
        tags: Sequence[str],
    ) -> Decision:
        """Under the active bundle, and while not everybody has it under the one before too."""
        decision = _under(active, question, establishment, subjects, tags)
        if self._before is None or not decision.allow or question.src == question.dst:
            return decision
        self._before = self._before.at(self._now_s())
        before = _under(self._before, question, establishment, subjects, tags)
        if not before.allow:
            return before
        more = tuple(each for each in before.obligations if each not in decision.obligations)
        return replace(decision, obligations=decision.obligations + more) if more else decision

    @property
    def stage(self) -> object:
        """See `ports.Policies`."""
        return self.bundle(), self._before is None, self._orders.stage(self._now_s())

    def cut_off(self, node: str) -> bool:
        """See `ports.Policies`."""
        return node in self._orders.cut_off

    async def order(self, signed: wire.SignedOrders) -> None:
        """Prove, keep and use orders. Raises InvalidError, and what was in force stays."""
        async with self._taking:
            if signed.version <= self._orders.version:
                return
            orders = self._proven(signed)
            await asyncio.to_thread(self._files.keep_orders, signed)
            self._orders = orders

    def age_s(self) -> float:
        """Since the directory last confirmed the active bundle."""
        return max(0.0, self._clock.now_us() / 1_000_000 - self._confirmed_s)

    def confirm(self, version: int, settled_version: int) -> None:
        """The directory says which version is active, and which one every node has acknowledged."""
        if self._active is None:
            return
        if version == self._active.version:
            self._confirmed_s = self._clock.now_us() / 1_000_000
            self._files.confirm_bundle()
        if settled_version >= self._active.version:
            self._before = None

    async def take(self, signed: wire.SignedBundle) -> None:
        """Prove, compile, keep and use a bundle. Raises InvalidError, and what was in force stays."""
        async with self._taking:
            if self._active is not None and signed.version <= self._active.version:
                return
            compiled = await asyncio.to_thread(self._compiled, signed, self.askers())
            await asyncio.to_thread(self._files.keep_bundle, signed)
            self._before, self._active = self._active, compiled
            self._confirmed_s = self._clock.now_us() / 1_000_000
            self.taken(compiled.version)

    def _proven(self, signed: wire.SignedOrders) -> Orders:
        orders = open_orders(signed.orders, signed.key_id, signed.signature, self._signers)
        if orders.version != signed.version:
            raise InvalidError(field="orders", why="another version inside")
        return orders

    def _country(self, active: CompiledBundle, region: str) -> str:
        return next((it.country for it in active.bundle.regions if it.id == region), "")

    def _compiled(self, signed: wire.SignedBundle, askers: Iterable[Asker] = ()) -> CompiledBundle:
        key = self._signers.find(signed.key_id)
        digest = hashlib.sha256(signed.bundle).digest()
        if key is None or not verify_signature(key.public, "bundle", digest, signed.signature):
            raise InvalidError(field="bundle", why="signature")
        try:
            bundle = load_bundle(signed.bundle)
            compiled = compile_bundle(bundle, self._now_s())
        except PolicyError:
            raise InvalidError(field="bundle", why="does not compile") from None
        if compiled.version != signed.version:
            raise InvalidError(field="bundle", why="another version inside")
        compiled.warm(askers)
        return compiled

    def _now_s(self) -> int:
        return self._clock.now_us() // 1_000_000


def _under(
    bundle: CompiledBundle,
    question: Question,
    establishment: str,
    subjects: Sequence[str],
    tags: Sequence[str],
) -> Decision:
    profile = bundle.profile_for(question.workspace, establishment, subjects, tags)
    return profile.decide(replace(question, bundle=bundle.version))
