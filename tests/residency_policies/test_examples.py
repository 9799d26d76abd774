"""Three policies of firms in Germany, India and Russia: they load whole, and all that they promise holds."""

from dataclasses import replace
from pathlib import Path

import pytest

from residency_policies.builtin import BUILTIN_REGIONS, builtin_floors, reference_packs
from residency_policies.bundle import Bundle, CompiledBundle, check_bundle, compile_bundle
from residency_policies.compile import compile_stack
from residency_policies.decide import SafeCoreProfile, TableProfile
from residency_policies.decision import Decision, Question, Region, Viewer
from residency_policies.errors import BundleError
from residency_policies.interpret import interpret
from residency_policies.retention import terms_of
from residency_policies.vocabulary import OBLIGATIONS
from tests.residency_policies.support import bare, points

FOLDER = Path(__file__).parent / "examples"
BEGINS_S = 1_798_761_600  # 2027-01-01T00:00:00Z
NOTICE_ENDS_S = 1_824_940_800  # 2027-10-31T00:00:00Z
REGIONS = (*BUILTIN_REGIONS, Region("r-fr", "FR"), Region("r-kz", "KZ"), Region("r-ru", "RU"))
REGION_OF = {region.country: region.id for region in REGIONS}
# name: workspace, establishment, number of tests
EXAMPLES = {
    "germany": ("T4NRD8XC2HT", "DE", 9),
    "india": ("T9RPW3AY7KC", "IN", 5),
    "russia": ("T2VGA5TSRQ8", "RU", 4),
}


def bundle_of(name: str) -> Bundle:
    own = (FOLDER / f"{name}.yaml").read_text("utf-8")
    if name == "russia":
        return Bundle(1, (own, *reference_packs(), *builtin_floors()), REGIONS)
    return Bundle(1, (own, *builtin_floors()), REGIONS[:-1])


def decided(
    bundle: CompiledBundle, name: str, op: str, data_class: str, src: str, dst: str, relation: str
) -> Decision:
    workspace, establishment, _ = EXAMPLES[name]
    question = Question(
        workspace, 1, op, data_class, REGION_OF[src], REGION_OF[dst], Viewer(relation, dst), "local",
        can=frozenset(OBLIGATIONS),
    )  # fmt: skip
    return bundle.profile_for(workspace, establishment).decide(question)


@pytest.mark.parametrize("name", ["germany", "india"])
def test_an_example_may_be_put_into_force(name: str) -> None:
    assert check_bundle(bundle_of(name), BEGINS_S).policies


def test_an_example_under_a_pack_for_reference_is_not_put_into_force_for_that_alone() -> None:
    with pytest.raises(BundleError) as refused:
        check_bundle(bundle_of("russia"), BEGINS_S)
    assert {finding.code for finding in refused.value.findings} == {"E-REFERENCE"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_keeps_every_promise(name: str) -> None:
    compiled = compile_bundle(bundle_of(name), BEGINS_S)
    policy = next(one for one in compiled.policies if one.id == f"example/{name}")
    assert len(policy.tests) == EXAMPLES[name][2]
    assert [finding.code for finding in compiled.warnings if finding.document == policy.id] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_begins_at_its_instant(name: str) -> None:
    workspace, establishment, _ = EXAMPLES[name]
    before = compile_bundle(bundle_of(name), BEGINS_S - 1)
    assert before.valid_until_s == BEGINS_S
    assert isinstance(before.profile_for(workspace, establishment), SafeCoreProfile)
    assert not isinstance(before.at(BEGINS_S).profile_for(workspace, establishment), SafeCoreProfile)


def test_a_copy_under_a_notice_stops_when_the_notice_ends() -> None:
    bundle = compile_bundle(bundle_of("russia"), BEGINS_S)
    copied = decided(bundle, "russia", "replicate_dr", "profile_pii", "RU", "KZ", "system")
    assert (copied.allow, copied.instrument, copied.valid_until_s) == (True, "ins-rkn-kz", NOTICE_ENDS_S)
    assert [one.do for one in copied.obligations] == ["commit_primary_first", "ledger_entry"]
    last = bundle.at(NOTICE_ENDS_S - 1)
    assert decided(last, "russia", "disclose", "message_body", "RU", "KZ", "employee").allow
    later = last.at(NOTICE_ENDS_S)
    for op, relation in (("replicate_dr", "system"), ("disclose", "employee")):
        assert decided(later, "russia", op, "message_body", "RU", "KZ", relation).code == "INSTRUMENT_EXPIRED"
    assert decided(later, "russia", "store", "message_body", "RU", "RU", "system").allow


def test_what_documents_say_of_copies_keys_and_terms_is_there_to_be_read() -> None:
    compiled = compile_bundle(bundle_of("india"), BEGINS_S)
    policy = next(one for one in compiled.policies if one.id == "example/india")
    (entry,) = policy.placement
    assert (entry.replicas_min, entry.backups_max_age_days, entry.custody) == (1, 30, "platform_hsm")
    terms = {(term.data_class, term.after): term for term in terms_of(compiled.first_stack(policy))}
    kept = terms["profile_pii", "account_closure"]
    assert kept.low is not None
    assert (kept.low.days, kept.high, kept.possible) == (180, None, True)
    stored = decided(compiled, "india", "store", "audit_log", "IN", "IN", "system")
    assert "retain_min" in [one.do for one in stored.obligations]
    russia = compile_bundle(bundle_of("russia"), BEGINS_S).policies[0]
    assert russia.placement[0].primary_first


@pytest.mark.long
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("name", EXAMPLES)
def test_table_and_interpreter_agree_at_every_equivalence_point_of_an_example(name: str) -> None:
    compiled = compile_bundle(bundle_of(name), BEGINS_S)
    policy = next(one for one in compiled.policies if one.id == f"example/{name}")
    stack = compiled.first_stack(policy)
    profile = TableProfile(compile_stack(stack), 1, stack.boundary_s)
    count = 0
    for asked in points(profile.table):
        for facts in ((), ("channel_tag:project-d",), ("rbi_foreign_leg",)):
            stated = replace(asked, facts=frozenset(facts))
            assert bare(profile.decide(stated)) == interpret(stack, stated), stated
        count += 1
    assert count == len(profile.table.cells)
