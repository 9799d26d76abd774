"""What stands in a table: nothing of it changes by accident, and it is bounded."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from residency_policies import compile as compiler
from residency_policies.compile import Answer, Guard, compile_stack
from residency_policies.decide import TableProfile
from residency_policies.decision import Question, Viewer
from residency_policies.errors import BundleError
from residency_policies.interpret import interpret
from residency_policies.places import COUNTRY_INDEX
from residency_policies.stack import Stack, make_stack
from residency_policies.vocabulary import CLASSES, OBLIGATIONS, OPERATIONS, PURPOSES, RELATIONS
from tests.residency_policies.sample_law import REGIONS, UNTIL_S, WAIVED_S, firm, floors, lone, of_chance
from tests.residency_policies.support import AT_S, bare, compiled, flow, policy, question

# Every rule, text, obligation and code of these stacks is in the hash of their table; this is half of it.
TABLES: dict[str, tuple[Callable[[], Stack], str]] = {
    "firm": (firm, "eb1dc9e389c89d8b4c9789604b4622dc"),
    "where no channel is named": (lambda: firm(named=False), "7c27f2a8876bee47e45cb507c61efa7e"),
    "without its waiver": (lambda: firm(WAIVED_S), "63e1b512a9ca35d87e4be1cc591cca04"),
    "a year later": (lambda: firm(UNTIL_S), "e06cbee98419d1ab26acdd6e355264f4"),
    "alone": (lone, "aaab799d81b3610a4e2ea501beaff71f"),
    "chance 3": (lambda: of_chance(3), "97cb2eadb403f4722a1efb43deae7439"),
    "chance 4": (lambda: of_chance(4), "d67574574efd9b4faa269a36e10bb1c5"),
    "chance 5": (lambda: of_chance(5), "84d00b6496875a47f1af3674d217f962"),
    "chance 9": (lambda: of_chance(9), "904d333e105e6ad36bf232bd8d81f172"),
}
FACTS = (
    "incident_mode", "channel_tag:red", "counter_below_us_bulk_thresholds", "counter_cn_below_exempt",
)  # fmt: skip
COUNTRIES = ("DE", "FR", "US", "IN", "CH", "BR", "GB", "CN", "ZZ")


def asked_of(stack: Stack, chance: random.Random) -> Question:
    """A question with known values in which rules meet."""
    places = [region.id for region in REGIONS]
    return Question(
        "T1", stack.bundle, chance.choice(OPERATIONS), chance.choice(CLASSES), chance.choice(places),
        chance.choice(places), Viewer(chance.choice(RELATIONS), chance.choice(COUNTRIES)),
        chance.choice(PURPOSES), frozenset(chance.sample(FACTS, chance.randint(0, 3))),
        frozenset(OBLIGATIONS if chance.random() < 0.8 else ()),
    )  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_the_table_of_a_stack_does_not_change_by_accident(name: str) -> None:
    stack, digest = TABLES[name]
    assert compile_stack(stack()).hash.startswith(f"sha256:{digest}")


@pytest.mark.parametrize("name", TABLES)
def test_the_interpreter_says_the_same_of_it(name: str) -> None:
    stack = TABLES[name][0]()
    profile = TableProfile(compile_stack(stack), stack.bundle, stack.boundary_s)
    chance = random.Random(name)
    for _ in range(300):
        asked = asked_of(stack, chance)
        decision, viewer = profile.decide(asked), asked.viewer
        assert bare(decision) == interpret(stack, asked), asked
        bound = profile.bind(asked.op, asked.data_class, asked.src)
        assert decision is bound(
            asked.dst, viewer.relation, viewer.country, asked.purpose, asked.facts, asked.can
        )


def test_facts_of_one_guard_are_told_apart() -> None:
    flows = [flow(f"F{n}", "permit", to=["DE"], when={"channel_tag": f"tag{n}"}) for n in range(7)]
    profile = compiled(policy(flows=flows)).profile_for("T1", "DE")
    assert isinstance(profile, TableProfile)
    assert max(len(one.answers) for one in profile.table.answers if isinstance(one, Guard)) == 2**7
    asked = question("disclose", "DE", "DE")
    assert not profile.decide(asked).allow
    for number in range(7):
        decision = profile.decide(replace(asked, facts=frozenset({f"channel_tag:tag{number}"})))
        assert [one.clause for one in decision.because if one.layer == "workspace"] == [f"F{number}"]


def test_where_no_fact_changes_the_answer_there_is_no_guard() -> None:
    either = [flow("F1", "deny", when={"channel_tag": "red"}), flow("F1b", "deny")]
    table = compile_stack(lone())
    assert all(len(set(one.answers)) > 1 for one in table.answers if isinstance(one, Guard))
    assert len(set(table.answers)) == len(table.answers), "equal answers are one"
    profile = compiled(policy(flows=either)).profile_for("T1", "DE")
    refused = profile.decide(question("disclose", "DE", "DE"))
    assert refused.rule == "sample/main F1b"


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        ("TABLE_MAX", "the table would be too large"),
        ("ANSWERS_MAX", "too many distinct decisions"),
        ("GUARD_FACTS_MAX", "rules test 4 facts, at most 3 are possible"),
    ],
)
def test_a_table_at_its_bound_is_made_and_one_beyond_it_refused(
    monkeypatch: pytest.MonkeyPatch, limit: str, sentence: str
) -> None:
    stack = lone()
    whole = compile_stack(stack)
    reached = {
        "TABLE_MAX": len(whole.cells), "ANSWERS_MAX": len(whole.answers), "GUARD_FACTS_MAX": len(stack.facts),
    }[limit]  # fmt: skip
    monkeypatch.setattr(compiler, limit, reached)
    assert compile_stack(stack).hash == whole.hash
    monkeypatch.setattr(compiler, limit, reached - 1)
    with pytest.raises(BundleError) as caught:
        compile_stack(stack)
    (finding,) = caught.value.findings
    assert str(finding) == f"firm/main: E-GUARD flows: {sentence}. Merge or split rules."
    assert (finding.line, finding.column) == (0, 0), "of no one rule"


def test_an_answer_holds_what_is_owed_and_what_comes_of_owing_it() -> None:
    answers = [one for one in compile_stack(lone()).answers if isinstance(one, Answer)]
    assert {bool(one.owed) for one in answers} == {True, False}
    for one in answers:
        assert one.owed == {obligation.do for obligation in one.decision.obligations}
        assert one.unmet.allow is False or not one.owed
        assert (one.unmet is one.decision or one.unmet == one.decision) == (not one.owed)


def test_every_value_of_the_vocabulary_has_a_place_in_the_table() -> None:
    table = compile_stack(lone())
    places = tuple(sorted(region.id for region in REGIONS))
    assert table.values == (
        OPERATIONS, CLASSES, places, RELATIONS, PURPOSES, places, tuple(COUNTRY_INDEX),
    )  # fmt: skip
    assert all(column[0] == compiler.OUTSIDE for column in table.offsets)
    assert sum(max(column) for column in table.offsets) == len(table.cells) - 1
    assert all(min(column[1:]) == 0 for column in table.offsets)


def test_what_is_allowed_nearby_names_relations_and_countries_in_order() -> None:
    profile = TableProfile(compile_stack(lone()), 7, None)
    asked = Question("T1", 7, "disclose", "message_body", "de-1", "us-1", Viewer("guest", "US"), "local")
    everybody = "; ".join(f"{relation} in CH, DE, FR" for relation in RELATIONS)
    assert profile.decide(asked).nearest == f"allowed: {everybody}"
    nothing = replace(asked, op="relocate", data_class="billing")
    assert profile.decide(nothing).nearest == "allowed: nothing"


def test_every_decision_of_a_table_names_it() -> None:
    table = compile_stack(lone())
    whole = [
        one for entry in table.answers for one in (entry.answers if isinstance(entry, Guard) else (entry,))
    ]
    found = {decision.profile for one in whole for decision in (one.decision, one.unmet)}
    assert found == {table.hash}
    plain = (table.unknown, table.skew, table.halted)
    assert [one.code for one in plain] == ["UNKNOWN_VALUE", "BUNDLE_SKEW", "HALTED"]
    assert {one.profile for one in plain} == {table.hash}


def test_a_ground_that_ended_at_one_of_two_places_gives_the_denial_its_code() -> None:
    law, many = floors()
    stack = make_stack(7, lone().policy, (law, replace(many, id="floor/zz")), REGIONS, AT_S, "DE")
    profile = TableProfile(compile_stack(stack), 7, None)
    for dst, country in (("in-1", "RU"), ("br-1", "IN"), ("in-1", "IN"), ("ch-1", "IN")):
        asked = Question("T1", 7, "disclose", "message_body", "de-1", dst, Viewer("guest", country), "local")
        decision = profile.decide(asked)
        assert (decision.code, decision.rule) == ("INSTRUMENT_EXPIRED", "floor/zz m-1")
        assert bare(decision) == interpret(stack, asked)
