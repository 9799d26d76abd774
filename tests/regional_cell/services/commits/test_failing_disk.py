"""A disk that fails: nothing is acknowledged that a power cut could take, whatever the disk says later."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import campaign
from tests.support.faults.failing_disk import FailingDisk, unavailable
from tests.support.faults.writing import SENDERS, Writing, lost
from tests.support.waiting import until

STORE, LOG = "store/cell.db", "store/cell.db-wal"
SLOW_SYNCS = 3


@pytest.fixture
def disk(tmp_path: Path) -> FailingDisk:
    if why := unavailable():
        pytest.skip(why)
    (tmp_path / "store").mkdir()
    return FailingDisk(tmp_path / "disk", tmp_path / "store")


@pytest.fixture
def writing(tmp_path: Path, disk: FailingDisk) -> Iterator[Writing]:
    with Writing(tmp_path / "store", disk.environ()) as process:
        process.goes_on()
        yield process


@pytest.fixture
def record(fault: str) -> Iterator[Callable[[int, int, int], None]]:
    began_s = time.monotonic()

    def write(injected: int, operations: int, violations: int) -> None:
        seconds = time.monotonic() - began_s
        campaign.record(
            fault, injected=injected, operations=operations, violations=violations, seconds=seconds
        )

    return write  # type: ignore[return-value]


@pytest.mark.fault("F25")
@pytest.mark.parametrize(
    ("call", "what", "part", "times", "reasons"),
    [
        ("sync", "lose", LOG, 1, {"OUTCOME_UNKNOWN"}),
        ("sync", "lose", LOG, 4, {"OUTCOME_UNKNOWN", "NOT_READY"}),
        ("sync", "lose", STORE, 30, {"OUTCOME_UNKNOWN", "NOT_READY"}),
        ("write", "eio", LOG, 1, {"OUTCOME_UNKNOWN"}),
        ("write", "enospc", LOG, 30, {"STORAGE_FULL"}),
    ],
)
async def test_what_was_acknowledged_outlasts_a_disk_that_failed(
    tmp_path: Path, disk: FailingDisk, writing: Writing, record: Callable[[int, int, int], None],
    call: str, what: str, part: str, times: int, reasons: set[str],
) -> None:  # fmt: skip
    """Syncs fail and lose what was written, then succeed; writes fail. Each failure is told, the process
    goes on by itself, and a power cut afterwards takes nothing that was acknowledged.
    """
    with disk.order(call, what, part=part, times=times):
        writing.goes_on(120)
    writing.kill()
    assert set(writing.failed) == reasons, writing.failed
    assert len(disk.told()) == times
    disk.cut_power()
    assert await lost(tmp_path / "store", writing.acknowledged) == []
    record(times, len(writing.acknowledged), 0)


@pytest.mark.fault("F25")
async def test_nothing_is_acknowledged_while_no_sync_succeeds(
    tmp_path: Path, disk: FailingDisk, writing: Writing, record: Callable[[int, int, int], None]
) -> None:
    """Every sync fails: from the second write on each is refused before anything of it is written. When syncs
    succeed again, so do writes.
    """
    with disk.order("sync", "lose", part=LOG):
        # More than who could have been under way when the first sync failed.
        writing.fails(3 * SENDERS)
        acknowledged, unknown = len(writing.acknowledged), writing.failed["OUTCOME_UNKNOWN"]
        writing.fails(100)
        assert len(writing.acknowledged) == acknowledged
        assert writing.failed["OUTCOME_UNKNOWN"] == unknown
        assert writing.failed["NOT_READY"] > 0
    writing.goes_on()
    writing.kill()
    disk.cut_power()
    assert await lost(tmp_path / "store", writing.acknowledged) == []
    record(len(disk.told()), len(writing.acknowledged), 0)


@pytest.mark.fault("F25")
@pytest.mark.parametrize("as_a_cell", [False, True], ids=["writes at once", "looks at the schema first"])
async def test_who_starts_after_a_failed_sync_builds_on_nothing_that_the_disk_does_not_have(
    tmp_path: Path, disk: FailingDisk, writing: Writing, record: Callable[[int, int, int], None],
    as_a_cell: bool,
) -> None:  # fmt: skip
    """Syncs fail and lose what was written, and everybody dies of it. Who starts then finds it in the log as
    if it were durable: a power cut takes neither that nor what was acknowledged behind it.
    """
    with disk.order("sync", "lose", part=LOG):
        writing.fails(3 * SENDERS)
        writing.kill()
    with Writing(tmp_path / "store", disk.environ(), "later", as_a_cell=as_a_cell) as later:
        later.goes_on(120)
        later.kill()
    assert not later.failed
    disk.cut_power()
    assert await lost(tmp_path / "store", writing.acknowledged | later.acknowledged) == []
    record(len(disk.told()), len(writing.acknowledged) + len(later.acknowledged), 0)


@pytest.mark.fault("F25")
async def test_who_starts_on_a_disk_that_fails_writes_nothing_until_it_does_not(
    tmp_path: Path, disk: FailingDisk, writing: Writing, record: Callable[[int, int, int], None]
) -> None:
    """What stands in the log cannot be synced once more: every write is refused before anything of it is
    written. When syncs succeed, so do writes.
    """
    writing.kill()
    with ExitStack() as failing:
        failing.enter_context(disk.order("sync", "eio", part=LOG))
        with Writing(tmp_path / "store", disk.environ(), "later") as later:
            later.fails(3 * SENDERS)
            assert (set(later.failed), later.acknowledged) == ({"NOT_READY"}, {})
            failing.close()
            later.goes_on()
            later.kill()
    disk.cut_power()
    assert await lost(tmp_path / "store", writing.acknowledged | later.acknowledged) == []
    record(len(disk.told()), len(later.acknowledged), 0)


@pytest.mark.fault("F25")
async def test_a_disk_that_lies_is_noticed_by_the_check(
    tmp_path: Path, disk: FailingDisk, writing: Writing, record: Callable[[int, int, int], None]
) -> None:
    """A disk that says that it synced, and did not, loses what was acknowledged: no software could know. It
    shows that the check finds such a loss.
    """
    with disk.order("sync", "lie", part=STORE):
        writing.goes_on()
        writing.kill()
    disk.cut_power()
    assert await lost(tmp_path / "store", writing.acknowledged) != []
    record(len(disk.told()), len(writing.acknowledged), 0)


@pytest.mark.fault("F37")
async def test_a_slow_sync_makes_acknowledgements_late_and_keeps_their_order(
    tmp_path: Path, disk: FailingDisk, writing: Writing, record: Callable[[int, int, int], None]
) -> None:
    """Syncs take half a second: every acknowledgement waits for one, none fails, the log is one order."""
    with disk.order("sync", "slow-500", part=LOG):
        until(lambda: len(disk.told()) >= SLOW_SYNCS, 60, "slow syncs")
        writing.goes_on(24)
        writing.kill()
    assert not writing.failed
    disk.cut_power()
    assert await lost(tmp_path / "store", writing.acknowledged) == []
    record(len(disk.told()), len(writing.acknowledged), 0)
