"""Who can do what under the documents that are shipped: the table that people read before they trust them."""

from pathlib import Path

import pytest

from residency_policies.builtin import (
    BUILTIN_REGIONS,
    builtin_documents,
    builtin_floors,
    builtin_policies,
)
from residency_policies.bundle import Bundle, CompiledBundle, check_bundle
from residency_policies.decision import Viewer
from residency_policies.document import load_document
from residency_policies.errors import BundleError
from residency_policies.model import FloorPack, Policy
from residency_policies.vocabulary import CLASSES, PURPOSES, RELATIONS
from tests.residency_policies.support import AT_S, REGION_OF, STALE, question

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "policies-search-permitted"
COUNTRIES = ("DE", "US", "IN", "SG", "BR")
DEFAULTS = check_bundle(Bundle(1, builtin_documents(), BUILTIN_REGIONS), AT_S)


def outcome(bundle: CompiledBundle, home: str, op: str, to: str, relation: str, **keys: object) -> str:
    """ "code: obligations" or "code: rule" of a flow of message bodies from the home country."""
    decision = bundle.profile_for("T1", home).decide(question(op, home, to, relation, **keys))
    if decision.allow:
        return ("OK: " + " ".join(one.do for one in decision.obligations)).rstrip()
    return f"{decision.code}: {decision.rule}"


@pytest.mark.parametrize(
    ("home", "op", "to", "viewer", "expected"),
    [
        ("DE", "store", "DE", "system", "OK:"),
        ("DE", "store", "US", "system", "INSTRUMENT_MISSING: floor/eea eea-1"),
        ("DE", "store", "BR", "system", "DENIED: default/de P1"),
        ("DE", "transit", "US", "employee", "OK:"),
        ("DE", "transit", "US", "guest", "CLOSED: default/de default"),
        ("DE", "disclose", "DE", "employee", "OK:"),
        ("DE", "disclose", "US", "employee", "OK: ledger_entry"),
        ("DE", "disclose", "IN", "employee", "OK: ledger_entry"),
        ("DE", "disclose", "US", "guest", "INSTRUMENT_MISSING: floor/eea eea-1-disclose"),
        ("DE", "disclose", "BR", "external", "CLOSED: default/de default"),
        ("DE", "search_from", "DE", "employee", "OK:"),
        ("DE", "search_from", "US", "employee", "INSTRUMENT_MISSING: floor/eea eea-1"),
        ("DE", "search_from", "BR", "employee", "DENIED: default/de F4"),
        ("DE", "relocate", "US", "system", "INSTRUMENT_MISSING: floor/eea eea-1"),
        ("DE", "relocate", "DE", "system", "CLOSED: default/de default"),
        ("DE", "legal_disclosure", "US", "authority", "INSTRUMENT_MISSING: floor/eea eea-3"),
        ("US", "store", "US", "system", "OK:"),
        ("US", "store", "DE", "system", "DENIED: default/us P1"),
        ("US", "disclose", "DE", "employee", "OK:"),
        ("US", "disclose", "DE", "guest", "CLOSED: default/us default"),
        ("US", "search_from", "US", "employee", "OK:"),
        ("US", "search_from", "DE", "employee", "OK: ledger_entry"),
        ("US", "search_from", "IN", "guest", "OK: ledger_entry"),
        ("US", "relocate", "DE", "system", "CLOSED: default/us default"),
        ("IN", "store", "IN", "system", "OK:"),
        ("IN", "store", "DE", "system", "DENIED: default/in P1"),
        ("IN", "disclose", "US", "employee", "OK:"),
        ("IN", "disclose", "US", "external", "CLOSED: default/in default"),
        ("IN", "search_from", "IN", "employee", "OK:"),
        ("IN", "search_from", "US", "employee", "DENIED: default/in F3"),
        ("IN", "relocate", "US", "system", "CLOSED: default/in default"),
        ("SG", "search_from", "US", "employee", "INSTRUMENT_MISSING: floor/sg sg-1"),
        ("BR", "search_from", "US", "employee", "INSTRUMENT_MISSING: floor/br br-1"),
    ],
)
def test_what_the_defaults_say(home: str, op: str, to: str, viewer: str, expected: str) -> None:
    assert outcome(DEFAULTS, home, op, to, viewer) == expected


@pytest.mark.parametrize(
    ("home", "to", "expected"),
    [
        ("US", "US", "OK:"),
        ("US", "DE", "OK: ledger_entry"),
        ("US", "IN", "OK: ledger_entry"),
        ("DE", "DE", "OK:"),
        ("DE", "US", "INSTRUMENT_MISSING: floor/eea eea-1"),
        ("IN", "US", "DENIED: default/in F4"),
    ],
)
def test_where_the_words_of_a_search_may_go(home: str, to: str, expected: str) -> None:
    assert outcome(DEFAULTS, home, "process", to, "system", purpose="search") == expected


@pytest.mark.parametrize("home", COUNTRIES)
def test_nobody_in_a_country_of_concern_or_in_an_unknown_one_reads(home: str) -> None:
    for country in ("CN", "RU", "KP", "ZZ"):
        for relation in ("employee", "guest", "external"):
            for op in ("disclose", "transit", "search_from"):
                assert not outcome(
                    DEFAULTS, home, op, home, relation, viewer=Viewer(relation, country)
                ).startswith("OK")


@pytest.mark.parametrize("home", COUNTRIES)
def test_no_class_rests_is_indexed_copied_or_relocated_outside_its_home(home: str) -> None:
    profile = DEFAULTS.profile_for("T1", home)
    for other in set(COUNTRIES) - {home}:
        for op in ("store", "index", "replicate_dr", "replicate_share", "relocate", "key_use", "export"):
            for data_class in CLASSES:
                for relation in RELATIONS:
                    for purpose in PURPOSES:
                        asked = question(op, home, other, relation, data_class=data_class, purpose=purpose)
                        assert not profile.decide(asked).allow


def test_search_within_the_european_economic_area_is_free_for_a_german_workspace() -> None:
    asked = question("search_from", "DE", "DE", viewer=Viewer("employee", "FR"))
    assert DEFAULTS.profile_for("T1", "DE").decide(asked).allow
    asked = question("search_from", "DE", "DE", viewer=Viewer("employee", "US"))
    assert not DEFAULTS.profile_for("T1", "DE").decide(asked).allow


def test_identifiers_of_people_in_the_united_states_need_the_counter_before_countries_of_concern() -> None:
    hong_kong = Viewer("employee", "HK")
    asked = question("search_from", "US", "US", data_class="profile_pii", viewer=hong_kong)
    assert DEFAULTS.profile_for("T1", "US").decide(asked).code == "COUNTER"
    counted = question(
        "search_from", "US", "US", data_class="profile_pii", viewer=hong_kong,
        facts=frozenset({"counter_below_us_bulk_thresholds"}),
    )  # fmt: skip
    assert DEFAULTS.profile_for("T1", "US").decide(counted).code == "CLOSED"


def test_the_floor_of_a_place_follows_its_subjects_and_tags() -> None:
    asked = question("disclose", "US", "IN", "employee")
    assert DEFAULTS.profile_for("T1", "US").decide(asked).allow
    with_subjects = DEFAULTS.profile_for("T1", "US", subjects=("DE",)).decide(asked)
    assert [one.do for one in with_subjects.obligations] == ["ledger_entry"]
    payments = DEFAULTS.profile_for("T1", "IN", tags=("sector.payments",))
    assert payments.decide(question("disclose", "IN", "US", "employee")).rule == "floor/in in-2"


def test_every_document_cites_its_sources() -> None:
    for text in builtin_documents():
        document = load_document(text)
        if isinstance(document, FloorPack):
            assert document.last_checked
            assert all(rule.citation and rule.confidence for rule in document.rules)
        else:
            assert isinstance(document, Policy)
            assert all("(" in flow.because for flow in document.flows)
            assert all("(" in entry.because for entry in document.placement)
            assert len(document.tests) >= 13


def test_a_user_is_told_nothing_about_policies() -> None:
    decision = DEFAULTS.profile_for("T1", "DE").decide(question("search_from", "DE", "US"))
    assert decision.rule in decision.officer_text
    for word in ("floor", "default/de", "eea-1", "F4", "GDPR", "Germany", "DE"):
        assert word not in decision.user_text


def example() -> CompiledBundle:
    texts = tuple(path.read_text("utf-8") for path in sorted(EXAMPLE.glob("*.yaml")))
    assert len(texts) == 3
    return check_bundle(Bundle(1, texts + builtin_floors(), BUILTIN_REGIONS), AT_S)


def test_a_mandatory_floor_that_says_less_is_not_activated() -> None:
    eea, *others = builtin_floors()
    gutted = eea.replace("search_from, ", "", 1)
    assert gutted != eea
    with pytest.raises(BundleError) as refused:
        check_bundle(Bundle(1, (gutted, *others, *builtin_policies()), BUILTIN_REGIONS), AT_S)
    assert "E-FLOOR-CHANGED" in {finding.code for finding in refused.value.findings}


def test_the_example_permits_the_group_in_the_united_states_to_search_germany_until_the_fact_ends() -> None:
    bundle = example()
    assert {one.document for one in bundle.warnings} == STALE
    assert outcome(bundle, "DE", "search_from", "US", "employee") == "OK: ledger_entry"
    assert outcome(bundle, "DE", "disclose", "US", "employee") == "OK: ledger_entry"
    assert outcome(bundle, "DE", "search_from", "US", "guest") == "CLOSED: example/de default"
    assert outcome(bundle, "DE", "search_from", "IN", "employee") == "INSTRUMENT_MISSING: floor/eea eea-1"
    assert outcome(bundle, "IN", "search_from", "US", "employee") == "DENIED: example/in F3"
    assert bundle.valid_until_s is not None
    later = bundle.at(bundle.valid_until_s)
    assert {"W-EXPIRES", "E-TEST"} <= {finding.code for finding in later.warnings}
    assert outcome(later, "DE", "search_from", "US", "employee") == "INSTRUMENT_EXPIRED: floor/eea eea-1"


def test_regions_and_default_policies_go_together() -> None:
    homes = [load_document(text) for text in builtin_policies()]
    stated = [one.applies_to.establishment[0] for one in homes if isinstance(one, Policy)]
    assert sorted(stated) == sorted(REGION_OF)


def test_data_in_a_region_of_the_economic_area_is_under_its_floor_whoever_owns_it() -> None:
    asked = question("process", "DE", "US", "system", purpose="search")
    decision = DEFAULTS.profile_for("T1", "US").decide(asked)
    assert (decision.code, decision.rule) == ("INSTRUMENT_MISSING", "floor/eea eea-1")
    assert (
        DEFAULTS.profile_for("T1", "US")
        .decide(question("process", "US", "US", "system", purpose="search"))
        .allow
    )


def test_an_adequate_destination_satisfies_the_floor_only_for_every_place_of_the_flow() -> None:
    in_brazil = question("search_from", "DE", "BR", viewer=Viewer("employee", "BR"))
    assert DEFAULTS.profile_for("T1", "DE").decide(in_brazil).rule == "default/de F4"
    in_peru = question("search_from", "DE", "BR", viewer=Viewer("employee", "PE"))
    assert DEFAULTS.profile_for("T1", "DE").decide(in_peru).rule == "floor/eea eea-1"
