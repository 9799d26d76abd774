"""Which of two permits is the more specific: the one that says less, and never by chance."""

from dataclasses import replace

import pytest

from residency_policies.decision import Because
from residency_policies.rule import Ground, Rule, is_more_specific

ONE, TWO = frozenset({"a"}), frozenset({"a", "b"})
RULE = Rule(
    layer=1, effect="permit", because=Because("sample/main", 1, "F1", "a reason"), code="DENIED", ops=TWO,
    classes=TWO, src=TWO, places=TWO, viewer_countries=TWO, viewers=TWO, purposes=TWO, when=frozenset(),
    unless=(), obligations=frozenset(),
)  # fmt: skip
# A flow that may go anywhere, and the placement of the same data.
ANYWHERE = replace(RULE, src=None, places=TWO, viewer_countries=None, viewers=None, purposes=None)
HOME = replace(ANYWHERE, placement=True, places=ONE)
SETS = ("ops", "classes", "src", "places", "viewer_countries", "viewers", "purposes")


def but(rule: Rule, key: str, values: frozenset[str] | None) -> Rule:
    """The rule with other values under a key."""
    return replace(rule, **{key: values})  # type: ignore[arg-type]


@pytest.mark.parametrize("key", SETS)
def test_a_permit_of_less_is_more_specific_and_never_the_other_way(key: str) -> None:
    less = but(RULE, key, ONE)
    assert is_more_specific(less, RULE)
    assert not is_more_specific(RULE, less)
    assert not is_more_specific(less, less), "of two that say the same neither is"


@pytest.mark.parametrize("key", SETS[2:])
def test_what_names_values_is_more_specific_than_what_is_for_every_value(key: str) -> None:
    every = but(RULE, key, None)
    if key == "viewer_countries":
        every = replace(every, places=None)
    assert is_more_specific(RULE, every)
    assert not is_more_specific(every, RULE)
    assert not is_more_specific(every, every)


@pytest.mark.parametrize("key", SETS)
@pytest.mark.parametrize("other", SETS)
def test_a_permit_of_less_here_and_of_more_there_is_not_compared(key: str, other: str) -> None:
    if key == other:
        return
    one, two = but(RULE, key, ONE), but(RULE, other, ONE)
    assert not is_more_specific(one, two)


def test_without_countries_of_the_viewer_the_viewer_has_to_be_where_the_flow_goes() -> None:
    flow, named = replace(RULE, viewer_countries=None), replace(RULE, viewer_countries=ONE)
    assert is_more_specific(named, flow)
    assert not is_more_specific(flow, named)
    wider = replace(RULE, viewer_countries=TWO | {"c"})
    assert is_more_specific(flow, wider)
    assert not is_more_specific(wider, flow)


def test_what_needs_more_facts_is_more_specific_and_so_is_what_an_exception_lifts() -> None:
    needs = replace(RULE, when=ONE)
    assert is_more_specific(needs, RULE)
    assert not is_more_specific(RULE, needs)
    lifted = replace(RULE, unless=(ONE,))
    assert is_more_specific(lifted, RULE)
    assert not is_more_specific(RULE, lifted), "it holds where the exception lifts the other"
    assert is_more_specific(replace(lifted, ops=ONE), lifted)
    assert not is_more_specific(replace(lifted, ops=ONE), replace(RULE, unless=(TWO,)))


def test_permits_of_different_layers_are_not_compared() -> None:
    inner = replace(RULE, layer=2, ops=ONE)
    assert not is_more_specific(inner, RULE)
    assert is_more_specific(inner, replace(RULE, layer=2))


def test_a_placement_outranks_a_flow_that_reaches_further_whatever_else_both_say() -> None:
    assert is_more_specific(HOME, ANYWHERE)
    assert is_more_specific(HOME, replace(ANYWHERE, places=None))
    # It stands for one permit for each operation, class and purpose, and is compared where both match.
    assert is_more_specific(HOME, replace(ANYWHERE, ops=ONE, classes=ONE, purposes=ONE))


def test_a_placement_outranks_no_flow_that_stays_at_home() -> None:
    assert not is_more_specific(HOME, replace(ANYWHERE, places=ONE))
    assert not is_more_specific(replace(HOME, places=None), replace(ANYWHERE, places=None))
    assert not is_more_specific(replace(HOME, places=None), ANYWHERE)
    assert not is_more_specific(replace(HOME, places=frozenset({"c"})), ANYWHERE)


@pytest.mark.parametrize("key", ["src", "viewers"])
def test_a_placement_outranks_no_flow_of_which_it_says_only_a_part(key: str) -> None:
    assert not is_more_specific(HOME, but(ANYWHERE, key, ONE))
    assert not is_more_specific(HOME, replace(ANYWHERE, when=ONE))


def test_a_flow_never_outranks_a_placement_and_placements_are_compared_like_flows() -> None:
    assert not is_more_specific(replace(ANYWHERE, places=ONE, ops=ONE), HOME)
    assert is_more_specific(replace(HOME, ops=ONE), HOME)
    assert not is_more_specific(HOME, replace(HOME, ops=ONE))


def test_the_facts_of_a_rule_are_those_that_it_or_a_ground_tests() -> None:
    ground = Ground((), None, None, ONE, frozenset({"c"}), "", "")
    whole = replace(RULE, when=ONE, unless=(frozenset({"b"}),), grounds=(ground,), ended=(
        replace(ground, when=frozenset({"d"})),))  # fmt: skip
    assert whole.facts == {"a", "b", "c", "d"}
    assert whole.liftable
    assert not RULE.liftable
