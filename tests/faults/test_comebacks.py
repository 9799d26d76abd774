"""Everybody comes back at once, to processes that remember nothing."""

import time
import uuid

import pytest

from tests.faults.test_edges import posts
from tests.support.crowd import Crowd
from tests.support.federation import RunningDemo
from tests.support.load import Load
from tests.support.metrics import metrics_of, total
from tests.support.waiting import until

# Own writers and readers of the load; the crowd are the others.
WRITERS = 2
MARKED_S_MAX, BACK_S_MAX, TOLD_S_MAX = 60.0, 60.0, 60.0
REPLAYS = ('colink_replays_total{how="loaded"}', 'colink_replays_total{how="shared"}')
TRIED = 40
# Of the sockets, for how many the log is read: who missed other messages than the one before.
LOADED_PART_MAX = 0.5
# How much slower a machine of two processors may be while it still reads what was missed.
SLOWER_MAX, SLOWER_S_MIN = 4.0, 3.0


def again_s(load: Load) -> float:
    """How long it takes until so many further messages were acknowledged."""
    began_s = time.monotonic()
    load.goes_on(TRIED)
    return time.monotonic() - began_s


@pytest.mark.parametrize(
    ("sockets", "pause_s", "lasts_s"),
    [
        pytest.param(200, 0.0, 3, marks=[pytest.mark.fault("F42"), pytest.mark.fault("F43")]),
        pytest.param(2_000, 0.2, 0, marks=[pytest.mark.fault("F42"), pytest.mark.long]),
        pytest.param(
            2_000, 0.0, 600, marks=[pytest.mark.fault("F43"), pytest.mark.long, pytest.mark.timeout(1_500)]
        ),
    ],
    ids=["busy", "2,000 quiet", "2,000 busy"],
)
def test_all_sockets_are_cut_at_once_and_come_back_to_cold_processes(
    hurt: RunningDemo, fault: str, sockets: int, pause_s: float, lasts_s: float
) -> None:
    """Every process of a cell dies, and with it every socket of its people and whatever was kept in memory:
    once it runs again all go on from their mark within a minute, nobody has to begin anew, no message of
    another is read from the log for each of them, and posts are acknowledged meanwhile. Afterwards, and for
    ten minutes of the long run, posts are as fast as before. The verdict is clean.
    """
    cells = metrics_of(hurt, "de-fra", "de-fra/2")
    workspace = str(hurt.workspace("acme")["id"])
    with Load(hurt, fault, writers=WRITERS, pause_s=pause_s) as load:
        people = load.people[WRITERS + 2 :]
        with load.device("iad") as owner:
            channel = owner.create(f"crowd-{uuid.uuid4().hex[:8]}")
            assert owner.invite(channel, *(one.user for one in people)) == "ok", owner.error
            with Crowd(
                load.recorder, [hurt.edge("fra"), hurt.edge("iad")], people, workspace, sockets
            ) as crowd:
                until(lambda: crowd.marked() == sockets, MARKED_S_MAX, "all have a mark")
                before_s = again_s(load)
                with load.fault("kill", "de-fra"):
                    hurt.kill("de-fra")
                    until(lambda: crowd.open() == 0, BACK_S_MAX, "all are cut")
                    hurt.companion("start", "de-fra")
                began_s = time.monotonic()
                with posts(owner, channel, 0.3):
                    load.goes_on(1)
                    until(lambda: crowd.open() == sockets, BACK_S_MAX, "all are back")
                    back_s = time.monotonic() - began_s
                    loaded, shared = (total(cells, line) for line in REPLAYS)
                key = str(uuid.uuid4())
                assert owner.send(channel, f"the end {key}", key) == "ok", owner.error
                crowd.drain(key, TOLD_S_MAX)
                assert crowd.resyncs() == 0
                ends_s = time.monotonic() + lasts_s
                after_s = again_s(load)
                while time.monotonic() < ends_s:
                    after_s = again_s(load)
        print(
            f"{sockets} back after {back_s:.1f} s, {loaded:.0f} replays loaded and {shared:.0f} shared;"
            f" {TRIED} posts in {before_s:.1f} s before, {after_s:.1f} s after"
        )
        assert loaded + shared >= sockets
        assert loaded < LOADED_PART_MAX * sockets
        assert after_s < max(SLOWER_S_MIN, SLOWER_MAX * before_s)
    assert load.verdict().violations == [], load.story
