"""Clocks."""

import pytest

from accord.clock import ManualClock, SystemClock


def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(1_000)
    assert (clock.now_us(), clock.monotonic_s()) == (1_000, 0)
    clock.advance(1.5)
    assert (clock.now_us(), clock.monotonic_s()) == (1_501_000, 1.5)


def test_the_wall_may_step_back_and_the_monotonic_time_does_not() -> None:
    clock = ManualClock(10_000_000)
    clock.step_wall(-5)
    assert (clock.now_us(), clock.monotonic_s()) == (5_000_000, 0)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)


def test_the_system_clock_counts_microseconds_since_1970() -> None:
    assert 1_600_000_000_000_000 < SystemClock().now_us() < 5_000_000_000_000_000
