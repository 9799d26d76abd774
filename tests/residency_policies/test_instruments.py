"""Instruments: what they lift, how far they reach, and that they end to the second without a restart."""

import json
from dataclasses import replace

import pytest

from residency_policies.builtin import BUILTIN_REGIONS, builtin_floors
from residency_policies.bundle import Bundle, CompiledBundle, compile_bundle
from residency_policies.decision import Decision, Question, Viewer
from residency_policies.interpret import interpret
from tests.residency_policies.support import (
    AT_S,
    METADATA,
    bare,
    bundle_of,
    compiled,
    flow,
    instrument,
    policy,
    question,
)

UNTIL_S = 1_798_761_600  # 2027-01-01T00:00:00Z
FROM_S = 1_790_812_800  # 2026-10-01T00:00:00Z
OPEN = flow(
    "F1",
    "permit",
    classes=["all"],
    ops=["disclose", "replicate_share", "export"],
    to=["EEA", "US", "BR", "IN"],
)
GUEST = question("disclose", "DE", "US", "guest")
PACK = {
    "apiVersion": "residency/v1",
    "kind": "FloorPack",
    "metadata": {
        "id": "floor/x", "title": "X", "layer": "floor", "version": "1", "last_checked": "2026-11-01",
        "confidence": "high", "disclaimer": "no advice",
    },
    "applies_when": {"establishment": ["DE"]},
    "mechanisms": [
        {"type": "scc", "citation": "A", "needs": ["impact_assessment"]},
        {"type": "legal_claims", "citation": "B", "occasional": True},
    ],
    "rules": [
        {
            "id": "x-1", "effect": "deny", "classes": ["all"], "ops": ["export", "replicate_share"],
            "to_not": ["EEA"], "unless_any": ["scc", "legal_claims"], "because": "law", "citation": "A",
            "confidence": "high",
        },
        {
            "id": "x-2", "effect": "deny", "classes": ["all"], "ops": ["relocate"], "to_not": ["EEA"],
            "unless_all": ["notification", "bcr", "incident_mode"], "because": "law", "citation": "A",
            "confidence": "high",
        },
    ],
}  # fmt: skip


def bundle(
    *instruments: dict[str, object], at_s: int = AT_S, flows: tuple[object, ...] = (OPEN,)
) -> CompiledBundle:
    return compiled(policy(flows=list(flows), instruments=list(instruments)), at_s=at_s)


def decided(bundle: CompiledBundle, asked: Question) -> Decision:
    """The decision, which the interpreter has to share."""
    decision = bundle.profile_for("T1", "DE").decide(asked)
    (document,) = bundle.policies
    assert bare(decision) == interpret(bundle.stack_for(document, "DE"), asked)
    return decision


def test_a_floor_is_lifted_by_an_instrument_of_its_mechanisms_and_the_decision_names_it() -> None:
    assert decided(bundle(), GUEST).code == "INSTRUMENT_MISSING"
    decision = decided(bundle(instrument("ins-1", "scc")), GUEST)
    assert (decision.allow, decision.instrument, decision.valid_until_s) == (True, "ins-1", UNTIL_S)
    floor = [one for one in decision.because if one.clause == "eea-1-disclose"]
    assert [(one.layer, one.text, one.cite) for one in floor] == [
        ("floor", "satisfied by ins-1", "GDPR Art. 46")
    ]
    assert decided(bundle(instrument("ins-1", "treaty")), GUEST).code == "INSTRUMENT_MISSING"


@pytest.mark.parametrize(
    ("keys", "asked"),
    [
        ({"to": ["IN"]}, GUEST),
        ({"classes": ["file_content"]}, GUEST),
        ({"ops": ["export"]}, GUEST),
        ({}, replace(GUEST, viewer=Viewer("guest", "IN"))),
        ({}, replace(GUEST, viewer=Viewer("guest", "ZZ"))),
        ({"valid": {"from": "2026-12-01", "until": "2027-01-01"}}, GUEST),
    ],
)
def test_an_instrument_lifts_nothing_outside_of_its_scope(keys: dict[str, object], asked: Question) -> None:
    decision = decided(bundle(instrument("ins-1", "scc", **keys)), asked)
    assert (decision.allow, decision.code) == (False, "INSTRUMENT_MISSING")


def test_each_place_that_is_caught_needs_a_ground_of_its_own() -> None:
    asked = replace(GUEST, viewer=Viewer("guest", "IN"))
    to_us, to_in = instrument("ins-us", "scc"), instrument("ins-in", "bcr", to=["IN"])
    assert not decided(bundle(to_us), asked).allow
    assert not decided(bundle(to_in), asked).allow
    decision = decided(bundle(to_us, to_in), asked)
    assert decision.allow
    assert [one.text for one in decision.because if one.layer == "floor"][:2] == [
        "satisfied by ins-in",
        "satisfied by ins-us",
    ]
    adequate = decided(bundle(to_us), replace(GUEST, viewer=Viewer("guest", "BR")))
    assert (adequate.allow, adequate.instrument) == (True, "ins-us")
    assert "satisfied by adequacy" in [one.text for one in adequate.because]


def test_an_instrument_counts_from_its_first_second_and_not_a_second_longer() -> None:
    now = bundle(instrument("ins-1", "scc"))
    assert now.at(UNTIL_S - 1) is now
    assert decided(now, GUEST).allow
    later = now.at(UNTIL_S)
    refused = decided(later, GUEST)
    assert (refused.code, refused.rule) == ("INSTRUMENT_EXPIRED", "floor/eea eea-1-disclose")
    assert "E-INSTRUMENT-EXPIRED" in [finding.code for finding in later.warnings]
    early = bundle(instrument("ins-1", "scc"), at_s=FROM_S - 1)
    assert early.valid_until_s == FROM_S
    assert decided(early, GUEST).code == "INSTRUMENT_MISSING"
    assert decided(early.at(FROM_S), GUEST).allow


def test_a_permit_stands_only_under_its_instruments_and_as_far_as_they_reach() -> None:
    under = {**flow("F1", "permit", ops=["disclose", "export"], to=["DE", "US", "CH"]), "using": ["ins-1"]}
    employee = question("disclose", "DE", "US")
    now = bundle(instrument("ins-1", "scc", to=["DE", "US"]), flows=(under,))
    decision = decided(now, employee)
    assert (decision.allow, decision.instrument) == (True, "ins-1")
    swiss = replace(employee, dst="eu-central-1", viewer=Viewer("employee", "CH"))
    assert decided(now, swiss).code == "CLOSED", "the instrument does not reach Switzerland"
    assert decided(now, replace(employee, op="export")).code != "OK", "nor the operation"
    lapsed = decided(now.at(UNTIL_S), employee)
    assert (lapsed.code, lapsed.rule) == ("INSTRUMENT_EXPIRED", "sample/main F1")
    early = decided(bundle(instrument("ins-1", "scc"), flows=(under,), at_s=FROM_S - 1), employee)
    assert early.code == "INSTRUMENT_MISSING"


def test_no_instrument_of_a_customer_makes_a_destination_adequate() -> None:
    assert not decided(bundle(instrument("ins-1", "adequacy", to=["US"])), GUEST).allow


def with_pack(*instruments: dict[str, object]) -> CompiledBundle:
    permit = flow("F1", "permit", ops=["export", "replicate_share", "relocate"], to=["US"])
    texts = (json.dumps(PACK), json.dumps(policy(flows=[permit], instruments=list(instruments))))
    floors = tuple(text for text in builtin_floors() if "id: floor/eea" not in text)
    eea = builtin_floors()[0].replace("personal", "credential")
    return compile_bundle(Bundle(1, (*texts, eea, *floors), BUILTIN_REGIONS), AT_S)


def test_a_law_that_wants_an_assessment_is_not_satisfied_without_its_number() -> None:
    asked = question("export", "DE", "US", "system")
    wide: dict[str, object] = {"ops": ["export", "replicate_share"]}
    assert decided(with_pack(instrument("ins-1", "scc", **wide)), asked).allow
    bare_paper = instrument("ins-1", "scc", **wide, evidence={"ref": "1"})
    assert decided(with_pack(bare_paper), asked).code == "INSTRUMENT_MISSING"


def test_a_ground_for_single_acts_serves_no_systematic_flow() -> None:
    claim = instrument("ins-1", "legal_claims", ops=["export", "replicate_share"])
    assert decided(with_pack(claim), question("export", "DE", "US", "system")).allow
    shared = question("replicate_share", "DE", "US", "system")
    assert decided(with_pack(claim), shared).code == "INSTRUMENT_MISSING"
    single = instrument("ins-1", "scc", ops=["export", "replicate_share"], occasional=True)
    assert decided(with_pack(single), shared).code == "INSTRUMENT_MISSING"


def test_mechanisms_and_facts_that_a_law_wants_together_count_only_together() -> None:
    asked = question("relocate", "DE", "US", "system", facts=frozenset({"incident_mode"}))
    first = instrument("ins-1", "notification", ops=["relocate"])
    second = instrument("ins-2", "bcr", ops=["relocate"], to=["US", "IN"])
    decision = decided(with_pack(first, second), asked)
    assert (decision.allow, decision.instrument) == (True, "ins-1")
    assert "satisfied by ins-2 and ins-1" in [one.text for one in decision.because]
    assert not decided(with_pack(first, second), replace(asked, facts=frozenset())).allow
    assert not decided(with_pack(first), asked).allow
    assert not decided(with_pack(second), asked).allow


def test_a_ground_that_ended_gives_its_code_only_where_its_facts_hold() -> None:
    first = instrument("ins-1", "notification", ops=["relocate"], valid={"until": "2026-11-01"})
    second = instrument("ins-2", "bcr", ops=["relocate"])
    asked = question("relocate", "DE", "US", "system")
    assert decided(with_pack(first, second), asked).code == "INSTRUMENT_MISSING"
    stated = replace(asked, facts=frozenset({"incident_mode"}))
    assert decided(with_pack(first, second), stated).code == "INSTRUMENT_EXPIRED"


def test_an_instrument_in_a_document_of_its_own_counts_for_the_policies_that_it_names() -> None:
    def separate(*names: str) -> CompiledBundle:
        document = {
            "apiVersion": "residency/v1", "kind": "Instrument",
            "metadata": {"id": "sample/ins", "title": "I"}, "policies": list(names),
            "instrument": instrument("ins-1", "scc"),
        }  # fmt: skip
        whole = bundle_of(policy(metadata=METADATA, flows=[OPEN]))
        return compile_bundle(Bundle(1, (*whole.documents, json.dumps(document)), whole.regions), AT_S)

    assert decided(separate("sample/main"), GUEST).instrument == "ins-1"
    assert separate("sample/main").valid_until_s == UNTIL_S
    assert not decided(separate("sample/other"), GUEST).allow


def test_the_nearest_change_names_the_types_of_instrument_that_would_help() -> None:
    near = decided(bundle(), GUEST).nearest
    assert near.startswith("an instrument of type ad_hoc_clauses or bcr or certification")
    other = decided(bundle(flows=()), GUEST).nearest
    assert not other.startswith("an instrument"), "a closed policy would refuse it all the same"
