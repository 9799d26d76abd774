"""Certificates in a world of five countries: the checker misses nothing, and says what it misses."""

import copy
import functools
import json
from dataclasses import replace
from typing import Any

import pytest

import residency_policies.check_certificate as checker
from residency_policies.builtin import builtin_floors
from residency_policies.bundle import Bundle, CompiledBundle, compile_bundle
from residency_policies.check_certificate import faults
from residency_policies.claims import Claim
from residency_policies.decision import Region
from residency_policies.prove import atlas
from residency_policies.prove.claims import prove
from residency_policies.vocabulary import CLASS_GROUPS
from tests.residency_policies.prove.sample import (
    INSIDE,
    PLACEMENT,
    PUSHES,
    READERS,
    SHARES,
    only_policy,
    sample,
    signed_again,
)
from tests.residency_policies.support import AT_S, flow, instrument

# Switzerland and China have no region, so that the checker makes one for each.
FEW = frozenset({"DE", "FR", "CH", "US", "CN"})
REGIONS = (Region("de-1", "DE"), Region("fr-1", "FR"), Region("us-1", "US"))
SENT = flow("F8", "permit", ops=["replicate_share"], to=["US"], using=["ins-1"])
KEPT = flow(
    "F9", "permit", classes=["backup"], to=["DE", "FR"], viewers=["employee"], viewer_countries=["JP"]
)
# A backup is in France, and read in Japan by whoever keeps it.
POLICY = {
    **sample(INSIDE, READERS, SHARES, PUSHES, SENT, KEPT),
    "packs": [],
    "placement": [{**PLACEMENT, "backups": {"in": ["DE", "FR"]}}],
    "instruments": [instrument("ins-1", "scc", ops=["replicate_share"])],
}
SMALL = Bundle(1, (*builtin_floors(), json.dumps(POLICY)), REGIONS)
KEYS_STAY = Claim("X5", "never_reaches", ("enc_key",), src=("DE",), to_not=("DE",))
READ_IN = Claim("X7", "reader_set", ("link_preview",), src=("DE",), to=("EEA", "CH", "GB", "JP"))
NEVER_IN_CHINA = Claim("X8", "never_reaches", ("message_body",), src=("DE",), to=("CN",))
ONLY_UNDER = Claim(
    "X9",
    "only_under",
    ("message_body",),
    src=("DE",),
    to=("US",),
    instrument="ins-1",
    assume_not=frozenset({"channel_tag:red"}),
)
BOOKED = Claim(
    "X3", "always_obliged", ("content",), to=("CH",), ops=("disclose",), obligations=("ledger_entry",)
)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The world has five countries, and its bundle is compiled once."""
    for one in (checker, atlas):
        monkeypatch.setattr(one, "ALL_COUNTRIES", FEW)
    monkeypatch.setattr(checker, "compile_bundle", tables)


@functools.cache
def tables(bundle: Bundle, at_s: int) -> CompiledBundle:
    return compile_bundle(bundle, at_s)


def certificate_of(claim: Claim) -> dict[str, Any]:
    """The certificate of a claim that holds in it."""
    found = tables(SMALL, AT_S)
    (proof,) = prove(found, only_policy(found), (claim,))
    assert proof.certificate is not None, proof.sentence
    return copy.deepcopy(dict(proof.certificate))


def claimed(certificate: dict[str, Any], **keys: object) -> list[str]:
    """What is wrong with the certificate for a claim with other keys."""
    return faults(signed_again({**certificate, "claim": {**certificate["claim"], **keys}}), SMALL)


@pytest.mark.usefixtures("few")
def test_a_certificate_is_of_one_bundle_and_whole() -> None:
    whole = certificate_of(BOOKED)
    assert faults(whole, SMALL) == []
    told = ["it was made for another bundle, or changed since"]
    assert faults({**whole, "at_s": AT_S + 1}, SMALL) == told
    assert faults(signed_again({**whole, "bundle": SMALL.hash[::-1]}), SMALL) == told
    assert faults({**whole, "policy": "another"}, SMALL) == told


@pytest.mark.usefixtures("few")
def test_an_operation_that_owes_less_than_is_claimed_is_named_with_its_class() -> None:
    whole = certificate_of(BOOKED)
    found = claimed(whole, obligations=["keep_record"], classes=["message_body"])
    assert set(found) == {"disclose of message_body owes too little"}
    shared = {"ops": ["replicate_share"], "classes": ["message_body"]}
    assert claimed(whole, **shared) == []
    assert set(claimed(whole, **shared, obligations=["keep_record"])) == {
        "replicate_share of message_body owes too little"
    }
    assert claimed(whole, **shared, obligations=["keep_record"], to=["CN"]) == [], "nothing goes there"
    assert claimed(whole, **shared, obligations=["keep_record"], **{"from": ["BR"]}) == [], "no region there"


@pytest.mark.usefixtures("few")
def test_copies_that_nobody_asks_for_are_missed_whatever_the_certificate_says() -> None:
    kept = signed_again({**certificate_of(BOOKED), "claim": Claim(
        "X6", "two_copies_in", ("message_body",), home=("DE",)).to_json()})  # fmt: skip
    assert faults(kept, SMALL)[:2] == [
        "no placement entry asks for a second copy of message_body",
        "two copies need two regions in DE; there are 1",
    ]


@pytest.mark.usefixtures("few")
def test_where_keys_rest_is_reached_and_nothing_else_may_be() -> None:
    whole = certificate_of(KEYS_STAY)
    assert faults(whole, SMALL) == []
    held = whole["reached"]["enc_key"]["platform"]["enc_key"]
    assert "de-1" in held
    fewer = copy.deepcopy(whole)
    fewer["reached"]["enc_key"]["platform"]["enc_key"].remove("de-1")
    assert set(faults(signed_again(fewer), SMALL)) == {"enc_key leaves what is reached"}
    more = copy.deepcopy(whole)
    more["reached"]["enc_key"]["platform"]["enc_key"].append("fr-1")
    assert "FR is reached" in faults(signed_again(more), SMALL)
    assert "CN is reached" not in faults(signed_again(more), SMALL)


@pytest.mark.usefixtures("few")
def test_who_is_shown_what_is_reached_is_reached_too() -> None:
    whole = certificate_of(READ_IN)
    assert faults(whole, SMALL) == []
    for place in ("FR", "AT"):
        fewer = copy.deepcopy(whole)
        fewer["reached"]["link_preview"]["human"]["link_preview"].remove(place)
        assert faults(signed_again(fewer), SMALL) == ["link_preview leaves what is reached"], place
    assert "FR is reached" in claimed(whole, to=["DE"])


@pytest.mark.usefixtures("few")
def test_what_goes_to_a_country_without_a_region_and_what_is_made_of_data_is_reached() -> None:
    whole = certificate_of(NEVER_IN_CHINA)
    assert faults(whole, SMALL) == []
    for leaf, place in (
        ("search_index", "de-1"),
        ("backup", "fr-1"),
        ("message_body", "fr-1"),
        ("message_body", "CH"),
    ):
        fewer = copy.deepcopy(whole)
        fewer["reached"]["message_body"]["platform"][leaf].remove(place)
        assert f"{leaf} leaves what is reached" in faults(signed_again(fewer), SMALL), (leaf, place)
    none = copy.deepcopy(whole)
    del none["reached"]["message_body"]["platform"]["search_index"]
    assert "search_index leaves what is reached" in faults(signed_again(none), SMALL)


@pytest.mark.usefixtures("few")
def test_what_is_restored_from_a_backup_is_where_the_backup_was() -> None:
    (leaf, *_) = CLASS_GROUPS["activity"]
    whole = certificate_of(replace(NEVER_IN_CHINA, classes=(leaf,)))
    assert faults(whole, SMALL) == []
    whole["reached"][leaf]["platform"][leaf].remove("fr-1")
    assert faults(signed_again(whole), SMALL) == [f"{leaf} leaves what is reached"]


@pytest.mark.usefixtures("few")
def test_every_class_of_a_claim_is_looked_at() -> None:
    whole = certificate_of(replace(NEVER_IN_CHINA, classes=("link_preview", "enc_key")))
    assert faults(whole, SMALL) == []
    for leaf in ("link_preview", "enc_key"):
        fewer = copy.deepcopy(whole)
        fewer["reached"][leaf]["platform"][leaf].remove("de-1")
        assert f"{leaf} leaves what is reached" in faults(signed_again(fewer), SMALL)


@pytest.mark.usefixtures("few")
def test_what_is_allowed_under_the_instrument_of_a_claim_is_no_way_out() -> None:
    whole = certificate_of(ONLY_UNDER)
    assert faults(whole, SMALL) == []
    assert "message_body leaves what is reached" in claimed(whole, instrument="ins-2")
