"""From matching rules to decisions: order of reasons, texts, obligations. Shared by interpreter and
compiler.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from residency_policies.decision import Because, Decision, Obligation, make_decision
from residency_policies.resolve import Layer
from residency_policies.rule import Ground, Rule
from residency_policies.stack import Stack
from residency_policies.vocabulary import OBLIGATIONS, Code


def answer_deny(stack: Stack, denies: Sequence[Rule], nearest: str = "") -> Decision:
    """A denial; the outermost layer speaks first, then the clause id in order."""
    ordered = _ordered(denies)
    return make_decision(
        ordered[0].code, stack.bundle, "", _reasons(ordered), nearest=nearest, valid_until_s=stack.boundary_s
    )


def answer_allow(
    stack: Stack,
    permits: Sequence[Rule],
    requires: Sequence[Rule],
    satisfied: Sequence[tuple[Rule, Ground]] = (),
) -> Decision:
    """An allow with the reasons of permits, of denies that a ground lifts, and of requirements, and the union
    of their obligations.

    The instrument is the first by id among those of the permits, else among those that lift a deny.
    """
    owed = sorted({name for rule in (*permits, *requires) for name in rule.obligations})
    pairs = sorted(satisfied, key=lambda pair: (*_place(pair[0]), pair[1].text))
    lifted = [replace(rule.because, text=ground.text, cite=ground.cite) for rule, ground in pairs]
    used = sorted({rule.instrument for rule in permits} - {""})
    used += sorted({name for _, ground in pairs for name in ground.instruments})
    reasons = (*_reasons(_ordered(permits)), *lifted, *_reasons(_ordered(requires)))
    return make_decision(
        "OK",
        stack.bundle,
        "",
        tuple(dict.fromkeys(reasons)),
        tuple(Obligation(name, OBLIGATIONS[name]) for name in owed),
        valid_until_s=stack.boundary_s,
        instrument=used[0] if used else None,
    )


def answer_closed(stack: Stack, layer: Layer, lapsed: Sequence[Rule], nearest: str = "") -> Decision:
    """A denial because a closed layer has no permit; one that has ended speaks for it, if there is one."""
    if lapsed:
        return answer_deny(stack, lapsed, nearest)
    because = layer.because("default", "closed: what no rule permits is refused")
    return make_decision(
        "CLOSED", stack.bundle, "", (because,), nearest=nearest, valid_until_s=stack.boundary_s
    )


def answer_plain(stack: Stack, code: Code) -> Decision:
    """A denial that no document made."""
    return make_decision(code, stack.bundle, "", valid_until_s=stack.boundary_s)


def with_unmet(decision: Decision) -> Decision:
    """The denial that an allow becomes when the caller cannot discharge its obligations."""
    return make_decision(
        "OBLIGATION_UNSUPPORTED",
        decision.bundle,
        decision.profile,
        decision.because,
        decision.obligations,
        valid_until_s=decision.valid_until_s,
        instrument=decision.instrument,
    )


def with_profile(decision: Decision, profile: str) -> Decision:
    """The decision under the hash of the table that it stands in; its id does not change."""
    return replace(decision, profile=profile)


def _place(rule: Rule) -> tuple[int, str, str, str]:
    return rule.layer, rule.because.policy, rule.because.clause, rule.code


def _ordered(rules: Iterable[Rule]) -> list[Rule]:
    return sorted(rules, key=_place)


def _reasons(rules: Iterable[Rule]) -> tuple[Because, ...]:
    return tuple(dict.fromkeys(rule.because for rule in rules))
