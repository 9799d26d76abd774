"""Waiting for company ends, however a loop's alarms and its clock stand to each other."""

import asyncio

import pytest

from regional_cell.services.commits import linger
from regional_cell.services.commits.linger import Linger
from regional_cell.services.commits.queue import CommandQueue
from tests.regional_cell.services.commits.test_queue import LOUD, QUIET, admitted

ENDS_S_MAX = 10.0


async def test_it_ends_with_an_alarm_that_comes_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(linger, "LINGER_S", 1_000.0)
    waiting = Linger(CommandQueue(100))
    waiting.settled({"T1": 20})
    assert waiting.wanted()
    async with asyncio.timeout(ENDS_S_MAX):
        # A loop takes for due what is due within its resolution, and may round times.
        monkeypatch.setattr(loop, "call_at", lambda when, call: loop.call_soon(call))
        await waiting.wait()
    assert not waiting.wanted()
    waiting.settled({"T1": 20})
    assert waiting.wanted()


async def test_nobody_waits_for_the_company_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linger, "LINGER_S", 1_000.0)
    queue = CommandQueue(100)
    waiting = Linger(queue)
    waiting.settled({LOUD: 20, QUIET: 1})
    admitted(queue, LOUD)
    assert waiting.wanted()
    ended = asyncio.ensure_future(waiting.wait())
    await asyncio.sleep(0)
    assert not ended.done()
    admitted(queue, QUIET)
    await asyncio.wait_for(ended, ENDS_S_MAX)
