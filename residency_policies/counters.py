"""Counters of distinct persons over a window: how a counter fact becomes true or false.

A fact `counter_below_...` of a question says that fewer persons than a limit were counted in the window that
holds the day. Whoever keeps a counter counts each person (a blind id) on the day of the act; the fact flips
at the person that reaches the limit, and back when persons leave the window: in a rolling one a year after
their last act, in a calendar one when the year begins. It is asked about days from the last act on.

Invariants
    1. A person counts once in a window, however often they are counted.
    2. The order in which acts are counted does not matter, nor do repetitions.
    3. A counter that can hold no more is full: its fact is false.

Days are counted from 1970-01-01 in the zone of the law; no clock is read here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class CounterRule:
    """What a counter fact means.

    Attributes:
        limit: at so many distinct persons the fact is false.
        window: `rolling`: the 12 months that end with the day; `calendar`: since 1 January.
        zone_minutes: of the law's clock, east of UTC.
    """

    fact: str
    limit: int
    window: Literal["rolling", "calendar"]
    zone_minutes: int
    citation: str

    def day(self, unix_s: int) -> int:
        """The day of an instant by the law's clock."""
        local = datetime.fromtimestamp(unix_s, UTC) + timedelta(minutes=self.zone_minutes)
        return (local.date() - EPOCH).days

    def first_day(self, day: int) -> int:
        """The first day of the window that ends with a day."""
        today = EPOCH + timedelta(days=day)
        if self.window == "calendar":
            return (today.replace(month=1, day=1) - EPOCH).days
        leap = (today.month, today.day) == (2, 29)
        year_ago = today.replace(year=today.year - 1, day=28 if leap else today.day)
        return (year_ago - EPOCH).days + 1


COUNTER_RULES: Final[dict[str, CounterRule]] = {
    rule.fact: rule
    for rule in (
        CounterRule("counter_below_us_bulk_thresholds", 100_000, "rolling", 0, "28 CFR 202.205(g)"),
        CounterRule("counter_cn_below_exempt", 100_000, "calendar", 480, "CBDF Art. 5"),
    )
}


@dataclass(slots=True)
class Counter:
    """Persons that were counted, and what that comes to.

    `days`: the last day on which each person was counted. `persons_max` bounds the memory; beyond it the
    counter is full and its fact false until it is pruned.
    """

    rule: CounterRule
    persons_max: int = 1_000_000
    days: dict[str, int] = field(default_factory=dict)
    full: bool = False

    def count(self, person: str, day: int) -> None:
        """Count a person on a day; an older day than one already counted changes nothing."""
        if person not in self.days and len(self.days) >= self.persons_max:
            self.full = True
            return
        self.days[person] = max(day, self.days.get(person, day))

    def persons(self, day: int) -> int:
        """Distinct persons of the window that ends with the day."""
        first = self.rule.first_day(day)
        return sum(seen >= first for seen in self.days.values())

    def below(self, day: int) -> bool:
        """The fact, for questions of that day."""
        return not self.full and self.persons(day) < self.rule.limit

    def facts(self, day: int) -> frozenset[str]:
        """What a question may state of it."""
        return frozenset({self.rule.fact}) if self.below(day) else frozenset()

    def prune(self, day: int) -> None:
        """Forget persons that no window from this day on holds."""
        first = self.rule.first_day(day)
        self.days = {person: seen for person, seen in self.days.items() if seen >= first}
        self.full = self.full and len(self.days) >= self.persons_max

    def next_day(self, day: int) -> int | None:
        """The first later day on which persons leave the window by themselves; None when nobody is in it."""
        first = self.rule.first_day(day)
        held = [seen for seen in self.days.values() if seen >= first]
        if not held:
            return None
        oldest, later = min(held), day + 1
        while self.rule.first_day(later) <= oldest:
            later += 1
        return later


def state_of(counter: Counter) -> Mapping[str, int]:
    """What has to be kept of a counter: last day by person, sorted, so that equal states are equal bytes."""
    return dict(sorted(counter.days.items()))
