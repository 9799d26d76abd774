"""The difference of two policies is exact, said in words of documents, and knows which way it goes."""

import random
from dataclasses import replace

import pytest

from residency_policies.analyse.difference import Difference, Group, lines_of
from residency_policies.decision import Decision, Question, Region
from residency_policies.interpret import interpret
from residency_policies.places import ALL_COUNTRIES
from residency_policies.prove.claims import stack_of
from residency_policies.stack import Stack
from tests.residency_policies.prove.sample import INSIDE, PUSHES, READERS, SHARES, only_policy, sample
from tests.residency_policies.support import compiled, flow, random_policy, random_question

PLACES = sorted(ALL_COUNTRIES)


def stack(document: dict[str, object]) -> Stack:
    bundle = compiled(document)
    return stack_of(bundle, only_policy(bundle))


def change(old: list[dict[str, object]], new: list[dict[str, object]]) -> Difference:
    return Difference(stack(sample(*old)), stack(sample(*new)))


def holds(group: Group, question: Question) -> bool:
    """Whether the question is one of the group's flows. Ids of regions are countries here."""
    condition = group.change.condition
    return (
        question.op in group.ops
        and question.data_class in group.classes
        and question.src in group.sources
        and question.dst in group.targets
        and question.viewer.relation in group.relations
        and question.viewer.country in group.viewers
        and question.purpose in group.purposes
        and set(condition.holds) <= question.facts
        and not set(condition.never) & question.facts
    )


def differs(before: Decision, now: Decision) -> bool:
    if before.allow != now.allow:
        return True
    return now.allow and {one.do for one in before.obligations} != {one.do for one in now.obligations}


@pytest.mark.parametrize("seed", [0, 1, 2, 4])
def test_a_flow_changes_exactly_where_a_group_says_so(seed: int) -> None:
    chance = random.Random(seed)
    document = random_policy(chance)
    flows = [one for one in document["flows"] if chance.random() < 0.7]  # type: ignore[attr-defined]
    old, new = stack(document), stack({**document, "flows": [*flows, flow("F99", "deny", to=["FR"])]})
    groups = Difference(old, new).groups
    countries = tuple(Region(code, code) for code in PLACES)
    worlds = [replace(one, regions=countries) for one in (old, new)]
    changed = 0
    for _ in range(600):
        question = replace(random_question(chance), src=chance.choice(PLACES), dst=chance.choice(PLACES))
        if chance.random() < 0.5:
            group = chance.choice(groups)
            question = replace(
                question,
                op=chance.choice(group.ops), data_class=chance.choice(group.classes),
                src=chance.choice(group.sources), dst=chance.choice(group.targets),
                viewer=replace(question.viewer, relation=chance.choice(group.relations),
                               country=chance.choice(group.viewers)),
                purpose=chance.choice(group.purposes),
            )  # fmt: skip
        free = replace(question, can=frozenset())
        owed = {one.do for world in worlds for one in interpret(world, free).obligations}
        before, now = (interpret(world, replace(question, can=frozenset(owed))) for world in worlds)
        found = [group for group in groups if holds(group, question)]
        assert bool(found) == differs(before, now), (question, [str(group) for group in found])
        changed += bool(found)
    assert changed


def test_what_opens_comes_first_and_is_said_in_a_line() -> None:
    difference = change([INSIDE, READERS], [INSIDE, PUSHES])
    assert lines_of(difference.groups) == [
        "anywhere to US, notification_payload, transit: refused, now allowed (F6) when channel_tag:red",
        "anywhere to CH, GB, content, disclose, employee: allowed, now refused (default)",
    ]
    assert difference.direction == "mixed"
    assert difference.witnesses["looser"] == {
        "op": "transit", "class": "notification_payload", "from": "DE", "to": "US", "purpose": "local",
        "viewer": {"relation": "employee", "country": "US"}, "facts": ["channel_tag:red"],
    }  # fmt: skip


def test_a_deny_names_its_clause_and_leaves_the_rest_alone() -> None:
    files = flow("F3", "deny", classes=["file_content"], ops=["disclose"], to=["GB"])
    difference = change([READERS], [READERS, files])
    assert lines_of(difference.groups) == [
        "anywhere to CH (seen from GB), file_content, disclose, employee: allowed, now refused (F3)",
        "anywhere to GB (seen from CH, GB), file_content, disclose, employee: allowed, now refused (F3)",
    ]
    assert difference.direction == "tighter"


def test_owing_less_is_looser_and_owing_more_is_tighter() -> None:
    more = {**SHARES, "obligations": ["second_approval"]}
    assert change([SHARES], [more]).direction == "tighter"
    difference = change([more], [SHARES])
    assert difference.direction == "looser"
    assert [group.change.kind for group in difference.groups] == ["lighter"]
    assert lines_of(difference.groups)[0].endswith(
        ": allowed, owed ledger_entry, second_approval, now owes ledger_entry"
    )
    other = {**SHARES, "obligations": ["notify_officer"]}
    assert change([more], [other]).direction == "mixed"


def test_the_same_meaning_in_other_words_is_no_change() -> None:
    apart = [{**INSIDE, "id": f"F{number}", "ops": [op]} for number, op in enumerate(("disclose", "transit"))]
    difference = change([INSIDE], apart)
    assert (difference.direction, difference.groups, difference.witnesses) == ("same", (), {})
