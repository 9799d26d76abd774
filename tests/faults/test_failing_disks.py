"""Disks of a cell whose calls fail or take their time by order, one store after the other, under load."""

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.clients import Plain
from tests.support.faults.failing_disk import FailingDisk, unavailable
from tests.support.faults.probing import ask
from tests.support.federation import RunningDemo
from tests.support.load import Load
from tests.support.patience import SPARE_S
from tests.support.rooms import person, room
from tests.support.swapping import Swapped
from tests.support.waiting import until

PROCESSES = ("de-fra", "de-fra/2")
DATA = "cells/de-fra/data/"
DEADLINE_S, SERVED_S = 10.0, 2.0
NOTICED_S = 30.0
PAGERS, BULK_MESSAGES, BULK_TEXT = 4, 200, "x" * 2_000


@pytest.fixture(scope="module")
def disk(hurt: RunningDemo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FailingDisk]:
    """The disk of the German cell: its processes start anew on it; in the end they are the demo's own
    again.
    """
    if why := unavailable():
        pytest.skip(why)
    made = FailingDisk(tmp_path_factory.mktemp("disk"))
    with Swapped(hurt, *PROCESSES, environ=made.environ()) as processes:
        for name in PROCESSES:
            processes.kill(name)
        for name in PROCESSES:
            processes.revive(name)
        yield made
    hurt.companion("start", "de-fra")


@pytest.mark.fault("F23")
@pytest.mark.parametrize("store", ["cell.db", "files/", "search.db", "ledger/"])
def test_a_store_that_is_full_stops_what_needs_it_and_no_more(
    hurt: RunningDemo, disk: FailingDisk, fault: str, store: str
) -> None:
    """Under load one store of a cell has no room: what needs it is refused in a typed way, the rest goes on,
    and so does everything when there is room again; the verdict is clean.
    """
    with Load(hurt, fault) as load:
        told = len(disk.told())
        with load.fault(f"{store} full", "de-fra"), disk.order("write", "enospc", part=DATA + store):
            until(lambda: len(disk.told()) > told, NOTICED_S, f"{store} is written to")
            if store != "cell.db":
                load.goes_on()
            token, channel = load.people[0].token, load.channels[0]
            read = ask(hurt.edge("fra"), token, "conversations.history", channel=channel)
            with load.device("fra") as device:
                posted = device.send(channel, f"one more {uuid.uuid4().hex[:10]}"), device.error
        assert read.error == "", read
        assert posted == (("fail", "service_unavailable") if store == "cell.db" else ("ok", ""))
        load.goes_on()
    assert load.verdict().violations == [], load.story


@pytest.mark.fault("F37")
@pytest.mark.parametrize(
    "what", ["slow-200", pytest.param("slow-1000", marks=pytest.mark.long)], ids=["200 ms", "1 s"]
)
def test_a_slow_disk_makes_acknowledgements_late_and_nothing_else(
    hurt: RunningDemo, disk: FailingDisk, fault: str, what: str
) -> None:
    """Each sync takes long while four people page through a large channel without a pause: every post is
    acknowledged after a sync and by its deadline, pages come meanwhile, and people of the other cell are
    served within 2 s. The verdict is clean.
    """
    anna = person(hurt)
    bulk = room(hurt, anna)
    with Plain(hurt.edge("fra"), anna.token) as plain:
        for _ in range(BULK_MESSAGES):
            plain.done("chat.postMessage", channel=bulk, text=BULK_TEXT)
    other = person(hurt, "globex", place=1)
    with Load(hurt, fault, timeout_s=DEADLINE_S + SPARE_S) as load, ThreadPoolExecutor(PAGERS) as threads:
        with load.fault(what, "de-fra"), disk.order("sync", what, part=f"{DATA}cell.db"):
            ends_s = time.monotonic() + 30 * int(what.removeprefix("slow-")) / 1000
            pages = [threads.submit(_page, hurt, anna.token, bulk, ends_s) for _ in range(PAGERS)]
            posts, others = [], []
            while time.monotonic() < ends_s:
                arguments = {"channel": bulk, "text": "x"}
                posts.append(ask(hurt.edge("fra"), anna.token, "chat.postMessage", **arguments))
                others.append(ask(hurt.edge("iad"), other.token))
            shown = [page.result() for page in pages]
        assert {one.error for one in posts + others} == {""}, (posts, others)
        assert min(one.took_s for one in posts) > int(what.removeprefix("slow-")) / 2000
        assert max(one.took_s for one in posts) < DEADLINE_S + SPARE_S
        assert max(one.took_s for one in others) < SERVED_S + SPARE_S
        assert sum(shown) > len(posts)
        load.goes_on()
    assert load.verdict().violations == [], load.story


def _page(demo: RunningDemo, token: str, channel: str, ends_s: float) -> int:
    """Page after page until then; how many."""
    count = 0
    with Plain(demo.edge("fra"), token) as plain:
        while time.monotonic() < ends_s:
            plain.done("conversations.history", channel=channel, limit=100)
            count += 1
    return count
