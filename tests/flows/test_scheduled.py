"""Scheduled messages are posted once at their time, whatever happens to the processes then."""

import time

import pytest

from tests.support.federation import RunningDemo
from tests.support.rooms import person, room
from tests.support.scheduling import AHEAD_S, SECONDS, require_once, said, schedule
from tests.support.waiting import until


@pytest.mark.timeout(600)
def test_a_cell_that_is_killed_while_messages_are_due_posts_each_once(hurt: RunningDemo) -> None:
    owner = person(hurt)
    channel = room(hurt, owner)
    first_s = int(time.time()) + AHEAD_S
    texts = schedule(hurt, owner, channel, first_s)
    until(lambda: said(hurt, owner, channel), 60, "the first is posted")
    for _ in range(2):
        assert hurt.kill("de-fra") == -9
        hurt.companion("start", "de-fra")
    require_once(hurt, owner, channel, texts)


@pytest.mark.timeout(600)
def test_messages_wait_for_a_cell_that_was_down_at_their_time(hurt: RunningDemo) -> None:
    owner = person(hurt)
    channel = room(hurt, owner)
    first_s = int(time.time()) + AHEAD_S
    texts = schedule(hurt, owner, channel, first_s)
    assert hurt.kill("de-fra") == -9
    time.sleep(max(0.0, first_s + SECONDS - time.time()))
    hurt.companion("start", "de-fra")
    require_once(hurt, owner, channel, texts)
