"""The vocabulary is the one of the law facts, closed and dense."""

from importlib import resources
from typing import Any

import yaml

from residency_policies import places, vocabulary


def law() -> dict[str, dict[str, Any]]:
    text = resources.files("residency_policies.packs").joinpath("jurisdictions.yaml").read_text("utf-8")
    return yaml.safe_load(text)  # type: ignore[no-any-return]


def test_words_are_those_of_the_law_facts() -> None:
    words = law()["vocabulary"]
    groups = words["class_groups"]
    assert isinstance(groups, dict)
    assert {name: list(leaves) for name, leaves in vocabulary.CLASS_GROUPS.items()} == groups
    assert {name: list(parts) for name, parts in vocabulary.GROUP_ALIASES.items()} == words[
        "class_group_aliases"
    ]
    for name, ours in (
        ("operations", vocabulary.OPERATIONS),
        ("mechanisms", vocabulary.MECHANISMS),
        ("obligations", tuple(vocabulary.OBLIGATIONS)),
        ("viewer_relations", vocabulary.RELATIONS),
        ("purposes", vocabulary.PURPOSES),
        ("custody", vocabulary.CUSTODY),
        ("key_custody", vocabulary.KEY_CUSTODY),
    ):
        assert list(ours) == words[name]
    assert set(vocabulary.ASSERTED_FACTS + vocabulary.OBSERVED_FACTS) == set(words["facts"])


def test_indexes_are_dense_and_leave_zero_to_the_unknown() -> None:
    for index in (
        vocabulary.OP_INDEX,
        vocabulary.CLASS_INDEX,
        vocabulary.RELATION_INDEX,
        vocabulary.PURPOSE_INDEX,
        places.COUNTRY_INDEX,
    ):
        assert sorted(index.values()) == list(range(1, len(index) + 1))


def test_blocs_are_those_of_the_law_facts_and_their_members_are_countries() -> None:
    listed = law()["blocs"]
    assert {name: sorted(members) for name, members in places.blocs().items()} == {
        name: sorted(members) for name, members in listed.items()
    }
    assert len(places.COUNTRIES) == len(places.ALL_COUNTRIES) - len(places.SUBDIVISIONS) == 249
    for members in places.blocs().values():
        assert members <= places.ALL_COUNTRIES
    assert "NO" in places.countries_of(["EEA"])


def test_only_facts_that_a_question_can_know_are_observable() -> None:
    assert vocabulary.is_observable("incident_mode")
    assert vocabulary.is_observable("channel_tag:red")
    for wrong in (
        "recipient_dpf_certified",
        "workspace_tag:red",
        "channel_tag:",
        "rumour",
        "",
        "incident_mode:x",
    ):
        assert not vocabulary.is_observable(wrong)
