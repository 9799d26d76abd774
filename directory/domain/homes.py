"""Homes: whether the policies let a resident's classes rest in a cell's region.

Invariants
    1. Every class of `REST_CLASSES` is asked for on its own; one denial withholds the placement.
    2. An establishment that no policy covers has no lawful home: nothing is allowed by default.
    3. The answer is the bundle's that is active inside the same transaction.
"""

from accord.errors import WithheldError
from directory.domain.bundles import SignedBundle
from directory.domain.cells import Cell
from directory.domain.placements import REST_CLASSES, Asked
from residency_policies.bundle import CompiledBundle, compile_bundle, load_bundle
from residency_policies.decide import SafeCoreProfile
from residency_policies.decision import Question, Viewer
from residency_policies.vocabulary import OBLIGATIONS

_CAN = frozenset(OBLIGATIONS)
"""What a cell owes for resting data it discharges with every write; here only denials count."""


class HomeRules:
    """Keeps the compiled form of the bundle it was asked under last. Not for several threads at once."""

    def __init__(self) -> None:
        self._compiled: CompiledBundle | None = None

    def require_lawful(self, signed: SignedBundle, asked: Asked, cell: Cell, now_s: int) -> None:
        """Prove that the resident may rest in the cell's region.

        Raises:
            WithheldError: with `code`, `rule` and `decision` of the first class that may not.
        """
        compiled = self._compiled_at(signed, now_s)
        profile = compiled.profile_for(asked.resident, asked.establishment, asked.subjects, asked.tags)
        if isinstance(profile, SafeCoreProfile):
            refusal = profile.refuse("NO_TABLE")
            raise WithheldError(refusal.user_text, code="NO_TABLE", rule="none", decision=refusal.decision)
        for data_class in REST_CLASSES[asked.kind]:
            question = Question(
                workspace=asked.resident,
                bundle=compiled.version,
                op="store",
                data_class=data_class,
                src=cell.region,
                dst=cell.region,
                viewer=Viewer("system"),
                purpose="local",
                can=_CAN,
            )
            decision = profile.decide(question)
            if not decision.allow:
                raise WithheldError(
                    decision.user_text,
                    code=decision.code,
                    rule=decision.rule,
                    decision=decision.decision,
                    data_class=data_class,
                )

    def _compiled_at(self, signed: SignedBundle, now_s: int) -> CompiledBundle:
        kept = self._compiled
        if kept is None or kept.version != signed.version or bytes.fromhex(kept.hash) != signed.digest:
            kept = compile_bundle(load_bundle(signed.bundle), now_s)
        self._compiled = kept.at(now_s)
        return self._compiled
