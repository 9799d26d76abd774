"""A search over two cells: what crosses, what is withheld, what is booked, and what a frozen or lost cell
does.
"""

import asyncio
import json
from pathlib import Path

import pytest

from deploy.verify_ledger import verify
from tests.regional_cell.services.search.federation import PRIVATE, TestedCell, state_of, two_cells


def entries(cell: TestedCell) -> list[dict[str, object]]:
    return [json.loads(line)["open"] for line in cell.book().splitlines()]


def checked(folder: Path, *cells: TestedCell) -> tuple[list[str], int]:
    """Findings of the offline verifier a long time later, and legs that agree."""
    keys = {cell.name: cell.ledger_key.public.hex() for cell in cells}
    books, agreed, _ = verify([folder / cell.name / "ledger" for cell in cells], keys, 4_000_000_000.0)
    return [finding.text for book in books for finding in book.findings], agreed


async def test_a_permitted_search_brings_matches_and_both_books_agree(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=True) as (german, american):
        await german.say("the zephyr report")
        await american.say("a zephyr here too")
        answer = await american.find("zephyr")
        assert {match.cell for match in answer.matches} == {"de-fra", "us-iad"}
        assert [match.message["text"] for match in answer.matches if match.cell == "de-fra"] == [
            "the zephyr report"
        ]
        assert answer.total == 2
        assert state_of(answer, "de-fra").state == "complete"
        assert [(entry["side"], entry["leg"], entry["phase"]) for entry in entries(american)] == [
            ("debit", "query", "intent"), ("debit", "query", "result"), ("credit", "answer.0", "result"),
        ]  # fmt: skip
        assert [(entry["side"], entry["leg"], entry["phase"]) for entry in entries(german)] == [
            ("credit", "query", "result"), ("debit", "answer.0", "intent"), ("debit", "answer.0", "result"),
        ]  # fmt: skip
        assert checked(tmp_path, german, american) == ([], 2)
        assert b"zephyr" not in german.book() + american.book()


async def test_the_built_in_policies_withhold_and_nothing_is_sent(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=False) as (german, american):
        await german.say("the zephyr report")
        answer = await american.find("zephyr")
        state = state_of(answer, "de-fra")
        assert (state.state, state.rule) == ("withheld", "floor/eea eea-1")
        assert state.text
        assert set(state.to_json()) == {"cell", "jurisdiction", "state", "rule", "text", "decision"}
        assert answer.matches == ()
        assert german.book() == american.book() == b""
        empty = await american.find("nothing-like-this")
        assert state_of(empty, "de-fra").to_json() == state.to_json()


async def test_words_that_may_not_leave_are_not_sent(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=True) as (german, american):
        await american.say("a zephyr here")
        state = state_of(await german.find("zephyr"), "us-iad")
        assert state.state == "withheld"
        assert state.rule
        assert german.book() == american.book() == b""


async def test_private_conversations_of_others_stay_unfound_and_a_redaction_by_mode_holds(
    tmp_path: Path,
) -> None:
    async with two_cells(tmp_path, permitted=True) as (german, american):
        await german.say("zephyr in private", PRIVATE)
        assert state_of(await american.find("zephyr"), "de-fra").state == "empty"
        await german.say("zephyr for all")
        answer = await american.find("zephyr", mode="metadata")
        (match,) = answer.matches
        assert "text" not in match.message
        assert match.message["channel"]["name"] == "general"


async def test_a_frozen_cell_times_out_at_the_first_deadline(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=True) as (german, american):
        await american.say("zephyr at home")

        async def frozen(*arguments: object) -> None:
            await asyncio.sleep(60)

        german.answering._require = frozen  # type: ignore[assignment,method-assign]
        begun_s = american.clock.monotonic_s()
        answer = await american.find("zephyr", first_answer_ms=400)
        assert american.clock.monotonic_s() - begun_s < 3
        assert state_of(answer, "de-fra").state == "timed_out"
        assert len(answer.matches) == 1
        assert [entry["phase"] for entry in entries(american)] == ["intent", "result", "aborted"]
        assert checked(tmp_path, german, american)[0] == []


async def test_a_lost_cell_is_unavailable_then_left_alone(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=True) as (german, american):
        await german.rpc.stop(0.0)
        for _ in range(4):
            assert state_of(await american.find("zephyr"), "de-fra").state == "unavailable"
        assert len(entries(american)) == 3 * 3  # intent, debit, aborted: the fourth was not tried


@pytest.mark.parametrize("broken", ["asker", "asked"])
async def test_without_a_ledger_nothing_crosses_and_local_search_goes_on(tmp_path: Path, broken: str) -> None:
    async with two_cells(tmp_path, permitted=True) as (german, american):
        await german.say("zephyr there")
        await american.say("zephyr here")
        one = american if broken == "asker" else german
        assert one.ledger._book is not None
        one.ledger._book.broken = "tampered"
        answer = await american.find("zephyr")
        assert state_of(answer, "de-fra").state == "unavailable"
        assert [match.cell for match in answer.matches] == ["us-iad"]
        assert one.book() == b""


async def test_only_the_named_cells_are_asked(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=True) as (_, american):
        await american.say("zephyr here")
        answer = await american.find("zephyr", cells=frozenset({"de-fra"}))
        assert [state.cell for state in answer.cells] == ["de-fra"]
