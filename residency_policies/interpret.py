"""The interpreter: the meaning of a stack, written to be read. It is the oracle of the compiled table.

    1. A layer passes when none of its denies applies and, if it is closed, one of its permits matches.
    2. Allowed means that every layer passes; so a further layer, pack or deny never allows more.
    3. Obligations are those of all matching requirements and of the most specific matching permits.
    4. What is outside the vocabulary or the region list is denied before any rule is read.

See docs/explanation/residency.md. Floors are open layers; the workspace layer is as its policy says.
"""

from dataclasses import dataclass, replace

from residency_policies import vocabulary
from residency_policies.answers import answer_allow, answer_deny, answer_plain, with_unmet
from residency_policies.decision import Decision, Question, Region, Viewer
from residency_policies.errors import Finding
from residency_policies.places import COUNTRIES, COUNTRY_INDEX
from residency_policies.stack import Rule, Stack, is_more_specific


@dataclass(frozen=True, slots=True)
class _Flow:
    """A question with its regions read as countries."""

    op: str
    data_class: str
    src: str
    dst: str
    viewer: Viewer
    purpose: str
    facts: frozenset[str]


def interpret(stack: Stack, question: Question) -> Decision:
    """The decision without its `profile` and `nearest`, which only a table has. Total."""
    if question.bundle != stack.bundle:
        return answer_plain(stack, "BUNDLE_SKEW")
    countries = {region.id: region.country for region in stack.regions}
    known = (
        question.op in vocabulary.OPERATIONS
        and question.data_class in vocabulary.CLASSES
        and question.src in countries
        and question.dst in countries
        and question.viewer.relation in vocabulary.RELATIONS
        and question.viewer.country in COUNTRY_INDEX
        and question.purpose in vocabulary.PURPOSES
        and all(vocabulary.is_observable(fact) for fact in question.facts)
    )
    if not known:
        return answer_plain(stack, "UNKNOWN_VALUE")
    flow = _Flow(
        question.op, question.data_class, countries[question.src], countries[question.dst],
        question.viewer, question.purpose, question.facts,
    )  # fmt: skip
    matching = [rule for rule in stack.rules if _applies(rule, flow)]
    denies = [rule for rule in matching if rule.effect == "deny"]
    permits = [rule for rule in matching if rule.effect == "permit"]
    if denies:
        return answer_deny(stack, denies)
    if stack.policy.closed and not permits:
        return answer_plain(stack, "CLOSED")
    strongest = [
        permit for permit in permits if not any(is_more_specific(other, permit) for other in permits)
    ]
    decision = answer_allow(stack, strongest, [rule for rule in matching if rule.effect == "require"])
    owed = {obligation.do for obligation in decision.obligations}
    return decision if owed <= question.can else with_unmet(decision)


def _applies(rule: Rule, flow: _Flow) -> bool:
    if flow.op not in rule.ops or flow.data_class not in rule.classes:
        return False
    if rule.src is not None and flow.src not in rule.src:
        return False
    if rule.viewers is not None and flow.viewer.relation not in rule.viewers:
        return False
    if rule.purposes is not None and flow.purpose not in rule.purposes:
        return False
    if not _at_place(rule, flow):
        return False
    return rule.when <= flow.facts and not any(group <= flow.facts for group in rule.unless)


def _at_place(rule: Rule, flow: _Flow) -> bool:
    if rule.viewer_countries is not None:
        at_region = rule.places is None or flow.dst in rule.places
        return at_region and flow.viewer.country in rule.viewer_countries
    if rule.places is None:
        return True
    inside = [flow.dst in rule.places]
    if flow.op in vocabulary.SHOWING and flow.viewer.relation != "system":
        inside.append(flow.viewer.country in rule.places)
    return all(inside) if rule.effect == "permit" else any(inside)


def failed_expectations(stack: Stack) -> list[Finding]:
    """Expectations of the policy's `tests` that do not hold, each as E-TEST. Every country counts as a
    region.
    """
    world = replace(stack, regions=tuple(Region(code, code) for code in COUNTRIES))
    found: list[Finding] = []
    for test in stack.policy.tests:
        question = Question(
            "", stack.bundle, test.op, test.data_class, test.src, test.dst,
            Viewer(test.viewer, test.viewer_country), test.purpose, test.facts,
        frozenset(vocabulary.OBLIGATIONS), )  # fmt: skip
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
        found.append(Finding(stack.policy.id, test.line, 1, "E-TEST", f"tests.{test.name}", sentence))
    return found
