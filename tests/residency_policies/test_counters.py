"""Counters: distinct persons over a window, the year's reset, and when the fact flips."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from residency_policies.counters import COUNTER_RULES, Counter, CounterRule, state_of
from residency_policies.vocabulary import COUNTERS

YEAR = CounterRule("counter_cn_below_exempt", 3, "calendar", 480, "a law")
ROLLING = CounterRule("counter_below_us_bulk_thresholds", 3, "rolling", 0, "a law")


def day(text: str, rule: CounterRule = ROLLING) -> int:
    return rule.day(int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()))


def counted(rule: CounterRule, *acts: tuple[str, str]) -> Counter:
    counter = Counter(rule)
    for person, text in acts:
        counter.count(person, day(text))
    return counter


def test_every_counter_fact_has_a_rule() -> None:
    assert set(COUNTER_RULES) == set(COUNTERS)
    assert all(rule.citation and rule.limit > 0 for rule in COUNTER_RULES.values())


def test_a_person_counts_once_and_the_fact_flips_at_the_limit() -> None:
    counter = counted(ROLLING, ("a", "2026-03-01"), ("a", "2026-03-02"), ("b", "2026-03-02"))
    today = day("2026-03-02")
    assert (counter.persons(today), counter.facts(today)) == (2, frozenset({ROLLING.fact}))
    counter.count("c", today)
    assert (counter.persons(today), counter.facts(today)) == (3, frozenset())


def test_a_calendar_window_begins_anew_with_the_year_by_the_laws_clock() -> None:
    counter = counted(YEAR, ("a", "2026-01-01"), ("b", "2026-06-01"), ("c", "2026-12-31"))
    last = day("2026-12-31T15:59:59", YEAR)
    first = day("2026-12-31T16:00:00", YEAR)
    assert first == last + 1, "midnight in the zone of the law"
    assert not counter.below(last)
    assert (counter.persons(first), counter.below(first)) == (0, True)
    assert counter.next_day(last) == first
    assert counter.next_day(first) is None


def test_a_rolling_window_forgets_a_person_a_year_after_the_last_act() -> None:
    counter = counted(
        ROLLING, ("a", "2026-03-01"), ("b", "2026-03-02"), ("c", "2026-04-01"), ("a", "2026-03-05")
    )
    assert not counter.below(day("2027-03-01"))
    assert counter.next_day(day("2027-03-01")) == day("2027-03-02")
    assert counter.below(day("2027-03-02")), "b has left"
    assert counter.persons(day("2027-03-05")) == 1, "a has left with the last act"
    leap = counted(ROLLING, ("a", "2023-03-01"))
    assert leap.persons(day("2024-02-29")) == 1
    assert leap.persons(day("2024-03-01")) == 0


def test_a_full_counter_is_at_its_limit_until_it_is_pruned() -> None:
    counter = Counter(CounterRule("f", 10, "calendar", 0, "a law"), persons_max=2)
    for person in "abc":
        counter.count(person, day("2026-05-01"))
    assert counter.full
    assert not counter.below(day("2026-05-01"))
    counter.prune(day("2027-01-01"))
    assert counter.below(day("2027-01-01"))


def test_a_counter_stays_full_while_as_many_as_it_holds_are_in_the_window() -> None:
    counter = Counter(CounterRule("f", 10, "calendar", 0, "a law"), persons_max=2)
    for person, text in (("a", "2026-05-01"), ("b", "2027-01-01"), ("c", "2027-02-01")):
        counter.count(person, day(text))
    counter.count("b", day("2027-03-01"))
    assert counter.days["b"] == day("2027-03-01"), "who is known is counted all the same"
    counter.prune(day("2026-12-31"))
    assert (counter.full, sorted(counter.days)) == (True, ["a", "b"])
    counter.prune(day("2027-01-01"))
    assert (counter.full, sorted(counter.days)) == (False, ["b"])
    again = Counter(counter.rule, persons_max=2)
    again.count("a", day("2027-01-01"))
    again.prune(day("2027-12-31"))
    assert (again.full, sorted(again.days)) == (False, ["a"]), "the first day belongs to the window"


def test_days_are_those_of_the_laws_clock_wherever_the_machine_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instant_s = int(datetime(2026, 12, 31, 16, tzinfo=UTC).timestamp())
    before = YEAR.day(instant_s), ROLLING.day(instant_s)
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "XXX-14")
        time.tzset()
        assert (YEAR.day(instant_s), ROLLING.day(instant_s)) == before
    time.tzset()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 900)), max_size=30),
    st.integers(900, 1_300),
    st.sampled_from((YEAR, ROLLING)),
    st.randoms(),
)
def test_order_and_repetition_do_not_matter_and_the_count_is_that_of_the_window(
    acts: list[tuple[str, int]], today: int, rule: CounterRule, chance: object
) -> None:
    first = Counter(rule)
    for person, at in acts:
        first.count(person, at)
    again = acts + acts[:5]
    chance.shuffle(again)  # type: ignore[attr-defined]
    second = Counter(rule)
    for person, at in again:
        second.count(person, at)
    assert state_of(first) == state_of(second)
    inside = {person for person, at in acts if at >= rule.first_day(today)}
    assert first.persons(today) == len(inside)
    later = first.next_day(today)
    if later is not None:
        assert first.persons(later) < first.persons(today)
        assert first.persons(later - 1) == first.persons(today)
    first.prune(today)
    assert first.persons(today) == len(inside)
