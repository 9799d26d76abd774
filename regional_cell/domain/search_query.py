"""Search queries: what a person types, as a tree that any cell can answer.

    query     = term*                     (blank between terms; all must hold)
    term      = ["-"] (modifier | phrase | prefix | word)
    modifier  = name ":" value            in from to with before after on during has hasmy is type
    phrase    = '"' text '"'              prefix = word of 3 letters or more + "*"

Unknown modifiers are text. Dates are resolved here, in the asker's time zone; names (`from:@ann`, `in:#ops`)
are left as they are, for the cell that holds the workspace to resolve: a name means someone else in each
workspace.

The query is as confidential as a message body: it never stands in a log, a metric or an address.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from accord.errors import InvalidError

QUERY_CHARS_MAX = 1_000
TERMS_MAX = 50
NAMES = frozenset(
    {"in", "from", "to", "with", "before", "after", "on", "during", "has", "hasmy", "is", "type"}
)
DATES = frozenset({"before", "after", "on", "during"})
_TOKEN = re.compile(r'(-?)(?:([a-z]+):("[^"]*"|\S+)|"([^"]*)"|(\S+))', re.IGNORECASE)
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Term:
    """Text to be found: `kind` is word, phrase or prefix."""

    text: str
    kind: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Modifier:
    """`name:value` about something that the answering cell resolves."""

    name: str
    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A range of time in unix seconds, end exclusive; None is open."""

    start_s: int | None
    end_s: int | None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A parsed query: every term, modifier and span must hold."""

    terms: tuple[Term, ...]
    modifiers: tuple[Modifier, ...]
    spans: tuple[Span, ...]

    def to_fields(self) -> dict[str, Any]:
        """As canonical JSON takes it."""
        return {
            "modifiers": [[item.name, item.value, item.negated] for item in self.modifiers],
            "spans": [[_bound(item.start_s), _bound(item.end_s), item.negated] for item in self.spans],
            "terms": [[item.text, item.kind, item.negated] for item in self.terms],
        }


def parse(text: str, today: date, tz_offset_s: int) -> SearchQuery:
    """Parse what a person typed.

    Args:
        today: the asker's date.
        tz_offset_s: seconds east of UTC, for dates.

    Raises: InvalidError with `no_query` for an empty query, `invalid_arguments` for one that is too long.
    """
    if len(text) > QUERY_CHARS_MAX:
        raise InvalidError(field="query", why="too_long")
    terms: list[Term] = []
    modifiers: list[Modifier] = []
    spans: list[Span] = []
    for minus, name, value, phrase, word in _TOKEN.findall(text):
        negated, name = bool(minus), name.lower()
        if name in DATES and (span := _span(name, value.strip('"').lower(), today, tz_offset_s)):
            spans.append(Span(span[0], span[1], negated))
        elif name in NAMES - DATES:
            modifiers.append(Modifier(name, value.strip('"'), negated))
        elif name:
            terms.append(Term(f"{name}:{value}", "phrase", negated))
        elif phrase:
            terms.append(Term(phrase, "phrase", negated))
        elif word.strip('-*"'):
            terms.append(_word(word, negated))
    if not (terms or modifiers or spans):
        raise InvalidError(api="no_query", field="query", why="empty")
    if len(terms) + len(modifiers) + len(spans) > TERMS_MAX:
        raise InvalidError(field="query", why="too_many_terms")
    return SearchQuery(tuple(terms), tuple(modifiers), tuple(spans))


def from_fields(fields: object) -> SearchQuery:
    """The inverse of `to_fields`, for a query that another cell sent. Raises InvalidError."""
    try:
        if not isinstance(fields, dict) or set(fields) != {"modifiers", "spans", "terms"}:
            raise TypeError
        query = SearchQuery(
            tuple(
                Term(_text(text), _one_of(kind, {"word", "phrase", "prefix"}), negated is True)
                for text, kind, negated in fields["terms"]
            ),
            tuple(
                Modifier(_one_of(name, NAMES - DATES), _text(value), negated is True)
                for name, value, negated in fields["modifiers"]
            ),
            tuple(
                Span(_unbound(start), _unbound(end), negated is True)
                for start, end, negated in fields["spans"]
            ),
        )
    except (TypeError, ValueError):
        raise InvalidError(field="query", why="malformed") from None
    if not 0 < len(query.terms) + len(query.modifiers) + len(query.spans) <= TERMS_MAX:
        raise InvalidError(field="query", why="too_many_terms")
    return query


def _word(word: str, negated: bool) -> Term:
    stem = word.rstrip("*")
    if word.endswith("*") and len(stem) >= 3:
        return Term(stem, "prefix", negated)
    return Term(stem or word, "word", negated)


def _span(name: str, value: str, today: date, tz_offset_s: int) -> tuple[int | None, int | None] | None:
    days = _days(value, today)
    if days is None:
        return None
    start_s, end_s = (_midnight_s(day, tz_offset_s) for day in days)
    if name == "before":
        return None, start_s
    if name == "after":
        return end_s, None
    return start_s, end_s


def _days(value: str, today: date) -> tuple[date, date] | None:
    """First day and the day after the last of what `value` names, or None."""
    if value == "today":
        return today, today + timedelta(1)
    if value == "yesterday":
        return today - timedelta(1), today
    if value in _DAYS:
        day = today - timedelta((today.weekday() - _DAYS.index(value)) % 7)
        return day, day + timedelta(1)
    if value in _MONTHS:
        month = _MONTHS.index(value) + 1
        return _month(today.year if month <= today.month else today.year - 1, month)
    if not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", value):
        return None
    try:
        parts = [int(part) for part in value.split("-")]
        if len(parts) == 3:
            day = date(*parts)
            return day, day + timedelta(1)
        return _month(*parts) if len(parts) == 2 else (date(parts[0], 1, 1), date(parts[0] + 1, 1, 1))
    except (ValueError, OverflowError):
        return None


def _month(year: int, month: int) -> tuple[date, date]:
    return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)


def _midnight_s(day: date, tz_offset_s: int) -> int:
    return (day - date(1970, 1, 1)).days * 86_400 - tz_offset_s


def _bound(value: int | None) -> int | str:
    return "" if value is None else value


def _unbound(value: object) -> int | None:
    if value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > QUERY_CHARS_MAX:
        raise TypeError
    return value


def _one_of(value: object, allowed: frozenset[str] | set[str]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise TypeError
    return value
