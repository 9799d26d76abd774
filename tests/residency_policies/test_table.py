"""The compiled table says what the interpreter says, at every point; and Cedar agrees about the effect."""

import random

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents, builtin_floors
from residency_policies.bundle import Bundle, compile_bundle
from residency_policies.compile import Guard, compile_stack
from residency_policies.decide import TableProfile
from residency_policies.decision import Question
from residency_policies.document import load_document
from residency_policies.errors import BundleError
from residency_policies.interpret import interpret
from residency_policies.model import FloorPack, Policy
from residency_policies.stack import Stack, make_stack
from tests.residency_policies import cedar
from tests.residency_policies.support import (
    AT_S,
    bare,
    compiled,
    flow,
    points,
    policy,
    question,
    random_policy,
    random_question,
)

FLOORS = tuple(
    document for document in map(load_document, builtin_floors()) if isinstance(document, FloorPack)
)


def stack_of(values: dict[str, object]) -> Stack:
    import json

    document = load_document(json.dumps(values))
    assert isinstance(document, Policy)
    return make_stack(1, document, FLOORS, BUILTIN_REGIONS, AT_S, document.applies_to.establishment[0])


def profile_of(stack: Stack) -> TableProfile:
    return TableProfile(compile_stack(stack), stack.bundle, stack.boundary_s)


def test_the_table_of_the_german_default_equals_the_interpreter_at_every_equivalence_point() -> None:
    bundle = compile_bundle(Bundle(1, builtin_documents(), BUILTIN_REGIONS), AT_S)
    document = next(one for one in bundle.bundle.parsed if one.id == "default/de")
    assert isinstance(document, Policy)
    stack = bundle.stack_for(document, "DE")
    profile = bundle.profile_for("T1", "DE")
    assert isinstance(profile, TableProfile)
    count = 0
    for asked in points(profile.table):
        assert bare(profile.decide(asked)) == interpret(stack, asked), asked
        count += 1
    assert count == len(profile.table.cells)


def test_table_and_interpreter_agree_on_twenty_thousand_random_points_of_random_policies() -> None:
    chance = random.Random(20261121)
    allowed = guards = 0
    for _ in range(40):
        stack = stack_of(random_policy(chance))
        profile = profile_of(stack)
        guards += any(isinstance(answer, Guard) for answer in profile.table.answers)
        for _ in range(500):
            asked = random_question(chance)
            decision = profile.decide(asked)
            assert bare(decision) == interpret(stack, asked), asked
            viewer = asked.viewer
            bound = profile.bind(asked.op, asked.data_class, asked.src)
            assert decision is bound(
                asked.dst, viewer.relation, viewer.country, asked.purpose, asked.facts, asked.can
            )
            allowed += decision.allow
    assert allowed > 300, "the points must reach both answers"
    assert guards > 10, "the policies must test facts"


@settings(max_examples=40, deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_table_and_interpreter_agree_on_policies_that_nobody_chose(seed: int) -> None:
    chance = random.Random(seed)
    stack = stack_of(random_policy(chance))
    profile = profile_of(stack)
    for _ in range(40):
        asked = random_question(chance)
        assert bare(profile.decide(asked)) == interpret(stack, asked)


@settings(max_examples=40, deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_one_more_deny_never_allows_what_was_denied(seed: int) -> None:
    chance = random.Random(seed)
    values = random_policy(chance)
    flows = values["flows"]
    assert isinstance(flows, list)
    extra = {**next(iter(flows)), "id": "EXTRA", "effect": "deny"}
    extra.pop("obligations", None)
    extra.pop("using", None)
    before, after = profile_of(stack_of(values)), profile_of(stack_of({**values, "flows": [*flows, extra]}))
    for _ in range(60):
        asked = random_question(chance)
        assert before.decide(asked).allow or not after.decide(asked).allow


@settings(max_examples=30, deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_one_more_layer_never_allows_what_was_denied(seed: int) -> None:
    chance = random.Random(seed)
    values = random_policy(chance)
    before = profile_of(stack_of(values))
    after = profile_of(stack_of({**values, "packs": ["floor/eea", "floor/in", "floor/us-coc"]}))
    for _ in range(60):
        asked = random_question(chance)
        assert before.decide(asked).allow or not after.decide(asked).allow


def test_the_same_stack_gives_the_same_hash() -> None:
    values = random_policy(random.Random(7))
    assert compile_stack(stack_of(values)).hash == compile_stack(stack_of(values)).hash


def test_too_many_facts_are_refused_before_a_table_is_made() -> None:
    flows = [flow(f"F{n}", "permit", to=["DE"], when={"channel_tag": f"tag{n}"}) for n in range(9)]
    with pytest.raises(BundleError) as caught:
        compiled(policy(flows=flows))
    assert [finding.code for finding in caught.value.findings] == ["E-GUARD"]


def test_cedar_agrees_about_the_effect() -> None:
    chance = random.Random(11)
    seen = set()
    for _ in range(4):
        values = {**random_policy(chance), "default": "closed"}
        stack = stack_of(values)
        profile = profile_of(stack)
        text = cedar.policies(stack)
        asked_by_answer: list[Question] = [random_question(chance) for _ in range(400)]
        known = [q for q in asked_by_answer if profile.decide(q).code not in ("UNKNOWN_VALUE",)]
        known.sort(key=lambda q: not profile.decide(q).allow)
        for asked in known[:40]:
            answer = cedarpy.is_authorized(cedar.request(asked), text, [])
            assert not answer.diagnostics.errors
            effect = profile.decide(asked).code in ("OK", "OBLIGATION_UNSUPPORTED")
            assert answer.allowed == effect, asked
            seen.add(effect)
    assert seen == {True, False}


def test_an_obligation_at_home_is_not_owed_where_placement_already_permits() -> None:
    wide = flow("F1", "permit", ops=["search_from"], to=["EEA"], obligations=["ledger_entry"])
    same = flow("F2", "permit", ops=["search_from"], to=["DE"], obligations=["keep_record"])
    crossing = compiled(policy(flows=[wide])).profile_for("T1", "DE")
    assert crossing.decide(question("search_from", "DE", "DE")).obligations == ()
    both = compiled(policy(flows=[wide, same])).profile_for("T1", "DE")
    owed = both.decide(question("search_from", "DE", "DE")).obligations
    assert [one.do for one in owed] == ["keep_record"], "a permit for the same place keeps its obligation"
