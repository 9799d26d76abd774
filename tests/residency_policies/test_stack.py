"""What places mean in rules: two places of a flow, and a viewer whose country nobody knows."""

import pytest

from residency_policies.decision import Viewer
from tests.residency_policies.support import compiled, flow, policy, question

# A country whose law no pack states, so that the policy alone decides.
UNRULED = "UY"
ANYWHERE = flow("F1", "permit", to_not=["IN_NEGATIVE_LIST"], viewer_countries=["EEA", "US", "CN", "IN", "ZZ"])


def code(flows: list[dict[str, object]], dst: str, relation: str, country: str, op: str = "disclose") -> str:
    profile = compiled(policy(flows=flows, applies_to={"establishment": UNRULED})).profile_for("T1", UNRULED)
    return profile.decide(question(op, "SG", dst, viewer=Viewer(relation, country))).code


@pytest.mark.parametrize(
    ("dst", "relation", "country", "expected"),
    [
        ("DE", "employee", "DE", "OK"),
        ("DE", "employee", "US", "CLOSED"),
        ("US", "employee", "DE", "CLOSED"),
        ("DE", "employee", "ZZ", "CLOSED"),
        ("DE", "system", "ZZ", "OK"),
        ("DE", "system", "US", "OK"),
    ],
)
def test_a_permit_needs_the_region_and_the_viewer_inside(
    dst: str, relation: str, country: str, expected: str
) -> None:
    assert code([flow("F1", "permit", to=["EEA"])], dst, relation, country) == expected


@pytest.mark.parametrize(
    ("places", "dst", "relation", "country", "expected"),
    [
        ({"to": ["CN"]}, "DE", "employee", "DE", "OK"),
        ({"to": ["CN"]}, "DE", "employee", "CN", "DENIED"),
        ({"to": ["CN"]}, "DE", "employee", "ZZ", "DENIED"),
        ({"to": ["CN"]}, "DE", "system", "ZZ", "OK"),
        ({"to": ["IN_NEGATIVE_LIST"]}, "DE", "employee", "ZZ", "OK"),
        ({"to_not": ["EEA"]}, "DE", "employee", "DE", "OK"),
        ({"to_not": ["EEA"]}, "DE", "employee", "ZZ", "DENIED"),
        ({"to_not": ["EEA"]}, "US", "system", "ZZ", "DENIED"),
        ({"viewer_countries": ["CN"]}, "DE", "employee", "ZZ", "DENIED"),
        ({"viewer_countries": ["CN"]}, "DE", "employee", "DE", "OK"),
        ({"viewer_countries": ["CN"], "to": ["US"]}, "DE", "employee", "CN", "OK"),
        ({"viewer_countries": ["CN"], "to": ["US"]}, "US", "employee", "CN", "DENIED"),
    ],
)
def test_a_deny_catches_the_region_or_the_viewer_and_the_unknown(
    places: dict[str, object], dst: str, relation: str, country: str, expected: str
) -> None:
    assert code([ANYWHERE, flow("F2", "deny", **places)], dst, relation, country) == expected


def test_the_country_of_the_viewer_counts_only_where_data_is_shown() -> None:
    permit = flow("F1", "permit", ops=["aggregate", "export"], to=["DE"])
    assert code([permit], "DE", "employee", "CN", "aggregate") == "OK"
    assert code([permit], "DE", "employee", "CN", "export") == "CLOSED"


def test_a_floor_catches_a_viewer_whose_country_is_unknown() -> None:
    profile = compiled(policy(flows=[ANYWHERE])).profile_for("T1", "DE")
    decision = profile.decide(question("disclose", "DE", "DE", viewer=Viewer("guest", "ZZ")))
    assert (decision.code, decision.rule) == ("INSTRUMENT_MISSING", "floor/eea eea-1-disclose")
    employee = profile.decide(question("disclose", "DE", "DE", viewer=Viewer("employee", "ZZ")))
    assert [one.do for one in employee.obligations] == ["ledger_entry"]


def test_placement_leaves_no_other_place_for_what_it_names() -> None:
    entry = {
        "id": "P1",
        "classes": ["content"],
        "primary": {"in": ["DE"]},
        "replicas": {"in": ["DE", "IN"]},
        "backups": {"in": ["SG"]},
        "keys": {"in": ["DE"]},
        "because": "home",
    }
    generous = flow(
        "F1",
        "permit",
        classes=["all"],
        ops=["store", "index", "replicate_dr", "key_use"],
        to_not=["IN_NEGATIVE_LIST"],
    )
    values = policy(placement=[entry], flows=[generous], applies_to={"establishment": UNRULED})
    profile = compiled(values).profile_for("T1", UNRULED)

    def at(op: str, data_class: str) -> dict[str, str]:
        asked = {
            dst: question(op, "BR", dst, "system", data_class=data_class) for dst in ("DE", "IN", "SG", "US")
        }
        return {dst: profile.decide(one).code for dst, one in asked.items()}

    no, key = "DENIED", "KEY_PLACE"
    assert at("store", "message_body") == {"DE": "OK", "IN": no, "SG": no, "US": no}
    assert at("index", "message_body") == {"DE": "OK", "IN": no, "SG": no, "US": no}
    assert at("replicate_dr", "message_body") == {"DE": "OK", "IN": "OK", "SG": no, "US": no}
    assert at("store", "backup") == {"DE": no, "IN": no, "SG": "OK", "US": no}
    assert at("key_use", "enc_key") == {"DE": "OK", "IN": key, "SG": key, "US": key}
    assert at("key_use", "message_body") == {"DE": "OK", "IN": key, "SG": key, "US": key}
    assert at("store", "enc_key") == {"DE": "OK", "IN": key, "SG": key, "US": key}
    assert at("store", "telemetry") == {"DE": "OK", "IN": "OK", "SG": "OK", "US": "OK"}


def test_a_home_that_comes_first_is_owed_by_every_copy_outside_of_it() -> None:
    entry = {
        "id": "P1",
        "classes": ["content"],
        "primary": {"in": ["SG"]},
        "replicas": {"in": ["SG", "IN"]},
        "because": "home",
    }
    reads = flow("F1", "permit", to=["SG", "IN"])

    def owed(op: str, dst: str, **keys: object) -> list[str]:
        values = policy(placement=[{**entry, **keys}], flows=[reads], applies_to={"establishment": UNRULED})
        decision = compiled(values).profile_for("T1", UNRULED).decide(question(op, "SG", dst))
        assert decision.allow
        return [one.do for one in decision.obligations]

    first = {"order": "primary_first"}
    assert owed("replicate_dr", "IN", **first) == ["commit_primary_first"]
    assert owed("disclose", "IN", **first) == ["commit_primary_first"]
    assert owed("replicate_dr", "SG", **first) == owed("store", "SG", **first) == []
    assert owed("replicate_dr", "IN") == owed("replicate_dr", "IN", order="any") == []
