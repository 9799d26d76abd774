"""Profiles answer every question, deny the unknown, and keep a workspace without a policy at home."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents
from residency_policies.bundle import Bundle, compile_bundle
from residency_policies.compile import compile_stack
from residency_policies.decide import Profile, SafeCoreProfile, TableProfile
from residency_policies.decision import Decision, Question, Region, Viewer, make_decision
from residency_policies.errors import BundleError
from residency_policies.vocabulary import CLASSES, CODES, OPERATIONS, PURPOSES, RELATIONS
from tests.residency_policies.sample_law import lone
from tests.residency_policies.support import ALL_OBLIGATIONS, AT_S, points, question

BUNDLE = compile_bundle(Bundle(1, builtin_documents(), BUILTIN_REGIONS), AT_S)
GERMAN = BUNDLE.profile_for("T1", "DE")
UNRULED = BUNDLE.profile_for("T1", "FR")
ALLOWED = question("disclose", "DE", "DE")


@pytest.mark.parametrize("profile", [GERMAN, UNRULED])
@pytest.mark.parametrize(
    "changes",
    [
        {"op": "teleport"},
        {"data_class": "content"},
        {"src": "eu-west-9"},
        {"dst": "DE"},
        {"viewer": Viewer("owner", "DE")},
        {"viewer": Viewer("employee", "XX")},
        {"viewer": Viewer("employee", "")},
        {"purpose": ""},
        {"facts": frozenset({"rumour"})},
        {"facts": frozenset({"recipient_dpf_certified"})},
        {"op": ["store"]},
        {"viewer": None},
        {"facts": 7},
    ],
)
def test_an_unknown_value_in_any_place_is_denied(profile: Profile, changes: dict[str, object]) -> None:
    assert profile.decide(ALLOWED).allow or profile is UNRULED
    assert not profile.decide(replace(ALLOWED, **changes)).allow  # type: ignore[arg-type]


def test_unknown_values_have_their_own_code() -> None:
    for name in ("op", "data_class", "src", "dst", "purpose"):
        assert GERMAN.decide(replace(ALLOWED, **{name: "?"})).code == "UNKNOWN_VALUE"  # type: ignore[arg-type]
    for viewer in (Viewer("?", "DE"), Viewer("employee", "?")):
        assert GERMAN.decide(replace(ALLOWED, viewer=viewer)).code == "UNKNOWN_VALUE"


words = st.one_of(
    st.text(max_size=6), st.sampled_from([*OPERATIONS, *CLASSES, *RELATIONS, *PURPOSES, "DE", "ZZ"])
)
regions = st.one_of(words, st.sampled_from([region.id for region in BUILTIN_REGIONS]))


@settings(max_examples=300, deadline=None)
@given(
    st.tuples(words, words, regions, regions, words, words, words),
    st.frozensets(words, max_size=3),
    st.frozensets(words, max_size=3),
    st.sampled_from((1, 1, 1, 2, -1)),
)
def test_every_question_has_one_decision_that_can_be_written_down(
    values: tuple[str, str, str, str, str, str, str], facts: frozenset[str], can: frozenset[str], bundle: int
) -> None:
    op, data_class, src, dst, relation, country, purpose = values
    asked = Question("T1", bundle, op, data_class, src, dst, Viewer(relation, country), purpose, facts, can)
    for profile in (GERMAN, UNRULED):
        decision = profile.decide(asked)
        assert decision is profile.decide(asked)
        assert decision.code in CODES
        assert decision.allow == (decision.code == "OK")
        json.dumps(decision.to_json())


def test_a_question_under_another_bundle_version_is_denied() -> None:
    for version in (0, 2):
        assert GERMAN.decide(replace(ALLOWED, bundle=version)).code == "BUNDLE_SKEW"
        assert UNRULED.decide(replace(ALLOWED, bundle=version)).code == "BUNDLE_SKEW"


def test_an_obligation_that_the_caller_cannot_meet_turns_the_allow_into_a_deny() -> None:
    asked = question("disclose", "DE", "US")
    assert GERMAN.decide(asked).allow
    refused = GERMAN.decide(replace(asked, can=ALL_OBLIGATIONS - {"ledger_entry"}))
    assert (refused.allow, refused.code) == (False, "OBLIGATION_UNSUPPORTED")
    assert "ledger_entry" in refused.officer_text
    assert GERMAN.decide(replace(ALLOWED, can=frozenset())).allow, "nothing is owed at home"


def test_callers_can_refuse_in_the_same_words() -> None:
    for profile in (GERMAN, UNRULED):
        assert profile.refuse("HALTED").code == "HALTED"
        assert profile.refuse("BUNDLE_SKEW").code == "BUNDLE_SKEW"
        assert not profile.refuse("NO_TABLE").allow
        assert profile.refuse("OK").code == "UNKNOWN_VALUE", "nobody can make an allow this way"


HOME = {"store", "process", "transit", "index", "search_from", "disclose"}


def test_a_caller_that_needs_a_policy_can_say_that_there_is_none() -> None:
    assert UNRULED.refuse("NO_TABLE").code == "NO_TABLE"


def test_without_a_policy_only_home_local_use_goes_on() -> None:
    assert isinstance(UNRULED, SafeCoreProfile)
    for op in OPERATIONS:
        for src in ("DE", "US"):
            for dst in ("DE", "US"):
                for relation in RELATIONS:
                    for purpose in PURPOSES:
                        asked = question(op, src, dst, relation, purpose=purpose)
                        home = op in HOME and src == dst and purpose == "local"
                        home = home and relation not in ("support", "authority")
                        decision = UNRULED.decide(asked)
                        assert (decision.allow, decision.code) == (
                            (True, "OK") if home else (False, "NO_TABLE")
                        )


def test_without_a_policy_nobody_abroad_and_no_key_is_served() -> None:
    for country in ("US", "ZZ"):
        assert not UNRULED.decide(question("disclose", "DE", "DE", viewer=Viewer("employee", country))).allow
    assert UNRULED.decide(question("store", "DE", "DE", viewer=Viewer("system", "ZZ"))).allow
    assert not UNRULED.decide(question("store", "DE", "DE", data_class="enc_key")).allow
    bound = UNRULED.bind("disclose", "message_body", "eu-central-1")
    assert bound("eu-central-1", "employee", "DE", "local", frozenset(), frozenset()).allow
    assert not bound("us-east-1", "employee", "US", "local", frozenset(), frozenset()).allow


def test_a_question_survives_its_json_and_other_shapes_are_refused() -> None:
    asked = replace(
        question("search_from", "DE", "US"), facts=frozenset({"channel_tag:red"}), ref="C7K2M9QX4WD"
    )
    shape = asked.to_json()
    assert Question.from_json(json.loads(json.dumps(shape))) == asked
    assert list(shape) == [
        "workspace", "bundle", "op", "class", "src", "dst", "viewer", "facts", "can", "purpose", "ref",
    ]  # fmt: skip
    wrongs: tuple[object, ...] = (
        None, [], {}, {**shape, "more": 1}, {**shape, "bundle": True}, {**shape, "bundle": "1"},
        {**shape, "op": 1},
        {**shape, "viewer": "employee"}, {**shape, "facts": "x"}, {**shape, "can": [1]},
        {**shape, "can": ["x"] * 65},
    )  # fmt: skip
    for wrong in wrongs:
        with pytest.raises(BundleError):
            Question.from_json(wrong)


def test_a_decision_has_the_agreed_shape() -> None:
    allow = GERMAN.decide(question("disclose", "DE", "US"))
    deny = GERMAN.decide(question("search_from", "DE", "US"))
    shape = allow.to_json()
    assert set(shape) == {
        "allow", "code", "decision", "bundle", "profile", "valid_until", "obligations", "because",
        "instrument",
    }  # fmt: skip
    assert shape["obligations"] == [{"do": "ledger_entry", "when": "with"}]
    assert shape["valid_until"] == "2031-12-27T00:00:00Z"
    assert str(shape["profile"]).startswith("sha256:")
    assert set(deny.to_json()) - set(shape) == {"rule", "officer_text", "user_text", "nearest"}
    assert deny.nearest == "allowed: employee in DE; guest in DE; external in DE; system in DE"


def test_decision_ids_tell_answers_apart() -> None:
    answers: dict[str, Decision] = {}
    for op in OPERATIONS:
        for dst in ("DE", "US", "IN"):
            decision = GERMAN.decide(question(op, "DE", dst))
            same = answers.setdefault(decision.decision, decision)
            assert (same.code, same.because) == (decision.code, decision.because)
            assert same.obligations == decision.obligations
    assert len(answers) > 5


def test_a_workspace_whose_establishment_or_subjects_are_not_known_places_stays_at_home() -> None:
    assert isinstance(BUNDLE.profile_for("T1", "XX"), SafeCoreProfile)
    assert isinstance(BUNDLE.profile_for("T1", ""), SafeCoreProfile)
    assert isinstance(BUNDLE.profile_for("T1", "DE", subjects=("US", "Atlantis")), SafeCoreProfile)
    assert not isinstance(BUNDLE.profile_for("T1", "DE", subjects=("US", "EEA")), SafeCoreProfile)


def test_what_is_no_question_at_all_is_denied() -> None:
    for profile in (GERMAN, UNRULED):
        assert profile.decide(None).code == "UNKNOWN_VALUE"  # type: ignore[arg-type]


# --- made anew, from nothing that was made before ----------------------------------------------------

STACK = lone()
HERE = ("de-1", "employee", "DE", "local", frozenset[str](), frozenset[str]())


def made() -> TableProfile:
    return TableProfile(compile_stack(STACK), STACK.bundle, STACK.boundary_s)


def core() -> SafeCoreProfile:
    return SafeCoreProfile(3, (Region("de-1", "DE"), Region("us-2", "US", "US-CA")))


def test_a_profile_says_when_it_must_be_made_anew_and_under_which_bundle() -> None:
    profile = made()
    assert (profile.bundle, profile.boundary_s) == (7, STACK.boundary_s)
    assert profile.boundary_s is not None
    assert (core().bundle, core().boundary_s, core().hash) == (3, None, "none")


def test_the_first_and_the_last_place_of_a_table_are_answered() -> None:
    profile = made()
    every = list(points(profile.table))
    for asked in (every[0], every[-1]):
        found = profile.decide(replace(asked, bundle=7, can=ALL_OBLIGATIONS))
        assert found.code != "UNKNOWN_VALUE"
        assert found == profile.bind(asked.op, asked.data_class, asked.src)(
            asked.dst,
            asked.viewer.relation,
            asked.viewer.country,
            asked.purpose,
            asked.facts,
            ALL_OBLIGATIONS,
        )


@pytest.mark.parametrize("wrong", ["?", "", None, 7, ["de-1"]])
def test_an_unknown_value_is_denied_whether_it_is_bound_beforehand_or_not(wrong: object) -> None:
    profile = made()
    known: list[object] = ["disclose", "message_body", "de-1"]
    for number in range(3):
        bound = profile.bind(*[*known[:number], wrong, *known[number + 1 :]])  # type: ignore[arg-type]
        assert bound(*HERE) is profile.table.unknown
    bound = profile.bind("disclose", "message_body", "de-1")
    assert bound(*HERE).allow
    for number in range(4):
        asked = [*HERE[:number], wrong, *HERE[number + 1 :]]
        assert bound(*asked) is profile.table.unknown  # type: ignore[arg-type]


def test_a_table_that_is_not_whole_makes_no_profile() -> None:
    table = made().table
    for broken in (
        replace(table, offsets=table.offsets[:-1]),
        replace(table, offsets=(*table.offsets, table.offsets[-1])),
        replace(table, offsets=table.offsets[:-1], values=table.values[:-1]),
        replace(table, offsets=(*table.offsets[:-1], table.offsets[-1][:-1])),
    ):
        with pytest.raises(ValueError, match="zip"):
            TableProfile(broken, 7, None)


def test_who_can_discharge_exactly_what_is_owed_is_allowed() -> None:
    profile = made()
    asked = Question("T1", 7, "disclose", "message_body", "de-1", "ch-1", Viewer("employee", "CH"), "local")
    owed = frozenset({"commit_primary_first", "keep_record", "ledger_entry"})
    assert profile.decide(replace(asked, can=owed)).allow
    for one in owed:
        refused = profile.decide(replace(asked, can=owed - {one}))
        assert (refused.code, refused.profile) == ("OBLIGATION_UNSUPPORTED", profile.hash)
    assert profile.refuse("HALTED").profile == profile.refuse("BUNDLE_SKEW").profile == profile.hash


def test_a_safe_core_made_anew_keeps_its_own_regions_at_home() -> None:
    profile = core()
    stores = Question("T1", 3, "store", "message_body", "us-2", "us-2", Viewer("employee", "US"), "local")
    assert profile.decide(stores) == make_decision("OK", 3, "none")
    assert profile.decide(replace(stores, bundle=4)) == make_decision("BUNDLE_SKEW", 3, "none")
    assert profile.decide(replace(stores, dst="de-1")) == make_decision("NO_TABLE", 3, "none")
    for change in (
        {"src": "fr-1"},
        {"facts": frozenset({"rumour"})},
        {"facts": frozenset({"rumour", "incident_mode"})},
    ):
        assert profile.decide(replace(stores, **change)).code == "UNKNOWN_VALUE"
    assert profile.decide(replace(stores, facts=frozenset({"incident_mode"}))).allow
    bound = profile.bind("store", "message_body", "us-2")
    assert bound("us-2", "employee", "US", "local", frozenset(), frozenset({"rumour"})).allow
    assert (
        bound("us-2", "employee", "US", "local", frozenset({"rumour"}), frozenset()).code == "UNKNOWN_VALUE"
    )
    assert profile.refuse("HALTED") == make_decision("HALTED", 3, "none")
