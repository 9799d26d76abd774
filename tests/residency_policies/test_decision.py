"""What those are told whom a decision refuses: by whom the clause is, and who asks."""

import pytest

from residency_policies.decision import TOLD_MAX, Because, Decision, LayerName, make_decision
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
