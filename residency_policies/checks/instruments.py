"""Instruments against the flows that use them and the law that they are to satisfy."""

from collections.abc import Iterable, Iterator

from residency_policies.errors import Finding
from residency_policies.model import Flow, Instrument, Mechanism
from residency_policies.places import ALL_COUNTRIES, countries_of
from residency_policies.resolve import classes_of
from residency_policies.stack import Stack
from residency_policies.vocabulary import SYSTEMATIC
from residency_policies.world import evidence_of, lacking

_SHOWN_MAX = 6


def instrument_findings(stack: Stack, instruments: Iterable[Instrument]) -> Iterator[Finding]:
    """What speaks against the instruments of a stack's own policy and the flows under them.

    Args:
        instruments: those that count for the policy, inline ones first.
    """
    known = {one.id: one for one in reversed(tuple(instruments))}
    policy = stack.policy
    for flow in policy.flows:
        used = [known[name] for name in flow.using if name in known]
        if used:
            yield from _scope(policy.id, flow, used)
        for one in used:
            yield from _occasional(stack, flow, one)
    for one in policy.instruments:
        yield from _papers(stack, one)


def _scope(policy: str, flow: Flow, used: list[Instrument]) -> Iterator[Finding]:
    """A flow that is wider than all its instruments together."""
    places = countries_of(flow.to) if flow.to else ALL_COUNTRIES - countries_of(flow.to_not)
    names = " and ".join(one.id for one in used)

    def wide(what: str, missing: Iterable[str], covered: Iterable[str], verb: str) -> Finding:
        sentence = f"{what} {_listed(missing)}; {names} {verb} {_listed(covered)}"
        path = f"flows.{flow.id}"
        return Finding(policy, *flow.at, "E-INSTRUMENT-SCOPE", path, sentence, "Narrow the flow.")

    classes = {leaf for one in used for leaf in classes_of(one.classes)}
    ops = {op for one in used for op in one.ops}
    reached = {place for one in used for place in countries_of(one.to)}
    if missing := classes_of(flow.classes) - classes:
        yield wide("moves", missing, classes, "covers")
    elif missing := frozenset(flow.ops) - ops:
        yield wide("does", missing, ops, "covers")
    elif missing := places - reached:
        yield wide("goes to", missing, {word for one in used for word in one.to}, "reaches")
    elif gap := next(_gaps(flow, places, used), None):
        sentence = f"{gap} is covered by none of {names}"
        yield Finding(
            policy, *flow.at, "E-INSTRUMENT-SCOPE", f"flows.{flow.id}", sentence, "Narrow the flow."
        )


def _gaps(flow: Flow, places: frozenset[str], used: list[Instrument]) -> Iterator[str]:
    for op in flow.ops:
        for leaf in sorted(classes_of(flow.classes)):
            able = [one for one in used if op in one.ops and leaf in classes_of(one.classes)]
            reached = {place for one in able for place in countries_of(one.to)}
            for place in sorted(places - reached):
                yield f"{op} of {leaf} to {place}"


def _occasional(stack: Stack, flow: Flow, one: Instrument) -> Iterator[Finding]:
    ops = sorted(frozenset(flow.ops) & SYSTEMATIC)
    law = [(floor, known) for floor in stack.binding for known in floor.mechanisms if known.type == one.type]
    single = one.occasional or any(known.occasional for _, known in law)
    if not ops or not single:
        return
    cite = next((known.citation for _, known in law if known.occasional), one.citation)
    standing = sorted({known.type for floor, _ in law for known in floor.mechanisms if not known.occasional})
    sentence = f"relies on {one.id} ({one.type}, {cite}), for single acts only, for {_listed(ops)}"
    suggestion = f"Use {' or '.join(standing[:4])}." if standing else "Use an instrument that may stand."
    yield Finding(stack.policy.id, *flow.at, "E-OCCASIONAL", f"flows.{flow.id}", sentence, suggestion)


def _papers(stack: Stack, one: Instrument) -> Iterator[Finding]:
    for floor in stack.binding:
        known: Mechanism | None = next((each for each in floor.mechanisms if each.type == one.type), None)
        for need in lacking(one, known.needs if known is not None else ()):
            sentence = f"{floor.id} wants {need} with {one.type} ({known.citation if known else ''})"
            suggestion = f"evidence.{evidence_of(need)[0]} is empty."
            path = f"instruments.{one.id}"
            yield Finding(stack.policy.id, *one.at, "E-NO-TIA", path, sentence, suggestion)


def _listed(words: Iterable[str]) -> str:
    names = sorted(words)
    more = len(names) - _SHOWN_MAX
    return ", ".join(names[:_SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")
