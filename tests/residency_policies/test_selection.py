"""Which documents of a bundle count at an instant, and for whom."""

import json
from datetime import UTC, datetime

from residency_policies.document import load_document
from residency_policies.model import Document, Policy
from residency_policies.selection import Selection, boundaries, starts
from tests.residency_policies.sample_law import CHANNEL, FIRM, GROUP, MANY, SEPARATE, WAIVER
from tests.residency_policies.support import AT_S, METADATA, policy

FROM_S = 1_798_761_600  # 2027-01-01T00:00:00Z


def read(*documents: dict[str, object]) -> list[Document]:
    return [load_document(json.dumps(one)) for one in documents]


def named(number: str, layer: str = "workspace", start: str = "", **keys: object) -> dict[str, object]:
    """A policy with an id; `start` is the day on which it begins."""
    effective = {"effective": {"from": start}} if start else {}
    keys = {"placement": None} | keys if layer != "workspace" else keys
    return policy(metadata={**METADATA, "id": number, "layer": layer, **effective}, **keys)


def chosen(*documents: dict[str, object], at_s: int = AT_S) -> Selection:
    return Selection(read(*documents), at_s)


def ids(policies: tuple[Policy, ...]) -> list[str]:
    return [one.id for one in policies]


def test_a_policy_that_names_the_workspace_comes_first_and_contradicts_no_establishment() -> None:
    both = chosen(
        named("a/general"),
        named("b/special", applies_to={"workspaces": ["T1", "T2"], "establishment": "DE"}),
        named("c/other", applies_to={"workspaces": ["T3"]}),
    )  # fmt: skip
    found = {
        (workspace, country): policy and policy.id
        for workspace in ("T1", "T2", "T3", "T4")
        for country in ("DE", "FR")
        for policy in (both.policy(workspace, country),)
    }
    assert found == {
        ("T1", "DE"): "b/special", ("T1", "FR"): None, ("T2", "DE"): "b/special", ("T2", "FR"): None,
        ("T3", "DE"): "c/other", ("T3", "FR"): "c/other", ("T4", "DE"): "a/general", ("T4", "FR"): None,
    }  # fmt: skip
    assert ids(both.policies) == ["a/general", "b/special", "c/other"]


def test_a_policy_of_another_layer_rules_no_workspace() -> None:
    assert (
        chosen(named("a/group", "organisation", applies_to={"workspaces": ["T1"]})).policy("T1", "DE") is None
    )


def test_of_versions_the_one_that_began_last_counts_and_what_has_not_begun_does_not() -> None:
    first, second, third = (
        named("a/one", start=day, default=default)
        for day, default in (("", "open"), ("2026-02-01", "closed"), ("2027-01-01", "open"))
    )
    for order in ((first, second, third), (third, second, first), (second, third, first)):
        (now,), (then,) = chosen(*order).policies, chosen(*order, at_s=FROM_S).policies
        assert (now.closed, now.effective_s) == (True, 1_769_904_000)
        assert (then.closed, then.effective_s) == (False, FROM_S)
    (still,) = chosen(first, second, third, at_s=FROM_S - 1).policies
    assert still.closed
    assert chosen(third).policies == ()


def test_organisations_surround_by_workspace_or_tag_and_channels_by_workspace() -> None:
    documents = (
        FIRM,
        named("o/by-name", "organisation", applies_to={"workspaces": ["T1"]}),
        named("o/by-tag", "organisation", applies_to={"tags": ["sector.health"]}),
        named("o/by-asked-tag", "organisation", applies_to={"tags": ["group.x"]}),
        CHANNEL,
        WAIVER,
        {**WAIVER, "metadata": {"id": "o/waiver", "title": "Other"}, "policies": ["o/main"]},
        SEPARATE,
        MANY,
    )
    selection = chosen(*documents)
    firm = selection.policy("T1", "DE")
    assert firm is not None
    around = selection.around(firm, "T1", ("group.x",))
    assert ids(around.organisations) == ["o/by-asked-tag", "o/by-name", "o/by-tag"]
    assert (ids(around.channels), around.named) == (["firm/red"], False)
    assert [one.id for one in around.waivers] == ["firm/waiver"]
    assert [one.id for one in around.instruments] == ["firm/separate"]
    assert [one.id for one in selection.floors] == ["floor/many"]
    elsewhere = selection.around(firm, "T2", ())
    assert (ids(elsewhere.organisations), elsewhere.channels, elsewhere.named) == (["o/by-tag"], (), True)


def test_equal_rights_to_a_workspace_are_found_once_for_each_pair() -> None:
    documents = (
        named("a/one"), named("b/two"), named("c/group", "organisation", applies_to={"workspaces": ["T1"]}),
        named("d/three", applies_to={"workspaces": ["T1", "T2"], "establishment": "DE"}),
        named("e/four", applies_to={"workspaces": ["T2"]}),
        named("f/five", applies_to={"workspaces": ["T2"]}),
    )  # fmt: skip
    found = list(chosen(*documents).ambiguous())
    assert [(one.line, one.column) for one in found] == [(0, 0)] * 3, "of no one place"
    assert [str(one) for one in found] == [
        "b/two: E-AMBIGUOUS applies_to: DE is also covered by a/one. Keep one.",
        "e/four: E-AMBIGUOUS applies_to: T2 is also covered by d/three. Keep one.",
        "f/five: E-AMBIGUOUS applies_to: T2 is also covered by e/four. Keep one.",
    ]
    # What another layer says is no claim to the workspace, wherever it stands among the documents.
    assert list(chosen(*documents[1:4]).ambiguous()) == []


def test_policies_begin_in_order_and_those_without_a_beginning_do_not_count() -> None:
    documents = (named("a/one", start="2027-01-01"), named("b/two", start="2026-01-01"), named("c/x"), MANY)
    assert starts(read(*documents)) == [1_767_225_600, FROM_S]


def test_every_instant_at_which_something_begins_or_ends_is_a_boundary() -> None:
    def days(*documents: dict[str, object]) -> list[str]:
        return [f"{datetime.fromtimestamp(one, UTC):%Y-%m-%d}" for one in boundaries(iter(read(*documents)))]

    assert days(GROUP) == []
    assert days(named("a/one", start="2027-02-01")) == ["2027-02-01"]
    assert days(FIRM) == ["2026-01-01", "2026-06-01", "2026-10-01", "2027-01-01", "2028-01-01"]
    assert days(MANY) == ["2026-01-01", "2026-06-01", "2027-01-01", "2027-06-01"]
    assert days(SEPARATE) == ["2026-10-01", "2027-01-01"]
    assert days(WAIVER) == ["2026-10-01", "2026-12-01"]
    assert days({**FIRM, "instruments": [], "flows": []}) == ["2027-01-01"]
