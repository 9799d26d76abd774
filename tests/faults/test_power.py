"""A power cut takes nothing that was acknowledged, and the cell starts again by itself."""

from collections.abc import Iterator

import pytest

from deploy.audit.verdict import Verdict
from tests.support.faults.power import PowerCutDisk, unavailable
from tests.support.federation import RunningDemo
from tests.support.load import Load

RESTART_S_MAX = 60
CUTS = 10


@pytest.fixture(scope="module")
def disk() -> Iterator[tuple[RunningDemo, PowerCutDisk]]:
    """A federation whose German cell has its data on a disk that can lose its power."""
    if why := unavailable():
        pytest.skip(why)
    options = ("--cells", "de-fra,us-iad", "--rate-limits", "off", "--no-latency")
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
