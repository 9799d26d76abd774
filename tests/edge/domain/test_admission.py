"""What an edge takes in for a cell with too much to do."""

import pytest

from accord.errors import OverloadedError, RateLimitedError
from edge.domain.admission import IDLE_S, SendLimit, refusal
from edge.settings import CallsSettings

SEND, READ, SEARCH = "chat.postMessage", "conversations.history", "search.messages"


def test_what_is_needed_least_is_refused_first() -> None:
    def first_refused(method: str, own: bool) -> int:
        counts = range(1_025)
        return next(
            count for count in counts if refusal(method, count if own else 0, 0 if own else count, 1_024)
        )

    assert [first_refused(method, own=True) for method in (SEARCH, READ, SEND)] == [128, 384, 512]
    assert [first_refused(method, own=False) for method in (SEARCH, READ, SEND)] == [512, 768, 1_024]


def test_a_workspace_is_told_to_slow_down_and_others_that_there_is_no_place() -> None:
    assert isinstance(refusal(READ, 384, 500, 1_024), RateLimitedError)
    assert isinstance(refusal(READ, 0, 1_000, 1_024), OverloadedError)
    assert refusal(SEND, 0, 1_000, 1_024) is None
    for method in (SEND, READ, SEARCH):
        assert refusal(method, 0, 0, 1) is None, "one call is always possible"


def test_a_workspace_that_comes_back_all_at_once_passes() -> None:
    """Two thousand of one workspace open sockets, then read a page each; the cell lets them wait."""
    calls_max = CallsSettings().concurrency_max
    for method in ("rtm.connect", READ):
        assert not any(refusal(method, count, count, calls_max) for count in range(2_000))


def admitted(limit: SendLimit, from_s: float, to_s: float, offered_per_s: int) -> int:
    """How many of so many a second the limit lets through."""
    count = round((to_s - from_s) * offered_per_s)
    return sum(limit.admits(from_s + number / offered_per_s) for number in range(count))


def test_a_limit_holds_its_rate_and_rises_slowly() -> None:
    limit = SendLimit(1_000, 0.0)
    assert admitted(limit, 0.0, 1.0, 5_000) == pytest.approx(1_130, abs=60)
    assert admitted(limit, 1.0, 3.0, 5_000) == pytest.approx(3_300, abs=300)
    limit.renew(900, 3.0)
    assert admitted(limit, 3.0, 4.0, 5_000) == pytest.approx(1_020, abs=60)
    limit.renew(5_000, 4.0)
    assert limit.per_s < 1_200, "a cell that refuses never widens a limit"


def test_who_stays_below_it_is_free_soon() -> None:
    limit = SendLimit(100, 0.0)
    assert admitted(limit, 0.5, 0.5 + 2 * IDLE_S, 50) == 100 * IDLE_S
    assert limit.is_over(0.5 + 2 * IDLE_S)
    limit.renew(100, 10.0)
    assert not limit.is_over(10.0 + IDLE_S)


def test_even_the_lowest_rate_lets_one_pass() -> None:
    limit = SendLimit(1, 0.0)
    assert admitted(limit, 0.0, 10.0, 10) >= 9
