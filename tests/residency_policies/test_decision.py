"""What those are told whom a decision refuses: by whom the clause is, and who asks."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from residency_policies.decision import (
    TOLD_MAX,
    USER_TEXTS,
    Because,
    Decision,
    LayerName,
    Obligation,
    Question,
    Region,
    Viewer,
    instant_text,
    make_decision,
)
from residency_policies.errors import BundleError
from residency_policies.vocabulary import CODES
from tests.residency_policies.support import compiled, flow, policy, question

NO_FILES = flow("F9", "deny", classes=["file_content"], to=["US"], because="works agreement 4")
READS = flow("F1", "permit", classes=["file_content"], to=["EEA", "US"])


def refused(layer: LayerName, cite: str = "", nearest: str = "allowed: employee in DE") -> Decision:
    because = Because("a/b", 1, "c-1", "why it is so", cite, layer)
    return make_decision("DENIED", 1, "", (because,), nearest=nearest)


@pytest.mark.parametrize("member", [False, True])
@pytest.mark.parametrize("layer", ["platform", "floor", "organisation", "workspace", "channel"])
def test_the_source_of_law_is_told_to_all_and_a_workspaces_own_to_its_members(
    layer: LayerName, member: bool
) -> None:
    told = refused(layer, "GDPR Art. 44").told(member=member)
    shown = member or layer in ("platform", "floor")
    assert (told["rule"], told.get("cite")) == ("a/b c-1", "GDPR Art. 44" if shown else None)
    assert told.get("nearest") == ("allowed: employee in DE" if member else None)
    assert told["decision"] == refused(layer, "GDPR Art. 44").decision
    # A clause without a source of its own says why itself.
    assert refused(layer).told(member=member).get("cite") == ("why it is so" if shown else None)


def test_who_is_not_said_to_be_a_member_is_none() -> None:
    assert refused("workspace", "an agreement").told() == refused("workspace", "an agreement").told(
        member=False
    )
    assert "cite" not in refused("workspace", "an agreement").told()


def test_a_refusal_without_a_clause_tells_its_code() -> None:
    assert make_decision("HALTED", 1, "").told(member=True).keys() == {"rule", "decision"}
    assert make_decision("HALTED", 1, "").told()["rule"] == "HALTED"


def test_what_is_too_long_ends_after_a_whole_part() -> None:
    parts = [f"relation{number} in {', '.join(['DE'] * 20)}" for number in range(9)]
    told = refused("workspace", "word " * 200, "allowed: " + "; ".join(parts)).told(member=True)
    assert all(len(text) <= TOLD_MAX for text in told.values())
    assert told["nearest"] == "allowed: " + "; ".join(parts[:2]) + " ..."
    assert told["cite"].replace("word ", "") == "..."
    assert len(refused("workspace", "x" * 300).told(member=True)["cite"]) <= TOLD_MAX


def test_a_reader_abroad_is_told_clause_source_and_where_it_may_be_read() -> None:
    profile = compiled(policy(flows=[NO_FILES, READS])).profile_for("T1", "DE")
    asked = question("disclose", "DE", "US", data_class="file_content")
    told = profile.decide(asked).told(member=True)
    assert told["rule"] == "sample/main F9"
    assert told["cite"] == "works agreement 4"
    assert told["nearest"].startswith("allowed: employee in DE")
    assert "US" not in told["nearest"]


# --- values and their JSON ---------------------------------------------------------------------------

ASKED = Question(
    "T1", 4, "disclose", "message_body", "de-1", "us-1", Viewer("guest", "US"), "local",
    frozenset({"item_tag:b", "item_tag:a"}), frozenset({"ledger_entry", "keep_record"}), "C1",
)  # fmt: skip
SHAPE: dict[str, object] = {
    "workspace": "T1", "bundle": 4, "op": "disclose", "class": "message_body", "src": "de-1", "dst": "us-1",
    "viewer": {"relation": "guest", "country": "US"}, "facts": ["item_tag:a", "item_tag:b"],
    "can": ["keep_record", "ledger_entry"], "purpose": "local", "ref": "C1",
}  # fmt: skip
REASON = Because("a/b", 2, "c-1", "why", "Art. 1", "floor")


def test_a_question_is_its_json_key_for_key() -> None:
    assert ASKED.to_json() == SHAPE
    assert Question.from_json(SHAPE) == ASKED


@pytest.mark.parametrize("key", [*SHAPE, "viewer.relation", "viewer.country"])
@pytest.mark.parametrize("value", [None, 1.5, [1], {}])
def test_a_question_with_a_word_of_another_type_is_refused_in_one_sentence(key: str, value: object) -> None:
    outer, _, inner = key.partition(".")
    viewer = {"relation": "guest", "country": "US"}
    wrong = {**SHAPE, outer: {**viewer, inner: value} if inner else value}
    with pytest.raises(BundleError) as caught:
        Question.from_json(wrong)
    (finding,) = caught.value.findings
    assert str(finding) == "question: E-TYPE: not a question of the agreed shape"
    assert (finding.line, finding.column) == (0, 0), "it is no document"


def test_a_question_states_at_most_sixty_four_facts() -> None:
    facts = [f"item_tag:{number}" for number in range(65)]
    assert len(Question.from_json({**SHAPE, "facts": facts[:64]}).facts) == 64
    with pytest.raises(BundleError):
        Question.from_json({**SHAPE, "facts": facts})


def test_a_question_with_a_key_less_or_more_is_refused() -> None:
    for key in SHAPE:
        with pytest.raises(BundleError):
            Question.from_json({name: value for name, value in SHAPE.items() if name != key})
    for wrong in ({**SHAPE, "more": 1}, {**SHAPE, "viewer": {"relation": "guest"}}, [SHAPE], "question"):
        with pytest.raises(BundleError):
            Question.from_json(wrong)


def test_a_decision_is_its_json_key_for_key() -> None:
    owed = (Obligation("ledger_entry", "with"),)
    allow = make_decision("OK", 4, "sha256:0", (REASON,), owed, valid_until_s=86_400, instrument="ins-1")
    shape = {
        "allow": True, "code": "OK", "decision": "d:23f36d47b5100823", "bundle": 4, "profile": "sha256:0",
        "valid_until": "1970-01-02T00:00:00Z", "obligations": [{"do": "ledger_entry", "when": "with"}],
        "because": [
            {
                "layer": "floor", "policy": "a/b", "version": 2, "clause": "c-1", "text": "why",
                "cite": "Art. 1",
            }
        ],
        "instrument": "ins-1",
    }  # fmt: skip
    assert allow.to_json() == shape
    denied = make_decision("FLOOR", 4, "", (replace(REASON, cite=""),), nearest="there")
    assert denied.to_json() == {
        "allow": False, "code": "FLOOR", "decision": "d:81bc14a664390a3b", "bundle": 4, "profile": "",
        "valid_until": None, "obligations": [],
        "because": [{"layer": "floor", "policy": "a/b", "version": 2, "clause": "c-1", "text": "why"}],
        "instrument": None, "rule": "a/b c-1", "officer_text": "a/b c-1: why",
        "user_text": "The law that protects this workspace does not allow this.", "nearest": "there",
    }  # fmt: skip


def test_an_allow_has_no_text_and_nothing_near() -> None:
    allow = make_decision("OK", 1, "", (REASON,), nearest="elsewhere")
    assert (allow.officer_text, allow.user_text, allow.nearest, allow.rule) == ("", "", "", "a/b c-1")


BARE = replace(REASON, cite="")
OWED = (Obligation("a", "with"), Obligation("b", "with"))


@pytest.mark.parametrize(
    ("make", "officer"),
    [
        (lambda: make_decision("DENIED", 1, "", (REASON,)), "a/b c-1: why (Art. 1)"),
        (lambda: make_decision("DENIED", 1, "", (REASON,), rule="by hand"), "by hand: why (Art. 1)"),
        (
            lambda: make_decision("CLOSED", 1, "", (BARE,)),
            "a/b c-1: no rule permits it and the policy is closed",
        ),
        (
            lambda: make_decision("OBLIGATION_UNSUPPORTED", 1, "", (), OWED),
            "the caller cannot discharge: a, b",
        ),
        (
            lambda: make_decision("UNKNOWN_VALUE", 1, ""),
            "a value of the question is outside the vocabulary or the region list",
        ),
        (
            lambda: make_decision("BUNDLE_SKEW", 1, ""),
            "the question names another bundle version than the table",
        ),
        (lambda: make_decision("HALTED", 1, ""), "a halt is in force"),
        (
            lambda: make_decision("NO_TABLE", 1, ""),
            "no policy applies to the workspace; only home-local use goes on",
        ),
        (lambda: make_decision("DENIED", 1, ""), ""),
    ],
)
def test_officers_are_told_the_rule_the_reason_and_the_source(
    make: Callable[[], Decision], officer: str
) -> None:
    assert make().officer_text == officer


def test_every_code_has_a_text_for_everybody_that_names_no_rule() -> None:
    assert set(USER_TEXTS) == set(CODES)
    assert all(bool(text) == (code != "OK") for code, text in USER_TEXTS.items())


def test_the_id_of_a_decision_tells_apart_whatever_it_rests_on() -> None:
    owed = (Obligation("ledger_entry", "with"),)
    different = [
        make_decision("OK", 1, ""),
        make_decision("OK", 2, ""),
        make_decision("HALTED", 1, ""),
        make_decision("OK", 1, "", (REASON,)),
        make_decision("OK", 1, "", (replace(REASON, text="other"),)),
        make_decision("OK", 1, "", (), owed),
        make_decision("OK", 1, "", rule="r"),
        make_decision("OK", 1, "", instrument="ins-1"),
    ]
    assert len({one.decision for one in different}) == len(different)
    assert all(len(one.decision) == 18 and one.decision.startswith("d:") for one in different)
    same = make_decision("OK", 1, "sha256:1", nearest="x", valid_until_s=5)
    assert same.decision == different[0].decision, "which table it stands in, and until when, is no content"


def test_instants_are_written_in_utc_wherever_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "XXX-14")
        time.tzset()
        assert instant_text(1_795_219_200) == "2026-11-21T00:00:00Z"
    time.tzset()


def test_a_region_is_at_the_part_of_its_country_that_has_a_law_of_its_own() -> None:
    assert (Region("a", "US", "US-CA").place, Region("a", "US", "US-NY").place, Region("a", "US").place) == (
        "US-CA", "US", "US",
    )  # fmt: skip


def test_what_is_told_ends_at_its_bound_and_not_before() -> None:
    exactly = "x" * TOLD_MAX
    assert refused("workspace", exactly).told(member=True)["cite"] == exactly
    words = "y" * 100 + " " + "z" * 300
    assert refused("workspace", words).told(member=True)["cite"] == "y" * 100 + " ..."
    listed = "a b; " + "c" * 300
    assert refused("workspace", listed).told(member=True)["cite"] == "a b ..."
    fits = "w" * (TOLD_MAX - 5) + " " + "v" * 30
    assert refused("workspace", fits).told(member=True)["cite"] == "w" * (TOLD_MAX - 5) + " ..."
    over = "u " + "w" * (TOLD_MAX - 6) + " v" * 30
    assert refused("workspace", over).told(member=True)["cite"] == "u ..."
