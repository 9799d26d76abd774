"""Waiting for company ends, however a loop's alarms and its clock stand to each other."""

import asyncio

import pytest

from regional_cell.services.commits import linger
from regional_cell.services.commits.linger import Linger
from regional_cell.services.commits.queue import CommandQueue

ENDS_S_MAX = 10.0


async def test_it_ends_with_an_alarm_that_comes_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(linger, "LINGER_S", 1_000.0)
    waiting = Linger(CommandQueue(100))
    waiting.settled(20)
    assert waiting.wanted()
    async with asyncio.timeout(ENDS_S_MAX):
        # A loop takes for due what is due within its resolution, and may round times.
        monkeypatch.setattr(loop, "call_at", lambda when, call: loop.call_soon(call))
        await waiting.wait()
    assert not waiting.wanted()
    waiting.settled(20)
    assert waiting.wanted()
