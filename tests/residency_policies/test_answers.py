"""From rules that match to a decision: who speaks, in which order, and under which instrument."""

from dataclasses import replace

from residency_policies.answers import answer_allow, answer_closed, answer_deny, answer_plain
from residency_policies.decision import Because
from residency_policies.rule import Ground, Rule
from tests.residency_policies.sample_law import lone
from tests.residency_policies.test_rule import RULE

STACK = lone()


def rule(clause: str, layer: int = 1, **keys: object) -> Rule:
    because = Because("sample/main", 1, clause, f"reason of {clause}")
    return replace(RULE, because=because, layer=layer, **keys)  # type: ignore[arg-type]


def ground(name: str) -> Ground:
    return Ground((name,), None, None, frozenset({"US"}), frozenset(), f"satisfied by {name}", f"of {name}")


def test_a_denial_of_no_document_is_of_the_bundle_and_ends_with_its_tables() -> None:
    decision = answer_plain(STACK, "UNKNOWN_VALUE")
    assert (decision.allow, decision.code, decision.because) == (False, "UNKNOWN_VALUE", ())
    assert (decision.bundle, decision.profile) == (STACK.bundle, "")
    assert decision.valid_until_s == STACK.boundary_s
    assert STACK.boundary_s is not None


def test_grounds_speak_in_the_order_of_what_they_lift_and_then_of_their_texts() -> None:
    inner, outer = rule("A", 2), rule("B", 1)
    lifted = [(inner, ground("ins-1")), (outer, ground("ins-3")), (outer, ground("ins-2"))]
    decision = answer_allow(STACK, [rule("P", 3)], [], lifted)
    assert [(one.clause, one.text, one.cite) for one in decision.because] == [
        ("P", "reason of P", ""),
        ("B", "satisfied by ins-2", "of ins-2"),
        ("B", "satisfied by ins-3", "of ins-3"),
        ("A", "satisfied by ins-1", "of ins-1"),
    ]
    assert decision.instrument == "ins-1", "the first by id of those that lift"
    under = answer_allow(STACK, [rule("P", instrument="ins-9"), rule("Q")], [], lifted)
    assert under.instrument == "ins-9", "that of a permit comes first"


def test_the_outermost_denial_speaks_first_and_then_the_clause_in_order() -> None:
    denies = [rule("C", 2), rule("B", 1), rule("A", 2, code="FLOOR")]
    decision = answer_deny(STACK, denies, "nearest")
    assert [one.clause for one in decision.because] == ["B", "A", "C"]
    assert (decision.code, decision.nearest, decision.valid_until_s) == (
        "DENIED", "nearest", STACK.boundary_s,
    )  # fmt: skip


def test_what_has_ended_speaks_for_a_closed_layer_that_permits_nothing() -> None:
    layer = STACK.closed[0]
    decision = answer_closed(STACK, layer, [], "nearest")
    assert (decision.code, decision.because[0].clause, decision.nearest) == ("CLOSED", "default", "nearest")
    lapsed = answer_closed(STACK, layer, [rule("F1", code="INSTRUMENT_EXPIRED")], "nearest")
    assert (lapsed.code, lapsed.because[0].clause) == ("INSTRUMENT_EXPIRED", "F1")
