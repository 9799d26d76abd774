"""The meaning of a stack, read off the interpreter itself: what is unknown, and which expectations fail."""

import json
from dataclasses import replace

import pytest

from residency_policies.decision import Question, Viewer
from residency_policies.document import load_document
from residency_policies.interpret import failed_expectations, interpret
from residency_policies.model import Policy
from residency_policies.stack import Stack, make_stack
from residency_policies.vocabulary import OBLIGATIONS
from tests.residency_policies.sample_law import FIRM, REGIONS, floors, lone
from tests.residency_policies.support import AT_S, flow

STACK = lone()
ALL = frozenset(OBLIGATIONS)
ASKED = Question(
    "T1", 7, "disclose", "message_body", "de-1", "ch-1", Viewer("employee", "CH"), "local",
    frozenset({"incident_mode"}), ALL,
)  # fmt: skip
READS: dict[str, object] = {
    "name": "reads", "op": "disclose", "class": "message_body", "from": "DE", "to": "CH",
    "viewer": "employee", "expect": "allow",
}  # fmt: skip


def test_a_known_question_is_decided_and_says_what_it_owes() -> None:
    decision = interpret(STACK, ASKED)
    assert (decision.allow, [one.do for one in decision.obligations]) == (
        True, ["commit_primary_first", "keep_record", "ledger_entry"],
    )  # fmt: skip
    assert interpret(STACK, replace(ASKED, can=ALL - {"keep_record"})).code == "OBLIGATION_UNSUPPORTED"


@pytest.mark.parametrize(
    "change",
    [
        {"op": "teleport"},
        {"data_class": "content"},
        {"src": "DE"},
        {"dst": "CH"},
        {"viewer": Viewer("owner", "CH")},
        {"viewer": Viewer("employee", "XX")},
        {"purpose": ""},
        {"facts": frozenset({"rumour"})},
        {"facts": frozenset({"incident_mode", "recipient_dpf_certified"})},
    ],
)
def test_one_value_that_is_not_known_is_enough(change: dict[str, object]) -> None:
    assert interpret(STACK, replace(ASKED, **change)).code == "UNKNOWN_VALUE"  # type: ignore[arg-type]


def test_another_bundle_version_comes_before_everything_else() -> None:
    assert interpret(STACK, replace(ASKED, bundle=8, op="teleport")).code == "BUNDLE_SKEW"


def without_law(**keys: object) -> Stack:
    """The firm alone, under no pack."""
    document = load_document(json.dumps({**FIRM, "facts": [], **keys}))
    assert isinstance(document, Policy)
    return make_stack(7, document, (), REGIONS, AT_S, "DE")


def test_a_permit_that_has_ended_speaks_for_its_own_layer_where_it_would_have_reached() -> None:
    stack, group = without_law(), without_law(default="open")
    asked = replace(ASKED, dst="in-1", viewer=Viewer("guest", "IN"), facts=frozenset({"channel_tag:red"}))
    ended = interpret(stack, asked)
    assert (ended.code, ended.rule) == ("INSTRUMENT_EXPIRED", "firm/main F3")
    assert interpret(stack, replace(asked, facts=frozenset())).code == "CLOSED"
    assert interpret(stack, replace(asked, viewer=Viewer("guest", "DE"))).code == "CLOSED", (
        "both have to be inside"
    )
    assert interpret(group, asked).code == "OK", "an open layer needs no permit"
    other = replace(stack, layers=(replace(stack.layers[0], number=1, document="firm/other"),))
    assert interpret(other, asked).code == "CLOSED", "what another layer had does not speak for this one"


def test_every_deny_that_a_ground_lifts_gives_its_reason() -> None:
    twin = replace(floors()[1], id="floor/twin")
    document = load_document(json.dumps(FIRM))
    assert isinstance(document, Policy)
    stack = make_stack(7, document, (*floors(), twin), REGIONS, AT_S, "DE")
    reasons = {
        (one.policy, one.clause, one.text)
        for one in interpret(stack, replace(ASKED, facts=frozenset())).because
    }
    assert {(name, "m-1", "satisfied by adequacy") for name in ("floor/many", "floor/twin")} <= reasons


def test_an_expectation_may_name_a_part_of_a_country() -> None:
    part = flow("F9", "permit", to=["US-CA"])
    there, beside = ({**READS, "to": place} for place in ("US-CA", "US"))
    failed = failed_expectations(
        without_law(flows=[part], instruments=[], tests=[there, {**beside, "name": "b"}])
    )
    assert [one.path for one in failed] == ["tests.b"]


def expecting(*tests: dict[str, object]) -> Stack:
    document = load_document(json.dumps({**FIRM, "tests": [*tests]}))
    assert isinstance(document, Policy)
    return make_stack(7, document, floors(), REGIONS, AT_S, "DE")


def found(**changes: object) -> list[str]:
    return [str(one).partition(" E-TEST ")[2] for one in failed_expectations(expecting({**READS, **changes}))]


def test_an_expectation_that_holds_is_not_spoken_of() -> None:
    assert found() == []
    assert found(obligations=["commit_primary_first", "keep_record", "ledger_entry"]) == []
    assert found(rule="firm/main F2") == []
    assert found(to="UY", expect="deny") == [], "every country is a region"
    assert found(to="US", viewer="system", tags=["red"]) == [], "facts count"
    assert (
        found(op="support_access", **{"class": "support_case"}, to="FR", viewer="support", purpose="support")
        == []
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"expect": "deny"}, "got allow by firm/main F2"),
        ({"to": "RU"}, "got deny by floor/many m-1"),
        (
            {"obligations": ["keep_record"]},
            "got allow by firm/main F2 with obligations "
            "['commit_primary_first', 'keep_record', 'ledger_entry']",
        ),
        ({"obligations": []}, "got allow by firm/main F2 with obligations"),
        ({"rule": "firm/main F1"}, "got allow by firm/main F2, not by firm/main F1"),
        ({"to": "RU", "expect": "deny", "rule": "floor/many m-2"}, "got deny by floor/many m-1, not by"),
    ],
)
def test_an_expectation_that_fails_says_what_came_instead(changes: dict[str, object], sentence: str) -> None:
    (said,) = found(**changes)
    assert said.startswith(f"tests.reads: {sentence}")


def test_every_expectation_is_asked_and_named_with_its_line() -> None:
    tests = [
        READS,
        {**READS, "name": "a", "expect": "deny"},
        READS | {"name": "b"},
        {**READS, "name": "c", "to": "RU"},
    ]
    failed = failed_expectations(expecting(*tests))
    assert [(one.document, one.code, one.path) for one in failed] == [
        ("firm/main", "E-TEST", "tests.a"), ("firm/main", "E-TEST", "tests.c"),
    ]  # fmt: skip
    assert all(one.line > 0 and one.column > 0 for one in failed)
