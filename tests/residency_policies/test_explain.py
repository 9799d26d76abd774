"""Explanations: every layer is asked, and a change that is named does allow the flow."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from residency_policies.compile import Guard, compile_stack
from residency_policies.decide import TableProfile
from residency_policies.decision import Question, Viewer
from residency_policies.explain import Change, Explanation, decide_all, decision_of, explain
from residency_policies.interpret import interpret
from residency_policies.stack import Stack
from residency_policies.vocabulary import CLASSES, OPERATIONS
from tests.residency_policies.support import (
    bare,
    compiled,
    flow,
    instrument,
    policy,
    question,
    random_question,
)
from tests.residency_policies.test_layers import layered

READS = flow("F1", "permit", to=["EEA", "US", "IN"], viewers=["employee", "guest"])
GUEST = question("disclose", "DE", "US", "guest")


def explained(*policies: dict[str, object], asked: Question = GUEST) -> Explanation:
    return compiled(*policies).explain(asked, "DE")


def test_every_layer_says_whether_it_lets_the_flow_pass() -> None:
    found = explained(policy(flows=[READS]))
    away = {"floor/ch", "floor/gb"}  # they count for data that lies there
    assert all(one.passes for one in found.layers if one.document in away)
    layers = [one for one in found.layers if one.document not in away]
    assert [(one.layer, one.document, one.passes, one.code) for one in layers] == [
        ("floor", "floor/eea", False, "INSTRUMENT_MISSING"),
        ("floor", "floor/in", True, "OK"),
        ("floor", "floor/us-coc", True, "OK"),
        ("workspace", "sample/main", True, "OK"),
    ]
    assert [one.clause for one in layers[0].because] == ["eea-1-disclose"]
    assert [one.clause for one in found.layers[-1].because] == ["F1"]
    closed = explained(policy())
    assert [one.code for one in closed.layers if not one.passes] == ["INSTRUMENT_MISSING", "CLOSED"]


def test_the_smallest_changes_are_another_place_another_viewer_or_an_instrument() -> None:
    found = explained(policy(flows=[READS]))
    assert found.nearest[0] == Change("place", "eu-central-1")
    assert Change("viewer", "employee") in found.nearest
    assert Change("instrument", "scc") in found.nearest
    assert Change("viewer", "external") not in found.nearest
    assert Change("instrument", "treaty") not in found.nearest
    with_paper = explained(policy(flows=[READS], instruments=[instrument("ins-1", "scc")]))
    assert (with_paper.decision.allow, with_paper.nearest) == (True, ())
    shape = found.to_json()
    assert set(shape) == {"decision", "layers", "nearest"}


def test_the_channel_that_a_question_names_is_explained() -> None:
    whom = {"workspaces": ["T1"], "channels": ["C1"]}
    channel = policy(
        metadata={"id": "sample/channel", "title": "C", "layer": "channel"}, applies_to=whom, default="open",
        placement=None, flows=[flow("C-1", "deny", to=["DE"])],
    )  # fmt: skip
    asked = question("disclose", "DE", "DE")
    bundle = compiled(policy(flows=[READS]), channel)
    for ref, documents in (("C1", ["sample/channel"]), ("", ["sample/channel"]), ("C2", [])):
        found = bundle.explain(replace(asked, ref=ref), "DE")
        assert [one.document for one in found.layers if not one.passes] == documents
        assert bare(bundle.profile_for("T1", "DE").decide(replace(asked, ref=ref))) == found.decision


def test_what_is_unknown_or_has_no_policy_is_explained_by_no_layer() -> None:
    unknown = explained(policy(), asked=replace(GUEST, op="teleport"))
    assert (unknown.decision.code, unknown.layers) == ("UNKNOWN_VALUE", ())
    assert explained(policy(), asked=replace(GUEST, bundle=7)).decision.code == "BUNDLE_SKEW"
    lost = compiled(policy()).explain(GUEST, "FR")
    assert (lost.decision.code, lost.layers) == ("NO_TABLE", ())


@settings(max_examples=20, deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_an_explanation_is_right_about_layers_and_changes(seed: int) -> None:
    chance = random.Random(seed)
    stack = layered(chance)
    for _ in range(10):
        asked = random_question(chance)
        found = explain(stack, asked)
        assert found.decision == interpret(stack, asked)
        if not found.layers:
            continue
        effect = found.decision.code in ("OK", "OBLIGATION_UNSUPPORTED")
        assert all(one.passes for one in found.layers) == effect
        for change in found.nearest:
            assert change.kind == "instrument" or allows(stack, asked, change), (asked, change)


@settings(max_examples=5, deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_every_decision_of_a_table_is_found_by_its_id_with_a_question_that_gets_it(seed: int) -> None:
    stack = layered(random.Random(seed))
    table = compile_stack(stack)
    profile = TableProfile(table, stack.bundle, stack.boundary_s)
    for entry in table.answers:
        for answer in entry.answers if isinstance(entry, Guard) else (entry,):
            for decision in (answer.decision, answer.unmet):
                found = decision_of(stack, table, decision.decision)
                assert found is not None
                assert found[1] is not None
                assert profile.decide(found[1]).decision == found[0].decision == decision.decision
                assert explain(stack, found[1]).decision.decision == decision.decision
    assert decision_of(stack, table, table.halted.decision) == (table.halted, None)
    assert decision_of(stack, table, "d:0000000000000000") is None


def test_a_decision_is_shown_by_a_viewer_at_the_destination_where_there_is_one() -> None:
    bundle = compiled(policy(flows=[READS]))
    stack = bundle.first_stack(bundle.policies[0])
    table = compile_stack(stack)
    found = decision_of(stack, table, bundle.profile_for("T1", "DE").decide(GUEST).decision)
    assert found is not None
    assert found[1] is not None
    assert (found[1].src, found[1].op) == (GUEST.src, "disclose")
    places = {region.id: region.place for region in stack.regions}
    assert places[found[1].dst] == found[1].viewer.country


def allows(stack: Stack, asked: Question, change: Change) -> bool:
    if change.kind == "viewer":
        other = replace(asked, viewer=replace(asked.viewer, relation=change.to))
    else:
        place = next(one.place for one in stack.regions if one.id == change.to)
        other = replace(asked, dst=change.to, viewer=replace(asked.viewer, country=place))
    return interpret(stack, other).code in ("OK", "OBLIGATION_UNSUPPORTED")


def test_many_questions_are_answered_like_each_of_them() -> None:
    chance = random.Random(4)
    stack = layered(chance)
    profile = TableProfile(compile_stack(stack), 1, stack.boundary_s)
    asked = [random_question(chance) for _ in range(200)]
    assert decide_all(profile, asked) == [profile.decide(one) for one in asked]


@pytest.mark.parametrize("op", OPERATIONS)
def test_a_user_is_told_nothing_and_an_officer_the_clause(op: str) -> None:
    profile = compiled(policy(flows=[READS])).profile_for("T1", "DE")
    for data_class in CLASSES:
        for country in ("US", "CN", "ZZ"):
            asked = replace(question(op, "DE", "US", "guest"), data_class=data_class)
            decision = profile.decide(replace(asked, viewer=Viewer("guest", country)))
            for word in ("floor", "sample", "eea", "GDPR", "F1", "United", "DE", "scc"):
                assert word not in decision.user_text
            if not decision.allow:
                assert decision.user_text
                assert decision.rule in decision.officer_text
