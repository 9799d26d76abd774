"""Homes: whether the policies let a cell do with a resident what a home does.

Invariants
    1. Every point of the resident's kind is asked, for each of its classes; one denial withholds the
       placement.
    2. An establishment that no policy covers has no lawful home: nothing is allowed by default.
    3. The answer is the bundle's that is active inside the same transaction.
"""

from accord.errors import WithheldError
from directory.domain.bundles import SignedBundle
from directory.domain.cells import Cell
from directory.domain.enforcement import HOMES
from directory.domain.placements import Asked
from residency_policies.bundle import CompiledBundle, compile_bundle, load_bundle
from residency_policies.decide import SafeCoreProfile
from residency_policies.decision import Decision, Viewer
from residency_policies.points import Decided, Flow, untold


class HomeRules:
    """Keeps the compiled form of the bundle it was asked under last. Not for several threads at once.

    Args:
        decided: told of every decision.
    """

    def __init__(self, decided: Decided = untold) -> None:
        self._decided = decided
        self._compiled: CompiledBundle | None = None

    def require_lawful(self, signed: SignedBundle, asked: Asked, cell: Cell, now_s: int) -> None:
        """Prove that the resident may have its home in the cell's region.

        Raises:
            WithheldError: with `code` and what the first decision that denies tells.
        """
        compiled = self._compiled_at(signed, now_s)
        profile = compiled.profile_for(asked.resident, asked.establishment, asked.subjects, asked.tags)
        if isinstance(profile, SafeCoreProfile):
            raise _withheld(profile.refuse("NO_TABLE"))
        flow = Flow(asked.resident, cell.region, cell.region, Viewer("system"))
        for point in HOMES[asked.kind]:
            decision = point.ask(profile.decide, flow, compiled.version)
            self._decided(point.name, decision.code)
            if not decision.allow:
                raise _withheld(decision)

    def _compiled_at(self, signed: SignedBundle, now_s: int) -> CompiledBundle:
        kept = self._compiled
        if kept is None or kept.version != signed.version or bytes.fromhex(kept.hash) != signed.digest:
            kept = compile_bundle(load_bundle(signed.bundle), now_s)
        self._compiled = kept.at(now_s)
        return self._compiled


def _withheld(decision: Decision) -> WithheldError:
    """Who places residents runs a cell, and may know the policies."""
    error = WithheldError(decision.user_text, code=decision.code)
    error.metadata |= decision.told(member=True)
    return error
