"""An edge that dies takes nobody's words with it: everybody goes on elsewhere, exactly where they were."""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.crowd import Crowd
from tests.support.device import Device
from tests.support.federation import RunningDemo
from tests.support.load import Load
from tests.support.waiting import until

SOCKETS = 500
TALKING = 50
# Own writers and readers of the load; the crowd are the others.
WRITERS = 2
BACK_S_MAX = 45.0
TOLD_S_MAX = 60.0


@contextmanager
def posts(author: Device, channel: str, every_s: float) -> Iterator[None]:
    """Somebody posts all the while."""
    stopping = threading.Event()

    def run() -> None:
        while not stopping.wait(every_s):
            author.send(channel, f"meanwhile {uuid.uuid4().hex[:10]}")

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


@pytest.mark.fault("F08")
@pytest.mark.parametrize("times", [1, pytest.param(10, marks=pytest.mark.long)])
def test_an_edge_dies_with_500_sockets_and_all_go_on_at_another(
    hurt: RunningDemo, fault: str, times: int
) -> None:
    """Under load, while some of them post: all are back at the other edge from their mark, nobody has to
    begin anew, what was not answered is settled by one more try, and the verdict is clean.
    """
    workspace = str(hurt.workspace("acme")["id"])
    with Load(hurt, fault, writers=WRITERS, pause_s=0.1) as load:
        people = load.people[WRITERS + 2 :]
        with load.device("iad") as owner:
            channel = owner.create(f"crowd-{uuid.uuid4().hex[:8]}")
            assert owner.invite(channel, *(one.user for one in people)) == "ok", owner.error
            names = ["fra", "iad"]
            for _ in range(times):
                edges = [hurt.edge(name) for name in names]
                with Crowd(load.recorder, edges, people, workspace, SOCKETS) as crowd:
                    until(lambda: crowd.marked() == SOCKETS, TOLD_S_MAX, "all have a mark")
                    with posts(owner, channel, 0.3):
                        crowd.say(channel, TALKING)
                        with load.fault("kill", names[0]):
                            hurt.kill(names[0])
                            began_s = time.monotonic()
                            until(lambda: crowd.open_at(names[1]) == SOCKETS, BACK_S_MAX, "all are back")
                            print(f"{SOCKETS} back after {time.monotonic() - began_s:.1f} s")
                        until(lambda: not crowd.unanswered(), TOLD_S_MAX, "all are acknowledged")
                    key = str(uuid.uuid4())
                    assert owner.send(channel, f"the end {key}", key) == "ok", owner.error
                    crowd.drain(key, TOLD_S_MAX)
                    assert crowd.resyncs() == 0
                hurt.companion("start", names[0])
        load.goes_on()
    assert load.verdict().violations == [], load.story
