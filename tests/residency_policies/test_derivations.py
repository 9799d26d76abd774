"""The derivation graph speaks of leaves, is closed, and a copy gives back only what was put into it."""

from residency_policies.derivations import DERIVED, derived_from, makes
from residency_policies.vocabulary import CLASS_GROUPS, CLASSES


def test_the_graph_speaks_of_leaves_only_and_of_every_leaf() -> None:
    assert set(DERIVED) == set(CLASSES)
    assert {leaf for made in DERIVED.values() for leaf in made} <= set(CLASSES)


def test_what_derives_from_a_derivative_derives_from_the_source() -> None:
    for source in CLASSES:
        for leaf in derived_from(source):
            assert derived_from(leaf) <= derived_from(source)


def test_words_of_a_message_are_in_everything_that_is_made_from_it() -> None:
    assert derived_from("message_body") == {
        "message_body",
        "search_index",
        "search_snippet",
        "notification_payload",
        "link_preview",
        "ai_derived",
        "moderation_feature",
        "backup",
        "export_bundle",
    }
    assert "identifier_blind" in derived_from("profile_pii")


def test_a_copy_gives_back_what_was_put_into_it_and_no_more() -> None:
    assert "message_body" in makes("backup", "message_body")
    assert "telemetry" not in makes("backup", "message_body")
    assert makes("backup", "telemetry") == {"telemetry", "backup", "export_bundle"}


def test_secrets_are_in_no_copy_and_derive_nothing() -> None:
    assert all(derived_from(secret) == {secret} for secret in CLASS_GROUPS["secrets"])
