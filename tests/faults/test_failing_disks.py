"""Disks of a cell whose calls fail or take their time by order, one store after the other, under load."""

import sqlite3
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

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
NOTICED_S, CAUGHT_UP_S_MAX, GOES_ON_S = 30.0, 60.0, 60.0
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


@pytest.mark.fault("F47")
@pytest.mark.parametrize("behind", [100, pytest.param(2_000, marks=pytest.mark.long)])
def test_an_index_that_was_away_catches_up_and_no_post_waits_for_it(
    hurt: RunningDemo, disk: FailingDisk, fault: str, behind: int
) -> None:
    """For so many posts nothing can be indexed: they are acknowledged, and the newest are found, as ever.
    Then all of it is indexed while posts go on, and the first of them is found too. No search says that it is
    whole and is not: the verdict is clean.
    """
    anna, first, last = person(hurt), f"first{uuid.uuid4().hex}", f"last{uuid.uuid4().hex}"
    workspace = hurt.workspace("acme")
    channel = workspace["channels"]["general"]
    indexed = partial(_indexed, hurt, str(workspace["id"]))
    with Load(hurt, fault, writers=2, pause_s=0.02) as load, Plain(hurt.edge("fra"), anna.token) as plain:
        told = len(disk.told())
        with load.fault("no index", "de-fra"), disk.order("write", "eio", part=f"{DATA}search.db"):
            plain.done("chat.postMessage", channel=channel, text=first)
            until(lambda: len(disk.told()) > told, NOTICED_S, "the index is written to")
            before = indexed()
            load.goes_on(behind, within_s=max(GOES_ON_S, behind))
            plain.done("chat.postMessage", channel=channel, text=last)
            assert _is_found(plain, last)
            assert indexed() == before
        load.goes_on(1)
        until(lambda: indexed() > before + behind, CAUGHT_UP_S_MAX, "all of it is indexed")
        for word in (first, last):
            until(partial(_is_found, plain, word), CAUGHT_UP_S_MAX, f"{word} is found")
    assert load.verdict().violations == [], load.story


def _indexed(demo: RunningDemo, workspace: str) -> int:
    """How far in the workspace's log the index has come."""
    with closing(sqlite3.connect(f"file:{demo.data_dir / DATA}/search.db?mode=ro", uri=True)) as index:
        (row,) = index.execute("SELECT sequence FROM positions WHERE resident = ?", (workspace,))
        return int(row[0])


def _is_found(plain: Plain, word: str) -> bool:
    return int(plain.done("search.messages", query=word)["messages"]["total"]) == 1


def _page(demo: RunningDemo, token: str, channel: str, ends_s: float) -> int:
    """Page after page until then; how many."""
    count = 0
    with Plain(demo.edge("fra"), token) as plain:
        while time.monotonic() < ends_s:
            plain.done("conversations.history", channel=channel, limit=100)
            count += 1
    return count
