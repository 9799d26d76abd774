"""Reads and searches have gates of their own: so many at once, workspaces in turns, the rest told to wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from accord import deadline
from accord.errors import RateLimitedError
from regional_cell.entrypoints.web_api import admission
from regional_cell.entrypoints.web_api.admission import Admission
from regional_cell.entrypoints.web_api.method import Method
from regional_cell.entrypoints.web_api.methods import METHODS
from tests.regional_cell.entrypoints.web_api.support_cell import ANN, GENERAL, Cell

READ, SEARCH, SEND = (
    METHODS[name] for name in ("conversations.history", "search.messages", "chat.postMessage")
)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Admission:
    monkeypatch.setattr(admission, "READS_AT_ONCE", 2)
    monkeypatch.setattr(admission, "READS_WAITING_MAX", 4)
    monkeypatch.setattr(admission, "SEARCHES_AT_ONCE", 1)
    return Admission()


@asynccontextmanager
async def admitted(gates: Admission, method: Method, workspace: str) -> AsyncIterator[None]:
    place = await gates.enter(method, workspace)
    try:
        yield
    finally:
        if place is not None:
            place.leave()


class Work:
    """Calls that stay inside until they are let go; who came in, in order."""

    def __init__(self, gates: Admission) -> None:
        self.gates, self.free = gates, asyncio.Event()
        self.entered: list[str] = []

    def begin(self, name: str, method: Any = READ) -> "asyncio.Task[None]":
        async def call() -> None:
            async with admitted(self.gates, method, name):
                self.entered.append(name)
                await self.free.wait()

        return asyncio.create_task(call())


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_workspaces_read_in_turns_and_writes_pass_by(narrow: Admission) -> None:
    work = Work(narrow)
    loud = [work.begin("loud") for _ in range(6)]
    await turns()
    quiet = work.begin("quiet")
    await turns()
    refused = [task for task in loud if task.done()]
    assert len(refused) == 1, "the newest of the longest lane makes room"
    with pytest.raises(RateLimitedError) as told:
        await refused[0]
    assert told.value.retry_after_ms
    sends = [work.begin("loud", SEND) for _ in range(9)]
    search = work.begin("loud", SEARCH)
    await turns()
    assert work.entered == ["loud"] * 12
    assert (narrow.waiting, narrow.refused) == ({"reads": 4, "searches": 0}, {"reads": 1, "searches": 0})
    work.free.set()
    await asyncio.gather(*(task for task in loud if not task.done()), quiet, *sends, search)
    assert "quiet" in work.entered[12:15]


async def test_a_workspace_that_comes_back_all_at_once_waits() -> None:
    """Two thousand of one workspace read at once: all are served, none is refused."""
    gates = Admission()
    work = Work(gates)
    crowd = [work.begin("crowd") for _ in range(2_000)]
    await turns()
    assert gates.waiting["reads"] == 2_000 - admission.READS_AT_ONCE
    work.free.set()
    await asyncio.gather(*crowd)
    assert (len(work.entered), gates.refused["reads"]) == (2_000, 0)


async def test_nobody_waits_longer_than_its_deadline(narrow: Admission) -> None:
    work = Work(narrow)
    inside = [work.begin("loud") for _ in range(2)]
    await turns()

    async def hurried() -> None:
        deadline.wait_until(asyncio.get_running_loop().time() + 0.05)
        async with admitted(narrow, READ, "quiet"):
            raise AssertionError("nobody left")

    with pytest.raises(RateLimitedError):
        await asyncio.wait_for(asyncio.create_task(hurried()), 5)
    work.free.set()
    await asyncio.gather(*inside)
    async with admitted(narrow, READ, "quiet"):
        pass


async def test_a_read_that_finds_no_place_is_told_to_come_back(cell: Cell, narrow: Admission) -> None:
    cell.api.admission = narrow
    work = Work(narrow)
    ann = cell.caller(ANN)
    held = [work.begin(ann.resident) for _ in range(6)]
    await turns()
    answer = await cell.api.call(cell.request(ann, "conversations.history", {"channel": GENERAL}))
    assert (answer.status, orjson.loads(answer.body)) == (429, {"ok": False, "error": "ratelimited"})
    assert int(dict(answer.headers)["retry-after"]) >= 1
    sent = await cell.api.call(cell.request(ann, "chat.postMessage", {"channel": GENERAL, "text": "x"}))
    assert sent.status == 200
    work.free.set()
    await asyncio.gather(*held)
    assert (
        await cell.api.call(cell.request(ann, "conversations.history", {"channel": GENERAL}))
    ).status == 200
    nowhere = await cell.api.call(cell.request(ann, "conversations.history", {"channel": "C00000000000"}))
    assert orjson.loads(nowhere.body)["ok"] is False
    assert [gate.inside for gate in narrow._gates.values()] == [0, 0], "whoever is done leaves its place"
