"""A bundle at an instant: one profile for equal askers, and the safe core where nothing rules."""

import json
from dataclasses import replace

import pytest

from residency_policies import compiled as module
from residency_policies.builtin import BUILTIN_REGIONS, MANDATORY_FLOORS, builtin_floors
from residency_policies.bundle import Bundle, CompiledBundle, compile_bundle
from residency_policies.channels import ChannelProfile
from residency_policies.compile import compile_stack
from residency_policies.decide import SafeCoreProfile, TableProfile
from residency_policies.errors import BundleError
from residency_policies.model import Policy
from tests.residency_policies.sample_law import CHANNEL, FIRM, GROUP, SEPARATE, UNTIL_S, WAIVED_S, WAIVER
from tests.residency_policies.support import AT_S, METADATA, compiled, flow, instrument, policy, question
from tests.residency_policies.test_instruments import PACK

FROM_S = 1_790_812_800  # 2026-10-01T00:00:00Z


def of(*documents: dict[str, object], at_s: int = AT_S, strict: bool = True) -> CompiledBundle:
    """A bundle of the documents, the mandatory packs and the pack that the firm names."""
    texts = (*builtin_floors(), *(json.dumps(one) for one in (PACK, *documents)))
    return CompiledBundle(Bundle(3, texts, BUILTIN_REGIONS), at_s, strict=strict)


def main(bundle: CompiledBundle, number: str = "firm/main") -> Policy:
    return next(one for one in bundle.policies if one.id == number)


def sentences(error: BundleError) -> list[str]:
    return [str(one) for one in error.findings]


def test_equal_askers_share_a_profile_and_others_have_their_own() -> None:
    bundle = of(FIRM, GROUP, {**CHANNEL, "applies_to": {"workspaces": ["T9"], "channels": ["C1"]}})
    first = bundle.profile_for("T5", "DE", ("US", "FR"), ("a.x", "b.y"))
    assert bundle.profile_for("T5", "DE", iter(("US", "FR")), iter(("a.x", "b.y"))) is first
    assert bundle.profile_for("T6", "DE", ("FR", "US", "US"), ("b.y", "a.x", "a.x")) is first
    others = [
        bundle.profile_for("T5", "DE", ("US",), ("a.x", "b.y")),
        bundle.profile_for("T5", "DE", ("US", "FR"), ("a.x",)),
        bundle.profile_for("T1", "DE", ("US", "FR"), ("a.x", "b.y")),
        bundle.profile_for("T9", "DE", ("US", "FR"), ("a.x", "b.y")),
    ]
    assert len({id(one) for one in (first, *others)}) == 5
    assert isinstance(others[3], ChannelProfile)
    assert all(isinstance(one, TableProfile) for one in (first, *others[:3]))


@pytest.mark.parametrize(("asked", "made"), [(1, 8), (8, 2)])
def test_what_is_remembered_is_bounded_and_changes_no_decision(
    monkeypatch: pytest.MonkeyPatch, asked: int, made: int
) -> None:
    whole = of(FIRM)
    monkeypatch.setattr(module, "ASKERS_MAX", asked)
    monkeypatch.setattr(module, "PROFILES_MAX", made)
    bundle = of(FIRM)
    for _ in range(2):
        for country in ("US", "IN", "SG"):
            subjects = (country,)
            found = bundle.profile_for("T1", "DE", subjects)
            assert found.hash == whole.profile_for("T1", "DE", subjects).hash
            assert bundle.profile_for("T1", "DE", subjects) is found, "the last is remembered"
            assert len(bundle._askers) <= asked
            assert len(bundle._profiles) <= made
    assert len(bundle._profiles) == min(made, 4), "and no fewer than fit: that of the policy itself is there"


def test_so_many_profiles_are_made_beforehand_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WARMED_MAX", 2)
    asked, bundle = of(FIRM), of(FIRM)
    for subjects in ((), ("US",), ("IN",), ("SG",)):
        asked.profile_for("T1", "DE", subjects)
    bundle.warm(asked.askers)
    assert bundle.askers == [("T1", "DE", subjects, ()) for subjects in ((), ("US",), ("IN",))]
    assert len(bundle._profiles) == 1 + 2, "that of the policy is there, two are made"


def test_a_bundle_that_is_not_valid_at_an_instant_is_compiled_for_it_and_never_fails() -> None:
    bundle = of(FIRM, WAIVER | {"pack": "floor/eea", "clauses": ["eea-1-disclose"]})
    assert (bundle.valid_until_s, bundle.version, bundle.hash) == (WAIVED_S, 3, bundle.bundle.hash)
    assert bundle.at(AT_S) is bundle
    assert bundle.at(WAIVED_S - 1) is bundle
    later, before = bundle.at(WAIVED_S), bundle.at(AT_S - 1)
    assert (later.at_s, later.valid_until_s) == (WAIVED_S, UNTIL_S)
    assert before.at_s == AT_S - 1
    assert bundle.at(10**10).valid_until_s is None
    assert bundle.at(10**10).at(10**11) is not bundle
    last = bundle.at(10**10)
    assert last.at(10**11) is last, "what has no end goes on"


def test_where_nothing_rules_there_is_the_safe_core_and_it_is_one() -> None:
    bundle = of(FIRM)
    core = bundle.profile_for("T1", "FR")
    assert isinstance(core, SafeCoreProfile)
    for establishment, subjects in (("XX", ()), ("", ()), ("DE", ("Atlantis",)), ("DE", ("CN", ""))):
        assert bundle.profile_for("T1", establishment, subjects) is core
    assert isinstance(bundle.profile_for("T1", "DE", ("EEA", "US-CA")), TableProfile)
    core_question = question("store", "DE", "DE", "system", bundle=3)
    assert core.decide(core_question).code == "OK", "under the version of the bundle, in its regions"
    assert core.decide(question("store", "DE", "US", "system", bundle=3)).code == "NO_TABLE"
    reference = of(policy(applies_to={"establishment": "RU"}))
    assert isinstance(reference.profile_for("T1", "RU"), SafeCoreProfile), "its law is for reference only"
    subject = of(policy(applies_to={"establishment": "UY", "subjects": ["CN"]}))
    assert isinstance(subject.profile_for("T1", "UY"), SafeCoreProfile)


def test_what_does_not_fit_together_is_told_at_once_and_in_order() -> None:
    broken = {**FIRM, "packs": ["floor/x", "floor/b", "floor/a"], "flows": [
        flow("F1", "permit", to=["US"], using=["ins-x", "ins-1", "ins-7", "ins-a"])]}  # fmt: skip
    with pytest.raises(BundleError) as caught:
        of(broken, SEPARATE, {**GROUP, "packs": ["floor/z"]})
    assert [one.partition(": E-")[2].partition(" Did you")[0] for one in sentences(caught.value)] == [
        "REF packs: no pack floor/z in the bundle.",
        "REF packs: no pack floor/a in the bundle.",
        "REF packs: no pack floor/b in the bundle.",
        'REF flows.F1.using: no instrument "ins-a".',
        'REF flows.F1.using: no instrument "ins-x".',
    ]
    texts = (*builtin_floors()[2:], json.dumps(FIRM))
    with pytest.raises(BundleError) as caught:
        compile_bundle(Bundle(3, texts, BUILTIN_REGIONS), AT_S)
    assert sentences(caught.value)[:2] == [
        f"bundle: E-FLOOR-MISSING documents: the mandatory floor {name} is missing. Add it."
        for name in sorted(MANDATORY_FLOORS[:2])
    ]


def test_two_policies_that_come_to_have_equal_rights_are_refused_before_they_do() -> None:
    late = {"id": "other/main", "title": "Other", "layer": "workspace", "effective": {"from": "2027-01-01"}}
    with pytest.raises(BundleError) as caught:
        compiled(policy(), policy(metadata=late))
    assert sentences(caught.value) == [
        "sample/main: E-AMBIGUOUS applies_to: DE is also covered by other/main. Keep one."
    ], "once, though they are ambiguous from then on"
    # What runs is not stopped: later instants are compiled without these checks.
    assert of(FIRM, strict=False).at(10**10).at_s == 10**10


def test_what_lies_around_a_policy_is_in_the_stack_of_those_whom_it_concerns() -> None:
    bundle = of(FIRM, GROUP, CHANNEL, WAIVER, SEPARATE)
    firm = main(bundle)

    def documents(**keys: object) -> list[str]:
        stack = bundle.stack_for(firm, "DE", **keys)  # type: ignore[arg-type]
        return [layer.document for layer in stack.layers if not layer.document.startswith("floor/")]

    assert documents() == ["firm/main"]
    assert documents(workspace="T1") == ["firm/group", "firm/main", "firm/red"]
    stack = bundle.stack_for(firm, "DE", ("IN",), ("group.x",))
    assert "floor/in" in [layer.document for layer in stack.layers]
    assert (stack.bundle, stack.at_s, len(stack.regions)) == (3, AT_S, len(BUILTIN_REGIONS))
    assert [one.id for one in bundle.instruments_of(firm)] == ["ins-1", "ins-2", "ins-3", "ins-4", "ins-7"]
    assert bundle.instruments_of(main(bundle, "firm/group")) == ()


def test_the_first_stack_of_a_policy_is_its_own_layer_in_what_surrounds_it() -> None:
    named = {**FIRM, "applies_to": {"workspaces": ["T1", "T2"], "subjects": ["FR"]}}
    bundle = of(named, GROUP, CHANNEL)

    def documents(number: str) -> list[str]:
        return [one.document for one in bundle.first_stack(main(bundle, number)).layers]

    assert documents("firm/main")[-2:] == ["firm/group", "firm/main"]
    assert documents("firm/group")[-1] == "firm/group"
    assert documents("firm/red")[-1] == "firm/red"
    assert "firm/red" not in documents("firm/main")
    binding = [one.id for one in of(FIRM).first_stack(main(of(FIRM))).binding]
    assert binding == ["floor/eea", "floor/x"], "the law of its seat and of its subjects, and what it names"


def test_the_table_of_a_policy_is_made_before_anybody_asks() -> None:
    bundle = of(FIRM, GROUP)
    ((key, made),) = bundle._profiles.items()
    assert key == ("firm/main", "DE", (), (), ())
    assert bundle.profile_for("T5", "DE") is made
    assert made.hash == compile_stack(bundle.first_stack(main(bundle))).hash
    assert made.boundary_s == WAIVED_S or made.boundary_s == UNTIL_S
    named = of({**FIRM, "applies_to": {"workspaces": ["T1"], "establishment": "DE"}}, GROUP)
    assert named.profile_for("T1", "DE") is next(iter(named._profiles.values()))


def test_an_explanation_is_of_the_profile_that_decides() -> None:
    bundle = of(FIRM, GROUP, CHANNEL)
    asked = question("disclose", "DE", "DE", bundle=3, workspace="T1")
    for ref in ("C1", "C2", ""):
        explained = bundle.explain(replace(asked, ref=ref), "DE")
        layers = [one.document for one in explained.layers]
        assert ("firm/red" in layers) == (ref != "C2"), ref
        assert explained.decision.code == bundle.profile_for("T1", "DE").decide(replace(asked, ref=ref)).code
    assert bundle.explain(asked, "FR").layers == (), "no policy, no layer"
    core = bundle.explain(replace(asked, dst="us-east-1"), "FR")
    assert (core.decision.code, core.layers, core.nearest) == ("NO_TABLE", (), ())
    with_subject = bundle.explain(asked, "DE", iter(("IN",)), iter(("sector.x",)))
    assert "floor/in" in [one.document for one in with_subject.layers]


def test_warnings_are_sorted_and_say_what_the_calendar_the_tests_and_the_bounds_say() -> None:
    wrong = {"name": "wrong", "op": "disclose", "class": "message_body", "from": "DE", "to": "RU",
             "viewer": "guest", "expect": "allow"}  # fmt: skip
    many = [flow(f"F{n}", "permit", to=["DE"], when={"channel_tag": f"tag{n}"}) for n in range(9)]
    bundle = of(
        {**FIRM, "tests": [wrong], "metadata": {**METADATA, "id": "firm/main", "review_by": "2026-01-01"}},
        policy(metadata={**METADATA, "id": "big/main"}, applies_to={"establishment": "FR"}, flows=many),
        strict=False,
    )
    own = [one for one in bundle.warnings if one.document in ("firm/main", "big/main")]
    assert list(bundle.warnings) == sorted(bundle.warnings)
    assert {(one.document, one.code) for one in own} == {
        ("firm/main", "E-TEST"), ("firm/main", "W-REVIEW"), ("firm/main", "E-INSTRUMENT-EXPIRED"),
        ("big/main", "E-GUARD"),
    }  # fmt: skip


BY_TAG = flow("F9", "permit", to=["DE"], when={"workspace_tag": "sector.x"})
NAMED: dict[str, object] = {
    **policy(metadata={**METADATA, "id": "firm/main"}), "applies_to": {"workspaces": ["T1"]},
    "flows": [BY_TAG], "instruments": [instrument("ins-1", "scc")],
}  # fmt: skip
INDIA = {**CHANNEL, "instruments": [instrument("ins-9", "bcr", ops=["disclose", "export"], to=["IN"])],
         "flows": [flow("C1", "permit", ops=["disclose", "export"], to=["IN", "DE"])]}  # fmt: skip
OTHER = {**CHANNEL, "metadata": {"id": "firm/blue", "title": "Blue", "layer": "channel"},
         "applies_to": {"workspaces": ["T1"], "channels": ["C3"]}}  # fmt: skip


def test_the_law_is_that_of_the_seat_the_subjects_and_the_tags_of_whoever_is_asked_about() -> None:
    bundle = of(NAMED)
    named = main(bundle)

    def law(*asked: object) -> set[str]:
        binding = bundle.stack_for(named, *asked).binding  # type: ignore[arg-type]
        return {one.id for one in binding} & {"floor/x", "floor/in"}

    assert law("UY") == set()
    assert law("DE") == {"floor/x"}
    assert law("UY", ("IN",)) == {"floor/in"}
    for tags in ((), ("sector.x",)):
        clauses = {one.because.clause for one in bundle.stack_for(named, "DE", (), tags).rules}
        assert ("F9" in clauses) == bool(tags)
    for seat in ("DE", "UY"):
        stack, profile = bundle.stack_for(named, seat, workspace="T1"), bundle.profile_for("T1", seat)
        assert profile.hash == compile_stack(stack).hash
        assert profile.boundary_s == stack.boundary_s == UNTIL_S
        explained = bundle.explain(question("disclose", "DE", "DE", bundle=3), seat)
        assert {one.document for one in explained.layers} == {one.document for one in stack.layers}


def test_a_policy_that_names_a_workspace_rules_it_and_no_other() -> None:
    bundle = of(NAMED)
    assert bundle.policy_of("T1", "DE") is main(bundle)
    assert bundle.policy_of("T2", "DE") is None
    assert of(FIRM).policy_of("T2", "DE") is not None
    assert of(FIRM).policy_of("T2", "FR") is None
    asked = question("disclose", "DE", "DE", bundle=3)
    assert bundle.explain(asked, "DE").layers
    assert bundle.explain(asked, "DE", ("Atlantis",)).layers == (), (
        "where the safe core answers there is none"
    )
    assert bundle.explain(replace(asked, workspace="T2"), "DE").layers == ()


def test_a_channel_is_ruled_by_its_own_policies_and_what_they_rest_on() -> None:
    both, one, none = of(FIRM, INDIA, OTHER), of(FIRM, INDIA), of(FIRM)
    profile, alone = both.profile_for("T1", "DE"), one.profile_for("T1", "DE")
    assert isinstance(profile, ChannelProfile)
    assert isinstance(alone, ChannelProfile)
    assert profile.at("C1").hash == alone.at("C1").hash
    assert profile.at("C1").hash != alone.at("").hash, "its instrument helps where it is named"
    assert profile.at("C3").hash not in (profile.at("C1").hash, profile.at("").hash)
    assert profile.at("C9").hash == none.profile_for("T1", "DE").hash
    seen = set()
    for ref in ("C1", "C3", "C9", ""):
        for op in ("disclose", "export"):
            asked = question(op, "DE", "IN", "guest", bundle=3, ref=ref)
            told = both.explain(asked, "DE").decision.code
            assert told == profile.decide(asked).code, (ref, op)
            seen.add(told)
    assert len(seen) > 1


def test_what_runs_goes_on_where_two_policies_come_to_have_equal_rights() -> None:
    late = {**METADATA, "id": "other/main", "effective": {"from": "2027-01-01"}}
    bundle = of(policy(), policy(metadata=late), strict=False)
    assert bundle.at(10**10).at_s == 10**10


def test_a_fault_of_the_whole_bundle_has_no_place_and_no_policy_is_overlooked() -> None:
    with pytest.raises(BundleError) as caught:
        of(policy(packs=["floor/none"]))
    assert [one.code for one in caught.value.findings] == ["E-REF"]
    with pytest.raises(BundleError) as caught:
        compile_bundle(
            Bundle(3, (*builtin_floors()[1:], json.dumps(policy(packs=[]))), BUILTIN_REGIONS), AT_S
        )
    assert [(one.code, one.line, one.column) for one in caught.value.findings] == [("E-FLOOR-MISSING", 0, 0)]


def test_what_is_made_beforehand_decides_under_the_version_of_its_bundle_and_the_law_of_its_seat() -> None:
    bundle = of(
        {**FIRM, "packs": []},
        GROUP,
        {**GROUP, "metadata": {**METADATA, "id": "firm/all", "layer": "organisation"}},
    )
    assert bundle.profile_for("T5", "DE").decide(question("store", "DE", "DE", "system", bundle=3)).allow
    assert "floor/x" in [one.document for one in bundle.first_stack(main(bundle)).layers]
    layers = bundle.first_stack(main(bundle, "firm/group")).layers
    assert [one.document for one in layers if not one.document.startswith("floor/")] == ["firm/group"]
