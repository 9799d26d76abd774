"""The derivation graph speaks of leaves, is closed, and copies carry what was put into them."""

from residency_policies.derivations import DERIVED, carriers, derived_from
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


def test_a_copy_carries_what_can_be_put_into_it() -> None:
    assert carriers("message_body") == {"backup", "export_bundle"}
    assert not carriers("backup")
    assert not carriers("enc_key")


def test_secrets_are_in_no_copy_and_derive_nothing() -> None:
    assert all(derived_from(secret) == {secret} for secret in CLASS_GROUPS["secrets"])
