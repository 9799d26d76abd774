"""Claims: what holds gets a certificate, what does not the shortest path, or a sentence with a clause."""

from dataclasses import replace

import pytest

from residency_policies.bundle import check_bundle
from residency_policies.check_certificate import faults
from residency_policies.claims import Claim
from residency_policies.errors import BundleError
from tests.residency_policies.prove.sample import (
    INSIDE,
    NOWHERE_ELSE,
    PUSHES,
    READERS,
    SHARES,
    bundle_with,
    proof_of,
    sample,
)
from tests.residency_policies.support import AT_S, bundle_of

NOT_US = replace(NOWHERE_ELSE, to=("US",))
READ_IN = Claim("X2", "reader_set", ("message_body",), src=("DE",), to=("EEA", "CH", "GB"))
BOOKED = Claim(
    "X3", "always_obliged", ("content",), to=("CH", "GB"), ops=("disclose",), obligations=("ledger_entry",)
)
FIRST = Claim("X4", "primary_first", ("message_body",), home=("DE",))


@pytest.mark.parametrize(
    "claim",
    [
        NOWHERE_ELSE,
        Claim("X5", "never_reaches", ("enc_key",), src=("DE",), to_not=("DE",)),
        replace(NOT_US, assume_not=frozenset({"channel_tag:red"})),
        READ_IN,
        BOOKED,
        FIRST,
    ],
    ids=lambda claim: f"{claim.id}-{claim.kind}",
)
def test_a_claim_that_holds_has_a_certificate_that_the_checker_accepts(claim: Claim) -> None:
    proof = proof_of(claim, INSIDE, READERS, PUSHES)
    assert proof.certificate is not None, proof.sentence
    assert faults(proof.certificate, bundle_with(INSIDE, READERS, PUSHES)) == []


def test_a_push_gateway_abroad_is_found_in_two_steps_with_its_clause() -> None:
    proof = proof_of(NOT_US, INSIDE, {key: word for key, word in PUSHES.items() if key != "when"})
    assert not proof.holds
    assert proof.sentence == (
        "shortest path message_body@DE -> (derive) notification_payload@DE -> (transit, F6) US"
    )
    assert [step.how for step in proof.path] == ["", "derive", "transit"]


def test_a_path_that_needs_a_fact_says_so() -> None:
    assert proof_of(NOT_US, PUSHES).sentence.endswith("-> (transit, F6, when channel_tag:red) US")


def test_a_reader_too_many_and_a_reader_too_few_both_refute_a_reader_set() -> None:
    fewer = proof_of(replace(READ_IN, to=("EEA", "CH")), INSIDE, READERS)
    assert fewer.sentence == "shortest path message_body@DE -> (disclose, F2) GB"
    more = proof_of(replace(READ_IN, to=("EEA", "CH", "GB", "JP")), INSIDE, READERS)
    assert more.sentence == "nobody in JP can ever see it"


def test_an_operation_that_owes_too_little_is_named() -> None:
    free = {key: word for key, word in READERS.items() if key != "obligations"}
    # The floor asks for an entry from others than employees alone, so the policy's own clause is what counts.
    proof = proof_of(replace(BOOKED, obligations=("notify_officer",)), INSIDE, free)
    assert proof.sentence == "message_body@IN -> (disclose, F2, eea-2) CH for employee owes ledger_entry"


def test_a_copy_abroad_without_the_home_commit_refutes_primary_first() -> None:
    proof = proof_of(FIRST, SHARES)
    assert (
        proof.sentence
        == "message_body@IN -> (replicate_share, F7, eea-1, eea-2) CH for employee owes ledger_entry"
    )


def test_two_copies_need_two_regions_and_a_clause_that_asks_for_them() -> None:
    proof = proof_of(Claim("X6", "two_copies_in", ("message_body",), home=("DE",)))
    assert proof.sentence == "no placement entry asks for a second copy of message_body"


def test_a_claim_is_the_same_after_a_round_trip() -> None:
    for claim in (NOWHERE_ELSE, READ_IN, BOOKED, FIRST, replace(NOT_US, assume=frozenset({"incident_mode"}))):
        read = Claim.from_json(claim.to_json())
        assert (read.to_json(), read.forbidden) == (claim.to_json(), claim.forbidden)


def test_a_refuted_claim_of_a_document_stops_whoever_puts_the_bundle_into_force() -> None:
    claimed = {"id": "X1", "claim": "never_reaches", "classes": ["message_body"], "from": ["DE"]}
    check_bundle(bundle_of({**sample(INSIDE), "proofs": [{**claimed, "to": ["CH"]}]}), AT_S)
    with pytest.raises(BundleError) as caught:
        check_bundle(bundle_of({**sample(INSIDE), "proofs": [{**claimed, "to": ["FR"]}]}), AT_S)
    (finding,) = caught.value.findings
    assert (finding.code, finding.sentence) == (
        "E-PROOF", "refuted: shortest path message_body@DE -> (disclose, F1) FR",
    )  # fmt: skip
