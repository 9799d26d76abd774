"""Bundles: one hash for one meaning, refusal of what does not fit together, facts that end."""

import json
import random

import pytest

from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents, builtin_floors
from residency_policies.bundle import Bundle, check_bundle, compile_bundle, load_bundle
from residency_policies.decide import SafeCoreProfile
from residency_policies.decision import Region
from residency_policies.errors import BundleError, DocumentError, PolicyError
from tests.residency_policies.support import (
    AT_S,
    METADATA,
    STALE,
    bundle_of,
    compiled,
    flow,
    policy,
    question,
    random_policy,
)

GOLDEN_HASH = "0747ecf29db99195a61e8661c8d49c7501cf0724662f52dc5a846a4857adefa0"


def shuffled(value: object, chance: random.Random) -> object:
    """The same meaning: keys and lists in another order."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    if isinstance(value, list):
        items = [shuffled(item, chance) for item in value]
        chance.shuffle(items)
        return items
    return value


def codes_of(error: PolicyError) -> list[str]:
    return [finding.code for finding in error.findings]


def test_the_bytes_of_a_bundle_do_not_change_by_accident() -> None:
    values = policy(flows=[flow("F1", "permit", to=["EEA", "CH"], obligations=["ledger_entry"])])
    bundle = Bundle(7, (json.dumps(values),), (Region("eu-central-1", "DE"),))
    assert bundle.hash == GOLDEN_HASH
    assert bundle.canonical_bytes.startswith(b'{"blocs":"')
    assert b'"schema":"bundle/v1","version":7,"vocabulary":2}' in bundle.canonical_bytes


def test_order_of_documents_rules_and_keys_does_not_change_the_hash() -> None:
    chance = random.Random(3)
    values = random_policy(chance)
    plain = bundle_of(values)
    for _ in range(10):
        other = bundle_of(shuffled(values, chance))  # type: ignore[arg-type]
        documents, regions = list(other.documents), list(other.regions)
        chance.shuffle(documents)
        chance.shuffle(regions)
        assert Bundle(1, tuple(documents), tuple(regions)).hash == plain.hash


def test_comments_and_layout_do_not_change_the_hash_and_a_word_does() -> None:
    first = bundle_of(policy())
    pretty = Bundle(1, (*builtin_floors(), "# a note\n" + json.dumps(policy(), indent=2)), BUILTIN_REGIONS)
    assert first.hash == pretty.hash
    assert first.hash != bundle_of(policy(default="open")).hash
    assert first.hash != bundle_of(policy(), version=2).hash


def test_a_bundle_survives_its_own_bytes() -> None:
    title = {"id": "sample/main", "title": 'Ünïcode "quotes" \\ 𝄞 : - #', "layer": "workspace"}
    bundle = bundle_of(policy(metadata=title))
    again = load_bundle(bundle.canonical_bytes)
    assert again.canonical_bytes == bundle.canonical_bytes
    assert again.hash == bundle.hash
    assert compile_bundle(again, AT_S).profile_for("T1", "DE").hash == (
        compile_bundle(bundle, AT_S).profile_for("T1", "DE").hash
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda v: {**v, "vocabulary": 1}, "E-VOCABULARY"),
        (lambda v: {**v, "blocs": "0" * 64}, "E-VOCABULARY"),
        (lambda v: {**v, "schema": "bundle/v2"}, "E-BUNDLE"),
        (lambda v: {**v, "version": True}, "E-BUNDLE"),
        (lambda v: {**v, "version": 0}, "E-BUNDLE"),
        (lambda v: {**v, "more": 1}, "E-BUNDLE"),
        (lambda v: {**v, "regions": [{"id": "x"}]}, "E-REGION"),
        (lambda v: {**v, "regions": []}, "E-REGION"),
        (lambda v: {**v, "documents": list(reversed(v["documents"]))}, "E-BUNDLE"),
        (lambda v: {**v, "documents": ["text"]}, "E-TYPE"),
    ],
)
def test_bytes_of_another_shape_are_refused(change: object, code: str) -> None:
    value = json.loads(bundle_of(policy()).canonical_bytes)
    data = json.dumps(change(value), sort_keys=True, separators=(",", ":")).encode()  # type: ignore[operator]
    with pytest.raises(PolicyError) as caught:
        load_bundle(data)
    assert code in codes_of(caught.value)


def test_bytes_that_are_not_canonical_are_refused() -> None:
    data = bundle_of(policy()).canonical_bytes
    for wrong in (b"", b"\xff", data + b"\n", data[:-1], b"[" * 100_000, b'{"a":1.5}'):
        with pytest.raises(BundleError):
            load_bundle(wrong)


def test_a_bundle_without_a_mandatory_floor_does_not_compile() -> None:
    bundle = Bundle(1, (*builtin_floors()[1:], json.dumps(policy())), BUILTIN_REGIONS)
    with pytest.raises(BundleError) as caught:
        compile_bundle(bundle, AT_S)
    assert codes_of(caught.value) == ["E-FLOOR-MISSING"]


def test_two_policies_for_one_establishment_or_workspace_do_not_compile() -> None:
    other = {"id": "other/main", "title": "Other", "layer": "workspace"}
    with pytest.raises(BundleError) as caught:
        compiled(policy(), policy(metadata=other))
    assert codes_of(caught.value) == ["E-AMBIGUOUS"]
    named = {"workspaces": ["T1"], "establishment": "DE"}
    compiled(policy(), policy(metadata=other, applies_to=named))
    with pytest.raises(BundleError):
        compiled(policy(applies_to=named), policy(metadata=other, applies_to={"workspaces": ["T1"]}))


def test_one_id_twice_and_an_unknown_pack_are_refused() -> None:
    with pytest.raises(DocumentError) as twice:
        compiled(policy(), policy(applies_to={"establishment": "FR"}))
    assert codes_of(twice.value) == ["E-DUPLICATE"]
    with pytest.raises(BundleError) as dangling:
        compiled(policy(packs=["floor/none"]))
    assert codes_of(dangling.value) == ["E-REF"]


def test_a_policy_that_names_the_workspace_comes_before_its_establishment() -> None:
    permit = flow("F1", "permit", to=["EEA"])
    special = policy(
        metadata={"id": "special/main", "title": "Special", "layer": "workspace"},
        applies_to={"workspaces": ["T2"], "establishment": "DE"},
        flows=[permit],
    )
    both = compiled(policy(), special)
    asked = question("disclose", "DE", "DE")
    assert both.profile_for("T1", "DE").decide(asked).code == "CLOSED"
    assert both.profile_for("T2", "DE").decide(asked).allow
    contradicting = both.profile_for("T2", "US")
    assert isinstance(contradicting, SafeCoreProfile), "a policy for another establishment rules nothing"


def test_a_failing_expectation_stops_the_activation_and_names_its_line() -> None:
    text = json.dumps(policy(), indent=1)[:-2] + (
        ',\n "tests": [\n  {"name": "wrong", "op": "disclose", "class": "message_body", "from": "DE",'
        ' "to": "US", "viewer": "guest", "expect": "allow"}]}'
    )
    bundle = Bundle(1, (*builtin_floors(), text), BUILTIN_REGIONS)
    with pytest.raises(BundleError) as caught:
        check_bundle(bundle, AT_S)
    (finding,) = caught.value.findings
    found = [one for one in compile_bundle(bundle, AT_S).warnings if one.document not in STALE]
    assert found == [finding], "what runs goes on running"
    assert (finding.code, finding.line) == ("E-TEST", text[: text.index('"wrong"')].count("\n") + 1)


FACT = {
    "id": "recipient_dpf_certified",
    "owner": "officer",
    "until": "2027-01-01T00:00:00Z",
    "evidence": "EX-1",
    "because": "listed",
}
UNTIL_S = 1_798_761_600


def test_a_fact_counts_until_its_end_and_not_a_second_longer() -> None:
    search = flow("F1", "permit", ops=["search_from"], to=["EEA", "US"])
    asked = question("search_from", "DE", "US")
    without = compiled(policy(flows=[search]))
    assert without.profile_for("T1", "DE").decide(asked).code == "INSTRUMENT_MISSING"
    now = compiled(policy(flows=[search], facts=[FACT]))
    assert now.valid_until_s == UNTIL_S
    decision = now.profile_for("T1", "DE").decide(asked)
    assert (decision.allow, decision.valid_until_s) == (True, UNTIL_S)
    assert now.at(UNTIL_S - 1) is now
    later = now.at(UNTIL_S)
    refused = later.profile_for("T1", "DE").decide(asked)
    assert (refused.allow, refused.code, refused.rule) == (False, "INSTRUMENT_EXPIRED", "floor/eea eea-1")
    assert "W-EXPIRES" in [finding.code for finding in later.warnings]
    assert {one.document for one in now.warnings} == STALE


def test_an_expired_fact_fails_conditions_and_exceptions_but_keeps_denies() -> None:
    condition = {"fact": "recipient_dpf_certified"}
    permit = flow("F1", "permit", to=["DE"], when=condition)
    assert (
        compiled(policy(flows=[permit], facts=[FACT]))
        .profile_for("T1", "DE")
        .decide(question("disclose", "DE", "DE"))
        .allow
    )
    for flows in (
        [permit],
        [flow("F1", "permit", to=["DE"], unless=condition)],
        [flow("F1", "permit", to=["DE"]), flow("F2", "deny", unless=condition)],
        [flow("F1", "permit", to=["DE"]), flow("F2", "deny", when=condition)],
    ):
        expired = compiled(policy(flows=flows, facts=[FACT]), at_s=UNTIL_S)
        assert not expired.profile_for("T1", "DE").decide(question("disclose", "DE", "DE")).allow, flows


def dated(number: str = "sample/main", **keys: object) -> dict[str, object]:
    return {**METADATA, "id": number, **keys}


def test_a_policy_counts_from_its_start_and_the_workspace_has_what_it_had_before() -> None:
    general = policy(flows=[flow("F1", "permit", to=["CH"])])
    named = policy(
        metadata=dated("sample/named", effective={"from": "2027-01-01"}), applies_to={"workspaces": ["T1"]}
    )
    asked = question("store", "DE", "DE", "system")
    bundle = compiled(general, named)
    assert bundle.valid_until_s == UNTIL_S
    before = bundle.profile_for("T1", "DE").decide(asked)
    assert (before.allow, before.because[0].policy) == (True, "sample/main")
    after = bundle.at(UNTIL_S).profile_for("T1", "DE").decide(asked)
    assert (after.allow, after.because[0].policy) == (True, "sample/named")
    assert bundle.at(UNTIL_S).profile_for("T2", "DE").decide(asked).because[0].policy == "sample/main"


def test_a_later_version_of_a_policy_takes_its_place_at_its_start() -> None:
    first = policy(metadata=dated(version=1))
    second = policy(metadata=dated(version=2, effective={"from": "2027-01-01"}), placement=None)
    asked = question("store", "DE", "DE", "system")
    bundle = compiled(first, second)
    assert bundle.at(UNTIL_S - 1).profile_for("T1", "DE").decide(asked).allow
    refused = bundle.at(UNTIL_S).profile_for("T1", "DE").decide(asked)
    assert (refused.code, refused.because[0].version) == ("CLOSED", 2)
    with pytest.raises(DocumentError) as caught:
        compiled(first, policy(metadata=dated(version=2)))
    assert codes_of(caught.value) == ["E-DUPLICATE"]


def test_a_table_that_becomes_too_large_with_time_is_the_safe_core_and_never_an_error() -> None:
    many = [flow(f"F{n}", "permit", to=["DE"], when={"channel_tag": f"tag{n}"}) for n in range(9)]
    bundle = compiled(policy(), policy(metadata=dated(effective={"from": "2027-01-01"}), flows=many))
    later = bundle.at(UNTIL_S)
    assert isinstance(later.profile_for("T1", "DE"), SafeCoreProfile)
    assert "E-GUARD" in [finding.code for finding in later.warnings]


def test_the_built_in_documents_make_a_bundle_that_warns_of_old_facts_alone() -> None:
    warnings = compile_bundle(Bundle(1, builtin_documents(), BUILTIN_REGIONS), AT_S).warnings
    assert {(one.code, one.document) for one in warnings} == {("W-UNCHECKED-FACT", name) for name in STALE}


def test_who_puts_documents_into_force_is_shown_what_checks_only_warn_of() -> None:
    weak = {
        "apiVersion": "residency/v1",
        "kind": "FloorPack",
        "metadata": {
            "id": "floor/x", "title": "X", "layer": "floor", "version": "1", "last_checked": "2026-11-01",
            "confidence": "low", "disclaimer": "no advice",
        },
        "applies_when": {"establishment": ["DE"]},
        "rules": [],
    }  # fmt: skip
    whole = bundle_of(policy())
    bundle = Bundle(1, (*whole.documents, json.dumps(weak)), whole.regions)
    found = [one.code for one in check_bundle(bundle, AT_S).warnings if one.document not in STALE]
    assert found == ["W-LOWCONF"]
    assert {one.document for one in compile_bundle(bundle, AT_S).warnings} == STALE


def test_what_a_check_refuses_is_not_put_into_force_and_goes_on_where_it_runs() -> None:
    entry = {
        "id": "P1", "classes": ["content"], "primary": {"in": ["DE"]}, "replicas": {"in": ["LU"], "min": 1},
        "because": "home",
    }  # fmt: skip
    bundle = bundle_of(policy(placement=[entry]))
    with pytest.raises(BundleError) as caught:
        check_bundle(bundle, AT_S)
    assert codes_of(caught.value) == ["E-REPLICA-MIN"]
    assert {one.document for one in compile_bundle(bundle, AT_S).warnings} == STALE
