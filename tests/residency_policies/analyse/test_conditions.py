"""Conditions are exactly the assignments, and few."""

import random

from residency_policies.analyse.conditions import Condition, conditions_of

FACTS = ("a", "b", "c", "d")


def admits(condition: Condition, bits: int) -> bool:
    stated = {fact for place, fact in enumerate(FACTS) if bits >> place & 1}
    return set(condition.holds) <= stated and not set(condition.never) & stated


def test_conditions_are_exactly_the_assignments() -> None:
    chance = random.Random(3)
    for _ in range(200):
        wanted = {bits for bits in range(16) if chance.random() < 0.5}
        conditions = conditions_of(FACTS, wanted)
        assert {bits for bits in range(16) if any(admits(one, bits) for one in conditions)} == wanted


def test_what_does_not_matter_is_not_said() -> None:
    assert conditions_of(FACTS, range(16)) == (Condition(),)
    assert [str(one) for one in conditions_of(("a", "b"), (1, 3))] == [" when a"]
    assert [str(one) for one in conditions_of(("a", "b"), (0, 2))] == [" when not a"]
