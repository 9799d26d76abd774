"""The closure is sound: whatever the interpreter allows from a reached state ends in a reached state."""

import random
from dataclasses import replace

import pytest

from residency_policies.compile import compile_stack
from residency_policies.decision import Question, Viewer
from residency_policies.derivations import ENDS_IN, derived_from
from residency_policies.interpret import interpret
from residency_policies.prove.atlas import Atlas, atlas_of
from residency_policies.prove.certificate import regions_at, shown_in
from residency_policies.prove.claims import stack_of
from residency_policies.prove.closure import Reached, reach, reach_all
from residency_policies.prove.graph import Moves
from residency_policies.prove.paths import start_of
from residency_policies.vocabulary import CLASSES, OPERATIONS, SHOWING
from tests.residency_policies.prove.sample import only_policy
from tests.residency_policies.support import compiled, flow, policy, random_policy, random_question


def world(chance: random.Random) -> tuple[Atlas, Moves]:
    bundle = compiled(random_policy(chance))
    atlas = atlas_of(stack_of(bundle, only_policy(bundle)))
    return atlas, Moves(compile_stack(atlas.stack))


def escapes(atlas: Atlas, moves: Moves, reached: Reached, question: Question) -> bool:
    """Whether what the question asks for is allowed and leads out of what is reached."""
    if not interpret(atlas.stack, question).allow:
        return False
    shown = {atlas.country_of(question.dst)}
    if question.op in SHOWING and question.viewer.relation != "system":
        shown.add(question.viewer.country)
    held = {
        "platform": regions_at(moves, atlas, reached.platform[question.data_class]),
        "human": shown_in(moves, atlas, reached.human.get(question.data_class, (0, 0))),
        "authority": shown_in(moves, atlas, reached.authority.get(question.data_class, (0, 0))),
    }
    arrived = {"platform": {question.dst}, "human": shown, "authority": shown}
    return any(not arrived[end] <= held[end] for end in ENDS_IN[question.op])


@pytest.mark.parametrize("seed", [0, 1, 2, 4, 5, 6])
def test_nothing_that_the_interpreter_allows_leaves_what_is_reached(seed: int) -> None:
    chance = random.Random(seed)
    atlas, moves = world(chance)
    source = chance.choice(CLASSES)
    reached = reach(moves, source, start_of(moves, atlas, frozenset({"DE", "US", "CN", "FR"})))
    assert set(reached.platform) == derived_from(source)
    allowed = 0
    for _ in range(1_500):
        leaf = chance.choice(list(reached.platform))
        src = chance.choice(sorted(regions_at(moves, atlas, reached.platform[leaf]) & set(moves.regions)))
        question = replace(
            random_question(chance), data_class=leaf, src=src, dst=chance.choice(moves.regions),
            op=chance.choice(OPERATIONS), can=frozenset(),
        )  # fmt: skip
        question = replace(question, viewer=Viewer(question.viewer.relation, chance.choice(moves.countries)))
        free = replace(
            question, can=frozenset(one.do for one in interpret(atlas.stack, question).obligations)
        )
        allowed += interpret(atlas.stack, free).allow
        assert not escapes(atlas, moves, reached, free), free
    assert allowed


def test_the_closure_of_everything_is_the_closure_of_each() -> None:
    atlas, moves = world(random.Random(7))
    whole = reach_all(moves)
    assert len(whole) == len(CLASSES) * len(moves.spots)
    assert all(one == reach(moves, leaf, 1 << spot) for (leaf, spot), one in whole.items())
    assert atlas.alike


def test_of_several_places_each_leads_where_it_leads_alone() -> None:
    # From Singapore the copy may go to China; what lies in Germany is held there by the floor of the EEA.
    shares = flow("F1", "permit", ops=["replicate_share"], to=["CN", "SG"])
    bundle = compiled(policy(applies_to={"establishment": "UY"}, flows=[shares]))
    atlas = atlas_of(stack_of(bundle, only_policy(bundle)), [frozenset({"CN"})])
    moves = Moves(compile_stack(atlas.stack))
    for countries, leaves in (({"SG", "DE"}, True), ({"SG"}, True), ({"DE"}, False)):
        reached = reach(moves, "message_body", start_of(moves, atlas, frozenset(countries)))
        assert ("CN" in regions_at(moves, atlas, reached.platform["message_body"])) is leaves


def test_where_a_backup_goes_what_is_in_it_goes_too() -> None:
    entry = {"id": "P1", "classes": ["content"], "primary": {"in": ["DE"]}, "because": "home",
             "backups": {"in": ["DE", "FR"]}}  # fmt: skip
    bundle = compiled(policy(placement=[entry]))
    atlas = atlas_of(stack_of(bundle, only_policy(bundle)), [frozenset({"FR"})])
    moves = Moves(compile_stack(atlas.stack))
    reached = reach(moves, "message_body", start_of(moves, atlas, frozenset({"DE"})))
    for leaf in ("backup", "message_body", "search_snippet"):
        assert "FR" in regions_at(moves, atlas, reached.platform[leaf])
    # A copy gives back what was put into it, and nothing else that is in other copies.
    assert "profile_pii" not in reached.platform
