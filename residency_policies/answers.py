"""From matching rules to decisions: order of reasons, texts, obligations. Shared by interpreter and
compiler.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from residency_policies.decision import Because, Decision, Obligation, make_decision
from residency_policies.stack import Rule, Stack
from residency_policies.vocabulary import OBLIGATIONS, Code


def answer_deny(stack: Stack, denies: Sequence[Rule], nearest: str = "") -> Decision:
    """A denial; the outermost layer speaks first, then the clause id in order."""
    ordered = _ordered(denies)
    return make_decision(
        ordered[0].code, stack.bundle, "", _reasons(ordered), nearest=nearest, valid_until_s=stack.boundary_s
    )


def answer_allow(stack: Stack, permits: Sequence[Rule], requires: Sequence[Rule]) -> Decision:
    """An allow with the reasons of permits, then of requirements, and the union of their obligations."""
    owed = sorted({name for rule in (*permits, *requires) for name in rule.obligations})
    return make_decision(
        "OK",
        stack.bundle,
        "",
        _reasons([*_ordered(permits), *_ordered(requires)]),
        tuple(Obligation(name, OBLIGATIONS[name]) for name in owed),
        valid_until_s=stack.boundary_s,
    )


def answer_plain(stack: Stack, code: Code, nearest: str = "") -> Decision:
    """A denial that no rule made; a closed policy names itself."""
    policy = stack.policy
    if code != "CLOSED":
        return make_decision(code, stack.bundle, "", valid_until_s=stack.boundary_s)
    because = Because(policy.id, policy.version, "default", "closed: what no rule permits is refused")
    return make_decision(
        "CLOSED", stack.bundle, "", (because,), nearest=nearest, valid_until_s=stack.boundary_s
    )


def with_unmet(decision: Decision) -> Decision:
    """The denial that an allow becomes when the caller cannot discharge its obligations."""
    return make_decision(
        "OBLIGATION_UNSUPPORTED",
        decision.bundle,
        decision.profile,
        decision.because,
        decision.obligations,
        valid_until_s=decision.valid_until_s,
    )


def with_profile(decision: Decision, profile: str) -> Decision:
    """The decision under the hash of the table that it stands in; its id does not change."""
    return replace(decision, profile=profile)


def _ordered(rules: Iterable[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: (rule.layer, rule.because.policy, rule.because.clause, rule.code))


def _reasons(rules: Iterable[Rule]) -> tuple[Because, ...]:
    return tuple(dict.fromkeys(rule.because for rule in rules))
