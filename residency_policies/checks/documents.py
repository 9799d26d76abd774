"""Documents against each other: references, waivers, packs that may not be relied on, terms, obligations."""

from collections.abc import Iterable, Iterator

from residency_policies.errors import Finding
from residency_policies.model import Document, FloorPack, InstrumentDocument, Policy, Waiver
from residency_policies.obligations import DISCHARGES
from residency_policies.reader import near
from residency_policies.retention import terms_of
from residency_policies.stack import Stack


def reference_findings(documents: Iterable[Document]) -> Iterator[Finding]:
    """Instruments and waivers that name what is not there, and waivers of what cannot be waived."""
    documents = tuple(documents)
    policies = sorted({one.id for one in documents if isinstance(one, Policy)})
    packs = {one.id: one for one in documents if isinstance(one, FloorPack)}
    for one in documents:
        if isinstance(one, InstrumentDocument | Waiver):
            at = one.at if isinstance(one, Waiver) else one.instrument.at
            for name in sorted(set(one.policies) - set(policies)):
                sentence = f"no policy {name} in the bundle"
                yield Finding(one.id, *at, "E-REF", "policies", sentence, near(name, policies))
        if isinstance(one, Waiver):
            yield from _waiver(one, packs)


def _waiver(waiver: Waiver, packs: dict[str, FloorPack]) -> Iterator[Finding]:
    pack = packs.get(waiver.pack)
    if pack is None:
        sentence = f"no pack {waiver.pack} in the bundle"
        yield Finding(waiver.id, *waiver.at, "E-REF", "pack", sentence, near(waiver.pack, packs))
        return
    if pack.no_waiver:
        sentence = f"{pack.id} allows no waiver of its clauses"
        yield Finding(waiver.id, *waiver.at, "E-WAIVER", "pack", sentence, "Withdraw it.")
    clauses = [*(rule.id for rule in pack.rules), *(clause.id for clause in pack.retention)]
    for name in sorted(set(waiver.clauses) - set(clauses)):
        sentence = f"{pack.id} has no clause {name}"
        yield Finding(waiver.id, *waiver.at, "E-REF", "clauses", sentence, near(name, clauses))


def reliance_findings(stack: Stack) -> Iterator[Finding]:
    """Packs of a stack that a customer may not or should not rely on as they are."""
    policy = stack.policy
    for floor in stack.floors:
        if floor.reference_only:
            sentence = f"{floor.id} applies, which is for reference and not for customers"
            yield Finding(policy.id, *policy.packs_at, "E-REFERENCE", "packs", sentence)
        weak = [rule.id for rule in floor.rules if rule.confidence == "low"]
        if floor.confidence == "low" or weak:
            what = f"{floor.id}{' ' if weak else ''}{', '.join(weak)}"
            sentence = f"relies on {what}, of low confidence"
            suggestion = "Confirm it with counsel."
            yield Finding(policy.id, *policy.packs_at, "W-LOWCONF", "packs", sentence, suggestion)


def retention_findings(stack: Stack) -> Iterator[Finding]:
    """Terms of the policy itself that no other layer lets it keep."""
    policy = stack.policy
    for term in terms_of(stack):
        low, high = term.low, term.high
        if term.possible or low is None or high is None or policy.id not in (low.document, high.document):
            continue
        mine = high if high.document == policy.id else low
        if mine is high:
            sentence = f"{term.data_class}: {low.document} needs {low.days} days; your limit is {high.days}"
        else:
            sentence = f"{term.data_class}: {high.document} allows {high.days} days; you keep {low.days}"
        path = f"retention.{mine.clause.id.removeprefix('retention.')}"
        yield Finding(policy.id, *mine.clause.at, "E-RETENTION", path, sentence)


def obligation_findings(stack: Stack) -> Iterator[Finding]:
    """Obligations of permits that nothing can discharge at the operation."""
    for flow in stack.policy.flows:
        for name in flow.obligations:
            lost = sorted(set(flow.ops) - DISCHARGES[name].ops)
            if lost:
                sentence = f"asks {name}; nothing that does {', '.join(lost)} can discharge it"
                path = f"flows.{flow.id}.obligations"
                suggestion = f"Drop it, or name only {', '.join(sorted(DISCHARGES[name].ops))}."
                yield Finding(stack.policy.id, *flow.at, "E-OBLIGATION", path, sentence, suggestion)
