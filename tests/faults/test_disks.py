"""Disks that lose their power, are full, or are slow: nothing that was acknowledged is lost, and the cell
goes on.
"""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from deploy.audit.books import check_books
from deploy.audit.verdict import Verdict
from deploy.environment import ROOT
from tests.support.clients import Plain
from tests.support.faults.power import PowerCutDisk, cannot_be_slow, unavailable
from tests.support.faults.probing import Asked, ask
from tests.support.federation import RunningDemo
from tests.support.load import Load
from tests.support.patience import SPARE_S
from tests.support.rooms import person
from tests.support.waiting import until

RESTART_S_MAX = 60
CUTS = 10
FULL_S, BACK_S = 60.0, 10.0
READS = 10
SLOW_WRITES_S, SLOW_BYTES_S = 20, 2 * 1024 * 1024
DEADLINE_S, SERVED_S = 10.0, 2.0
SEARCHERS, BOOKED, GOES_ON_S = 2, 20, 60.0
NOT_ARRIVED = "no credit in the other book after 60 s"


@pytest.fixture(scope="module")
def disk() -> Iterator[tuple[RunningDemo, PowerCutDisk]]:
    """A federation whose German cell has its data on a disk that can lose its power."""
    if why := unavailable():
        pytest.skip(why)
    policies = str(ROOT / "docs/examples/policies-search-permitted")
    options = ("--cells", "de-fra,us-iad", "--rate-limits", "off", "--no-latency", "--policies", policies)
    with RunningDemo(*options) as demo, PowerCutDisk(demo, "de-fra") as made:
        yield demo, made


def cut_under_load(demo: RunningDemo, power: PowerCutDisk) -> Verdict:
    """The verdict over one cut under load."""
    with Load(demo, "F02") as load:
        with load.fault("power cut", "de-fra"):
            restart_s = power.cut()
        load.goes_on()
    verdict = load.verdict()
    assert verdict.violations == [], load.story
    assert verdict.acknowledged > 0
    assert restart_s < RESTART_S_MAX
    return verdict


@pytest.mark.fault("F02")
def test_a_power_cut_takes_nothing_that_was_acknowledged(disk: tuple[RunningDemo, PowerCutDisk]) -> None:
    """What was acknowledged before the cut is there after it; the cell is ready within a minute."""
    cut_under_load(*disk)


@pytest.mark.long
@pytest.mark.fault("F02")
@pytest.mark.timeout(3600)
def test_ten_power_cuts_take_nothing_that_was_acknowledged(disk: tuple[RunningDemo, PowerCutDisk]) -> None:
    """The same ten times on one disk, each cut on what the ones before left."""
    for number in range(1, CUTS + 1):
        verdict = cut_under_load(*disk)
        print(f"cut {number}: {verdict.acknowledged} acknowledged, 0 of them lost")


@contextmanager
def searching(demo: RunningDemo) -> Iterator[None]:
    """Searches over both cells without a pause, each of which both book."""
    stopping = threading.Event()

    def search() -> None:
        with Plain(demo.edge("iad"), demo.visitor()[1]["token"]) as plain:
            while not stopping.is_set():
                plain.call("ext.search", query="plan")

    threads = [threading.Thread(target=search) for _ in range(SEARCHERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def booked(demo: RunningDemo) -> int:
    """Lines in the book of the German cell."""
    folder = demo.data_dir / "cells" / "de-fra" / "data" / "ledger" / "book"
    return sum(path.read_bytes().count(b"\n") for path in folder.iterdir())


def grows(demo: RunningDemo) -> None:
    """Wait until that book has more."""
    enough = booked(demo) + BOOKED
    until(lambda: booked(demo) >= enough, GOES_ON_S, "searches are booked")


@pytest.mark.fault("F03")
@pytest.mark.parametrize("cuts", [1, pytest.param(5, marks=pytest.mark.long)])
def test_a_power_cut_while_the_ledger_is_written_leaves_a_book_that_holds(
    disk: tuple[RunningDemo, PowerCutDisk], fault: str, cuts: int
) -> None:
    """While searches over both cells are booked the power is cut: the book goes on where it was, and the
    verdict over the load is clean. An auditor finds nothing in either book but what a cut caught between its
    booking and its arrival: at most one crossing of each who searches.
    """
    demo, power = disk
    with Load(demo, fault) as load, searching(demo):
        for _ in range(cuts):
            grows(demo)
            with load.fault("power cut", "de-fra"):
                assert power.cut() < RESTART_S_MAX
            grows(demo)
            load.goes_on()
    assert load.verdict().violations == [], load.story
    findings = list(check_books(demo.data_dir))
    caught = [found for found in findings if found.what.endswith(NOT_ARRIVED)]
    assert [found for found in findings if found not in caught] == []
    assert len(caught) <= SEARCHERS * cuts


def refused(load: Load) -> bool:
    """Whether one more post is refused for want of room."""
    with load.device("fra") as device:
        outcome = device.send(load.channels[0], f"one more {uuid.uuid4().hex[:10]}")
        return (outcome, device.error) == ("fail", "service_unavailable")


def reading(demo: RunningDemo, load: Load) -> Asked:
    """How one more read of the load's people ends."""
    return ask(demo.edge("fra"), load.people[0].token, "conversations.history", channel=load.channels[0])


@pytest.mark.fault("F23")
@pytest.mark.parametrize("starts", [False, True], ids=["while it serves", "when it starts"])
def test_a_full_disk_refuses_writes_and_serves_reads(
    disk: tuple[RunningDemo, PowerCutDisk], fault: str, starts: bool
) -> None:
    """Under load the disk is full, also for a cell that starts then: posts are refused with
    `service_unavailable`, pages are shown, and with room again everything goes on; the verdict is clean.
    """
    demo, power = disk
    with Load(demo, fault) as load:
        with load.fault("disk full", "de-fra"), power.full():
            until(lambda: refused(load), FULL_S, "posts are refused")
            if starts:
                demo.kill("de-fra")
                demo.companion("start", "de-fra")
                until(lambda: not reading(demo, load).error, BACK_S, "the edge is connected again")
            asked = [reading(demo, load) for _ in range(READS)]
            assert refused(load)
        assert {one.error for one in asked} == {""}, asked
        load.goes_on()
    assert load.verdict().violations == [], load.story


@pytest.mark.fault("F37")
@pytest.mark.parametrize("lasts_s", [5, pytest.param(60, marks=pytest.mark.long)])
def test_a_device_of_20_writes_a_second_makes_acknowledgements_late_and_nothing_else(
    disk: tuple[RunningDemo, PowerCutDisk], fault: str, lasts_s: float
) -> None:
    """All that a cell has is on its disk, of 2 MB and 20 writes a second: every post is acknowledged by its
    deadline and is late, pages come meanwhile, and people of the other cell are served within 2 s. The
    verdict is clean.
    """
    if why := cannot_be_slow():
        pytest.skip(why)
    demo, power = disk
    anna, other = person(demo), person(demo, "globex", place=1)
    channel = demo.workspace("acme")["channels"]["general"]
    arguments = {"channel": channel, "text": "x"}
    with Load(demo, fault, writers=2, pause_s=0.1, timeout_s=DEADLINE_S + SPARE_S) as load:
        before = [ask(demo.edge("fra"), anna.token, "chat.postMessage", **arguments) for _ in range(5)]
        with load.fault("20 writes/s", "de-fra"), power.slow(SLOW_WRITES_S, SLOW_BYTES_S):
            ends_s = time.monotonic() + lasts_s
            posts, pages, others = [], [], []
            while time.monotonic() < ends_s:
                posts.append(ask(demo.edge("fra"), anna.token, "chat.postMessage", **arguments))
                pages.append(ask(demo.edge("fra"), anna.token, "conversations.history", channel=channel))
                others.append(ask(demo.edge("iad"), other.token))
        assert {one.error for one in before + posts + pages + others} == {""}, (posts, pages, others)
        assert max(one.took_s for one in posts) < DEADLINE_S + SPARE_S
        assert max(one.took_s for one in others) < SERVED_S + SPARE_S
        late = sorted(one.took_s for one in posts)[len(posts) // 2]
        print(f"{len(posts)} posts, half of them after {late:.2f} s; before {before[0].took_s:.2f} s")
        assert late > 1 / SLOW_WRITES_S
        load.goes_on()
    assert load.verdict().violations == [], load.story
