"""Breaker and retry budget."""

from edge.domain.breaker import Breaker, BreakerState


def test_it_opens_after_failures_in_a_row_and_lets_one_probe_through() -> None:
    breaker = Breaker(failures_max=3, open_s=2)
    for _ in range(2):
        breaker.failed(0)
    breaker.answered()
    for _ in range(3):
        assert breaker.admits(1)
        breaker.failed(1)
    assert not breaker.admits(2.9)
    assert breaker.admits(3)
    assert breaker.state is BreakerState.HALF_OPEN
    assert not breaker.admits(3), "one probe at a time"
    breaker.failed(3)
    assert not breaker.admits(4)
    assert breaker.admits(5)
    breaker.answered()
    assert breaker.admits(5)
    assert breaker.admits(5), "closed"


def test_a_probe_whose_caller_left_makes_room_for_the_next() -> None:
    breaker = Breaker(failures_max=1, open_s=1)
    breaker.failed(0)
    assert breaker.admits(1)
    breaker.abandoned()
    assert breaker.admits(1)


def test_a_greeting_of_the_cell_closes_it_at_once() -> None:
    breaker = Breaker(failures_max=1, open_s=60)
    breaker.failed(0)
    assert not breaker.admits(1)
    breaker.answered()
    assert [breaker.admits(1) for _ in range(3)] == [True] * 3
