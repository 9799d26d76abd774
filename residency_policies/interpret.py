"""The interpreter: the meaning of a stack, written to be read. It is the oracle of the compiled table.

    1. A layer passes when none of its denies applies and, if it is closed, one of its permits matches.
    2. Allowed means that every layer passes; so a further layer, pack or deny never allows more.
    3. A deny does not apply where each place that it catches has a ground that lifts it.
    4. Obligations are those of all matching requirements and of the most specific matching permits of each
       layer.
    5. What is outside the vocabulary or the region list is denied before any rule is read.

See docs/explanation/residency.md. Floors are open layers; the others are as their policies say.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from residency_policies import vocabulary
from residency_policies.answers import answer_allow, answer_closed, answer_deny, answer_plain, with_unmet
from residency_policies.decision import Decision, Question, Region, Viewer
from residency_policies.errors import Finding
from residency_policies.places import ALL_COUNTRIES, COUNTRY_INDEX
from residency_policies.rule import Ground, Rule, is_more_specific
from residency_policies.stack import Stack


@dataclass(frozen=True, slots=True)
class Flow:
    """A question with its regions read as places."""

    op: str
    data_class: str
    src: str
    dst: str
    viewer: Viewer
    purpose: str
    facts: frozenset[str]

    @property
    def seen_at(self) -> tuple[str, ...]:
        """The places that count: the destination, and the viewer's where data is shown to a human."""
        shown = self.op in vocabulary.SHOWING and self.viewer.relation != "system"
        return (self.dst, self.viewer.country) if shown else (self.dst,)


@dataclass(frozen=True, slots=True)
class Matching:
    """What of a stack matches a flow: rules by effect, and denies that grounds lift."""

    permits: tuple[Rule, ...]
    denies: tuple[Rule, ...]
    requires: tuple[Rule, ...]
    lapsed: tuple[Rule, ...]
    satisfied: tuple[tuple[Rule, Ground], ...]


def flow_of(stack: Stack, question: Question) -> Flow | None:
    """The question as a flow; None when some value is unknown."""
    places = {region.id: region.place for region in stack.regions}
    known = (
        question.op in vocabulary.OPERATIONS
        and question.data_class in vocabulary.CLASSES
        and question.src in places
        and question.dst in places
        and question.viewer.relation in vocabulary.RELATIONS
        and question.viewer.country in COUNTRY_INDEX
        and question.purpose in vocabulary.PURPOSES
        and all(vocabulary.is_observable(fact) for fact in question.facts)
    )
    if not known:
        return None
    return Flow(
        question.op, question.data_class, places[question.src], places[question.dst],
        question.viewer, question.purpose, question.facts,
    )  # fmt: skip


def matching(rules: Iterable[Rule], flow: Flow) -> Matching:
    """Rules that match a flow."""
    found: dict[str, list[Rule]] = {"permit": [], "deny": [], "require": [], "lapsed": []}
    satisfied: list[tuple[Rule, Ground]] = []
    for rule in rules:
        if not _speaks_of(rule, flow):
            continue
        if not rule.liftable:
            if _at_place(rule, flow):
                found[rule.effect].append(rule)
            continue
        lifted, bare = _weighed(rule, flow)
        if bare:
            over = any(_reaches(ground, flow, place) for place in bare for ground in rule.ended)
            found["deny"].append(replace(rule, code="INSTRUMENT_EXPIRED") if over else rule)
        else:
            satisfied += [(rule, ground) for ground in lifted]
    permits, denies, requires, lapsed = (tuple(found[name]) for name in found)
    return Matching(permits, denies, requires, lapsed, tuple(satisfied))


def judge(stack: Stack, flow: Flow) -> Decision:
    """The decision of a flow whose obligations can all be discharged."""
    found = matching(stack.rules, flow)
    if found.denies:
        return answer_deny(stack, found.denies)
    for layer in stack.closed:
        if not any(permit.layer == layer.number for permit in found.permits):
            lapsed = [rule for rule in found.lapsed if rule.layer == layer.number]
            return answer_closed(stack, layer, lapsed)
    strongest = [
        permit
        for permit in found.permits
        if not any(is_more_specific(other, permit) for other in found.permits)
    ]
    return answer_allow(stack, strongest, found.requires, found.satisfied)


def interpret(stack: Stack, question: Question) -> Decision:
    """The decision without its `profile` and `nearest`, which only a table has. Total."""
    if question.bundle != stack.bundle:
        return answer_plain(stack, "BUNDLE_SKEW")
    flow = flow_of(stack, question)
    if flow is None:
        return answer_plain(stack, "UNKNOWN_VALUE")
    decision = judge(stack, flow)
    owed = {obligation.do for obligation in decision.obligations}
    return decision if owed <= question.can else with_unmet(decision)


def _speaks_of(rule: Rule, flow: Flow) -> bool:
    """Whether everything but the place matches."""
    if flow.op not in rule.ops or flow.data_class not in rule.classes:
        return False
    if rule.src is not None and flow.src not in rule.src:
        return False
    if rule.viewers is not None and flow.viewer.relation not in rule.viewers:
        return False
    if rule.purposes is not None and flow.purpose not in rule.purposes:
        return False
    return rule.when <= flow.facts and not any(group <= flow.facts for group in rule.unless)


def _at_place(rule: Rule, flow: Flow) -> bool:
    if rule.viewer_countries is not None:
        at_region = rule.places is None or flow.dst in rule.places
        return at_region and flow.viewer.country in rule.viewer_countries
    if rule.places is None:
        return True
    inside = [place in rule.places for place in flow.seen_at]
    return all(inside) if rule.effect in ("permit", "lapsed") else any(inside)


def _weighed(rule: Rule, flow: Flow) -> tuple[list[Ground], list[str]]:
    """Of a deny that grounds can lift: the first ground of each place that it catches, and the places that
    have none.
    """
    assert rule.places is not None
    if rule.viewer_countries is not None:
        caught = [flow.viewer.country] if _at_place(rule, flow) else []
    else:
        caught = [place for place in flow.seen_at if place in rule.places]
    lifted: list[Ground] = []
    bare: list[str] = []
    for place in caught:
        reaching = [ground for ground in rule.grounds if _reaches(ground, flow, place)]
        if reaching:
            lifted.append(reaching[0])
        else:
            bare.append(place)
    return lifted, bare


def _reaches(ground: Ground, flow: Flow, place: str) -> bool:
    return (
        place in ground.places
        and (ground.ops is None or flow.op in ground.ops)
        and (ground.classes is None or flow.data_class in ground.classes)
        and ground.when <= flow.facts
    )


def failed_expectations(stack: Stack) -> list[Finding]:
    """Expectations of the policy's `tests` that do not hold, each as E-TEST. Every place is a region."""
    world = replace(stack, regions=tuple(Region(code, code[:2], code) for code in sorted(ALL_COUNTRIES)))
    found: list[Finding] = []
    for test in stack.policy.tests:
        question = Question(
            "", stack.bundle, test.op, test.data_class, test.src, test.dst,
            Viewer(test.viewer, test.viewer_country), test.purpose, test.facts,
            frozenset(vocabulary.OBLIGATIONS),
        )  # fmt: skip
        decision = interpret(world, question)
        owed = tuple(sorted(obligation.do for obligation in decision.obligations))
        got = f"got {'allow' if decision.allow else 'deny'} by {decision.rule}"
        if decision.allow != test.allow:
            sentence = got
        elif test.obligations is not None and owed != test.obligations:
            sentence = f"{got} with obligations {list(owed)}"
        elif test.rule and test.rule not in [f"{one.policy} {one.clause}" for one in decision.because]:
            sentence = f"{got}, not by {test.rule}"
        else:
            continue
        found.append(Finding(stack.policy.id, *test.at, "E-TEST", f"tests.{test.name}", sentence))
    return found
