"""Rules that do nothing, do less than they say, or say the opposite of each other.

E-FLOOR         a permit or placement that floors refuse everywhere
W-PARTLY-DEAD   a permit or placement that floors refuse in some places or for some classes
E-CONTRADICT    a permit that denies of its own document refuse everywhere
W-UNREACHABLE   a rule without which every flow would be answered the same
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from residency_policies.analyse.difference import Difference
from residency_policies.analyse.matches import Answers, Outcome, Restriction
from residency_policies.analyse.wording import classes_text, regions_text
from residency_policies.decision import Because
from residency_policies.errors import Finding
from residency_policies.model import Flow, PlacementEntry, Policy
from residency_policies.rule import Rule
from residency_policies.vocabulary import CLASSES, COUNTERS

Clause = Flow | PlacementEntry


def rule_findings(policy: Policy, answers: Answers) -> Iterator[Finding]:
    """Findings of the clauses of one policy, whose stack the answers are of."""
    clauses: tuple[Clause, ...] = (*policy.placement, *policy.flows)
    for clause in clauses:
        rules = [
            rule
            for rule in answers.stack.rules
            if (rule.because.policy, rule.because.clause) == (policy.id, clause.id)
        ]
        permits = [rule for rule in rules if rule.effect == "permit"]
        if permits:
            yield from _permits(policy, clause, permits, answers)
        elif isinstance(clause, Flow) and not rules:
            yield _finding(policy, clause, "W-UNREACHABLE", "its condition never holds", "Remove it.")
        elif isinstance(clause, Flow) and clause.effect == "deny":
            yield from _denies(policy, clause, rules, answers)


def path_of(clause: Clause) -> str:
    """Where a clause stands in its document."""
    return f"{'flows' if isinstance(clause, Flow) else 'placement'}.{clause.id}"


def _finding(policy: Policy, clause: Clause, code: str, sentence: str, suggestion: str = "") -> Finding:
    return Finding(policy.id, *clause.at, code, path_of(clause), sentence, suggestion)


def _permits(policy: Policy, clause: Clause, permits: list[Rule], answers: Answers) -> Iterator[Finding]:
    found = [one for rule in permits for one in answers.where(rule)]
    if not any(one.decision.allow for one in found):
        yield _dead(policy, clause, found)
        return
    if all(one.facts for one in found if one.decision.allow):
        yield from _conditional(policy, clause, found)
        return
    yield from _partly(policy, clause, permits, answers)
    if isinstance(clause, Flow):
        yield from _covered(policy, clause, permits, found, answers)


def _dead(policy: Policy, clause: Clause, found: list[Outcome]) -> Finding:
    deciders = _deciders(found)
    floors = [one for one in deciders if one.layer in ("platform", "floor")]
    if floors:
        sentence = f"can never take effect: {_named(floors)} refuses it"
        return _finding(policy, clause, "E-FLOOR", sentence, "Remove it, or what calls the floor.")
    own = [one.clause for one in deciders if one.policy == policy.id and one.clause != "default"]
    if own:
        sentence = f"says the opposite of {' and '.join(own)}; deny wins"
        return _finding(policy, clause, "E-CONTRADICT", sentence, "Delete one of them.")
    others = _named(deciders) or "the document itself"
    return _finding(
        policy, clause, "W-UNREACHABLE", f"never decides any flow: {others} refuses it", "Remove it."
    )


def _conditional(policy: Policy, clause: Clause, found: list[Outcome]) -> Iterator[Finding]:
    """A permit that works under facts alone that it does not ask for itself, where floors refuse the rest."""
    deciders = _deciders(one for one in found if not one.facts)
    if not deciders or any(one.layer != "floor" for one in deciders):
        return
    smallest = min(
        (one.facts for one in found if one.decision.allow), key=lambda one: (len(one), sorted(one))
    )
    facts = " and ".join(sorted(smallest))
    sentence = f"can take effect only when {facts}: {_named(deciders)} refuses it otherwise"
    # A counter that is below its limit is the usual case; another exception is not.
    code = "W-PARTLY-DEAD" if smallest <= COUNTERS else "E-FLOOR"
    yield _finding(policy, clause, code, sentence, "Remove it, or what calls the floor.")


def _deciders(found: Iterable[Outcome]) -> list[Because]:
    """Clauses that speak first in denials, outermost layer first, each once."""
    clauses = {one.decider: None for one in found if not one.decision.allow and one.decider is not None}
    return sorted(clauses, key=lambda one: (one.layer != "floor", one.policy, one.clause))


def _named(clauses: Iterable[Because]) -> str:
    told = dict.fromkeys(
        f"{one.policy} clause {one.clause}" + (f" ({one.cite})" if one.cite else "") for one in clauses
    )
    return " and ".join(told)


def _partly(policy: Policy, clause: Clause, permits: list[Rule], answers: Answers) -> Iterator[Finding]:
    """The first dimension in which some values are refused as a whole by floors: places, then classes."""
    places = frozenset(country for rule in permits for country in (rule.places or frozenset()))
    regions = sorted(answers.regions_in(places))
    spoken = {leaf for rule in permits for leaf in rule.classes}
    leaves = [leaf for leaf in CLASSES if leaf in spoken]
    parts: list[tuple[str, str, Restriction]] = []
    for region in regions:
        alike = {answers.atlas.country_of(one) for one in answers.atlas.regions_of(region)} & places
        parts.append(("place", "\n".join(sorted(alike)), {"dst": frozenset({region})}))
    parts += [("class", leaf, {"class": frozenset({leaf})}) for leaf in leaves]
    for kind in ("place", "class"):
        alive, dead, clauses = [], [], []
        for name, only in ((name, only) for one, name, only in parts if one == kind):
            found = [one for rule in permits for one in answers.where(rule, only)]
            if not found or any(one.decision.allow for one in found):
                alive += name.split("\n") if found else []
                continue
            deciders = _deciders(found)
            if all(one.layer == "floor" for one in deciders):
                dead += name.split("\n")
                clauses += deciders
        if dead and alive:
            said = regions_text if kind == "place" else classes_text
            sentence = f"works for {said(alive)} but not for {said(dead)} ({_named(clauses)})"
            yield _finding(policy, clause, "W-PARTLY-DEAD", sentence, "Narrow it to what works.")
            return


def _covered(
    policy: Policy, flow: Flow, permits: list[Rule], found: list[Outcome], answers: Answers
) -> Iterator[Finding]:
    """A permit that changes nothing: looked for exactly where other permits reach all that it reaches."""
    others = [
        rule
        for rule in answers.stack.rules
        if rule.effect == "permit" and rule.because.policy == policy.id and rule.because.clause != flow.id
    ]
    if not all(_overlapped(rule, others) for rule in permits):
        return
    without = tuple(rule for rule in answers.stack.rules if rule not in permits)
    if Difference(answers.stack, replace(answers.stack, rules=without)).direction != "same":
        return
    names = sorted({rule.because.clause for rule in others if any(_meets(rule, own) for own in permits)})
    sentence = f"is covered by {' and '.join(names)}; it changes nothing"
    yield _finding(policy, flow, "W-UNREACHABLE", sentence, "Remove it.")


def _overlapped(rule: Rule, others: Iterable[Rule]) -> bool:
    """Whether each operation, class and place of a rule is in some other rule that meets it"""
    meeting = [other for other in others if _meets(other, rule)]
    if not meeting:
        return False
    ops = frozenset(op for other in meeting for op in other.ops)
    classes = frozenset(leaf for other in meeting for leaf in other.classes)
    open_ended = any(other.places is None for other in meeting)
    places = frozenset(place for other in meeting for place in (other.places or frozenset()))
    return (
        rule.ops <= ops and rule.classes <= classes and (open_ended or (rule.places or frozenset()) <= places)
    )


def _meets(one: Rule, other: Rule) -> bool:
    together = (
        (one.places, other.places),
        (one.viewers, other.viewers),
        (one.purposes, other.purposes),
        (one.src, other.src),
    )
    apart = any(a is not None and b is not None and not a & b for a, b in together)
    return not apart and bool(one.ops & other.ops and one.classes & other.classes)


def _denies(policy: Policy, flow: Flow, rules: list[Rule], answers: Answers) -> Iterator[Finding]:
    """A deny that is among the reasons of no denial."""
    found = [one for rule in rules for one in answers.where(rule)]
    reasons = {
        (because.policy, because.clause)
        for one in found
        if not one.decision.allow
        for because in one.decision.because
    }
    if (policy.id, flow.id) not in reasons:
        yield _finding(policy, flow, "W-UNREACHABLE", "never refuses any flow", "Remove it.")
