"""Rules as terms: what a rule names stands in its terms, each in its own dimension."""

from dataclasses import replace

from residency_policies.rule import Ground
from residency_policies.terms import Matches, rule_terms
from tests.residency_policies.test_rule import ONE, RULE, TWO

SHOWN = replace(RULE, effect="deny", ops=frozenset({"disclose"}), viewers=frozenset({"guest"}))
HERE, THERE = frozenset({"DE"}), frozenset({"US"})


def test_a_denial_for_countries_of_the_viewer_is_one_term_of_all_that_it_names() -> None:
    deny = replace(SHOWN, places=HERE, viewer_countries=THERE)
    assert rule_terms(deny) == [(deny.ops, TWO, TWO, deny.viewers, TWO, HERE, THERE)]
    ground = Ground(("ins-1",), None, None, THERE, frozenset(), "", "")
    matches = Matches([replace(deny, mechanisms=("scc",), grounds=(ground,))])
    assert matches.terms == [*rule_terms(deny), (None, None, None, None, None, None, THERE)]
    assert matches.hits(0b01) == ((0, ((), ())),), "caught, and nothing reaches"
    assert matches.hits(0b11) == ((0, ((ground,), ())),), "the ground reaches the country of the viewer"
    assert matches.hits(0b10) == (), "that a ground reaches is no match"


def test_a_rule_without_places_is_one_term_for_its_viewers_wherever_they_are() -> None:
    permit = replace(RULE, places=None, viewer_countries=None, viewers=ONE)
    assert rule_terms(permit) == [(TWO, TWO, TWO, ONE, TWO, None, None)]
