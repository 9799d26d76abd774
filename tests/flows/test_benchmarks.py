"""The measurements run against a demo, and their clients see nothing lost."""

import asyncio

import pytest

from benchmarks.setting import Setting
from benchmarks.works import history, rate, reconnect
from tests.support.federation import RunningDemo

SHAPE = rate.Shape("tiny", 2, 5, 1, 2)


@pytest.mark.timeout(600)
def test_rate_history_and_reconnect_are_measured_without_a_fault() -> None:
    with RunningDemo("--cells", "de-fra", "--no-latency", "--rate-limits", "off", "--load", "10:2:5") as demo:
        setting = Setting(0.5, 1, 1, 10, demo.data_dir, None)
        sends = asyncio.run(rate.measure(setting, SHAPE))
        pages = asyncio.run(history.measure(setting))
        back = asyncio.run(reconnect.measure(setting))
    for results in (sends, pages, back):
        assert not results.faults
        assert all(one.median >= 0 for one in results.figures)
    assert sends.figures[0].median > 0
    assert sends.figures[0].share is not None
    assert {one.name for one in back.figures} >= {"all_back_s", "down_s"}
