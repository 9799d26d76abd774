"""Retries are a share of calls, whatever fails."""

from accord.retries import RetryBudget


def test_retries_are_a_share_of_calls() -> None:
    budget = RetryBudget(share=0.1, reserve=2)
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    for _ in range(11):
        budget.called()
    assert [budget.spend() for _ in range(2)] == [True, False]


def test_however_long_everything_fails_a_target_is_asked_for_little_more() -> None:
    budget = RetryBudget()
    asked = 0
    for _ in range(1_000):
        budget.called()
        asked += 1 + budget.spend()
    assert asked <= 1.2 * 1_000
