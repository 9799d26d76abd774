"""A search is asked about at each of its steps, on both sides, and a test notices when one does not ask.

Policies change between two steps where only that tells them apart.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from regional_cell.domain.search_exchange import Ask, Part
from regional_cell.ports.crossings import Passage
from tests.regional_cell.services.search.federation import TestedCell, state_of, two_cells
from tests.support.ruling import Ruling, act

ASKING, ANSWERING = (f"regional_cell/services/search/{name}.py" for name in ("asking", "answering"))
HERE, FORESEEN, ASKED = (f"{ASKING}::Asking.{name}" for name in ("_search_here", "_allowed", "_ask"))
REQUIRED, WORKSPACE = (f"{ANSWERING}::Answering.{name}" for name in ("_require", "_workspace"))
CREDITED = "regional_cell/services/search/exchange.py::Exchange._credit"


def ruled(cell: TestedCell, op: str = "") -> Ruling:
    """What the cell asks from now on; one operation is denied."""
    ruling = Ruling(act(op))
    cell.egress._policies = ruling
    return ruling


def change_with_search(cell: TestedCell, ruling: Ruling) -> list[str]:
    """The cell denies answers once it searched for one. Gives what it searched for."""
    honest, searched = cell.local.search, list[str]()

    async def search(caller: Any, *rest: Any) -> Any:
        found = await honest(caller, *rest)
        searched.append(caller.resident)
        ruling.changes(act("search_from"))
        return found

    vars(cell.local)["search"] = search
    return searched


async def found_there(german: TestedCell, american: TestedCell) -> list[str]:
    """Texts that an American search brings from Germany."""
    await german.say("the zephyr report")
    answer = await american.find("zephyr")
    return [match.message["text"] for match in answer.matches if match.cell == "de-fra"]


async def test_what_nobody_denies_is_found(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=True) as (german, american):
        asked = ruled(german), ruled(american)
        assert await found_there(german, american) == ["the zephyr report"]
        assert all({question.purpose for question in one.asked} <= {"search", "local"} for one in asked)


@pytest.mark.notices(HERE, "cell.search.here")
async def test_what_may_not_be_shown_at_home_is_not(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=True) as (_, american):
        await american.say("a zephyr here")
        ruled(american, "disclose")
        answer = await american.find("zephyr", cells=frozenset({"us-iad"}))
        assert answer.matches == ()
        assert state_of(answer, "us-iad").state == "withheld"


@pytest.mark.notices(FORESEEN, "cell.search.foreseen")
async def test_a_cell_is_not_asked_for_what_it_would_withhold(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=True) as (german, american):
        ruled(german), ruled(american, "search_from")
        assert await found_there(german, american) == []
        assert german.book() == american.book() == b""


@pytest.mark.notices(ASKED, "cell.query.sent")
async def test_words_are_not_sent_where_they_may_not_go(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=True) as (german, american):
        ruled(german), ruled(american, "process")
        assert await found_there(german, american) == []
        assert german.book() == american.book() == b""


@pytest.mark.notices(REQUIRED, "cell.query.received")
async def test_words_are_not_used_that_should_not_have_come(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=True) as (german, american):
        ruled(german, "process"), ruled(american)
        assert await found_there(german, american) == []
        assert german.book() == b""


@pytest.mark.notices(WORKSPACE, "cell.answer.begun")
async def test_nothing_is_searched_for_an_answer_that_may_not_go(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=True) as (german, american):
        ruled(american)
        searched = change_with_search(german, ruled(german, "search_from"))
        assert await found_there(german, american) == []
        assert searched == []


@pytest.mark.notices(WORKSPACE, "cell.answer.sent")
async def test_no_answer_is_sent_that_may_not_go_any_more(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=True) as (german, american):
        ruled(american)
        searched = change_with_search(german, ruled(german))
        assert await found_there(german, american) == []
        assert searched == [german.workspace]


@pytest.mark.notices(CREDITED, "cell.answer.received")
async def test_no_answer_is_used_that_should_not_have_come(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=True) as (german, american):
        ruled(german)
        ruling, honest = ruled(american), american.peers.search

        async def search(passage: Passage, ask: Ask) -> AsyncIterator[Part]:
            ruling.changes(act("search_from"))
            async for part in honest(passage, ask):
                yield part

        vars(american.peers)["search"] = search
        assert await found_there(german, american) == []
