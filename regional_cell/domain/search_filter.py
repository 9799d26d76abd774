"""What a query asks of the messages of one workspace: names resolved there, and the test that every match
passes.

Names (`from:@ann`, `in:#ops`) are resolved against the state at its head; a name that nobody has matches
nothing. Properties that this version does not keep (pins, stars, saved messages, kinds of files) no message
has.

Invariants
    1. A conversation outside of `channels` gives no match, whatever the query says.
    2. `Filter.holds` alone decides; bounds, channels and users of `Filter` only spare work.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from regional_cell.domain.access import visible
from regional_cell.domain.callers import Caller
from regional_cell.domain.changes import Row
from regional_cell.domain.parties import is_barred
from regional_cell.domain.search_match import Found
from regional_cell.domain.search_query import Modifier, SearchQuery, Span
from regional_cell.domain.state import State

_US = 1_000_000
_USER_TOKEN = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_CHANNEL_TOKEN = re.compile(r"<#([CGD][A-Z0-9]+)(?:\|[^<>]*)?>")
_NOBODY = frozenset[str]()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message as it stands, with what modifiers ask about.

    Attributes:
        text: as shown, in mrkdwn; found: all its searchable words.
        reactions: name to users; repliers: of the thread that it stands in, its root's author first.
    """

    channel: str
    ts: int
    row: Row
    text: str
    found: Found
    reactions: Mapping[str, Sequence[str]]
    repliers: Sequence[str]


Test = Callable[[Candidate], bool]


@dataclass(frozen=True, slots=True)
class Filter:
    """A query resolved for one workspace and reader. `users` empty: everyone. Bounds as
    `ports.IndexQuery`.
    """

    query: SearchQuery
    channels: frozenset[str]
    users: frozenset[str]
    oldest_us: int | None
    latest_us: int | None
    tests: tuple[Test, ...]
    impossible: bool

    def holds(self, candidate: Candidate) -> bool:
        """Whether the message is a match."""
        return (
            not self.impossible
            and candidate.channel in self.channels
            and all(_within(candidate.ts, span) for span in self.query.spans)
            and all(test(candidate) for test in self.tests)
            and candidate.found.holds(self.query.terms)
        )


def readable(state: State, caller: Caller) -> frozenset[str]:
    """Conversations whose messages the caller may read now: own ones and, for full members, public ones."""
    own = state.channels_of.get(caller.user, ())
    public = (key[0] for key, row in state.rows["channels"].items() if row["kind"] == "public")
    return frozenset(
        channel
        for channel in {*own, *public}
        if (row := visible(state, caller, channel)) is not None and not is_barred(state, caller.user, row)
    )


def resolve(state: State, caller: Caller, query: SearchQuery) -> Filter:
    """The query as this workspace understands it, for this caller."""
    channels, users, tests = readable(state, caller), _NOBODY, list[Test]()
    impossible = False
    for modifier in query.modifiers:
        if modifier.name == "in":
            named = _channels(state, caller, modifier.value)
            channels = channels - named if modifier.negated else channels & named
        elif modifier.name == "from" and not modifier.negated:
            chosen = _users(state, caller, modifier.value)
            users = chosen & users if users else chosen
            impossible = impossible or not users
            tests.append(_from(chosen))
        else:
            test = _test(state, caller, modifier)
            tests.append(_not(test) if modifier.negated else test)
    starts = [span.start_s for span in query.spans if not span.negated and span.start_s is not None]
    ends = [span.end_s for span in query.spans if not span.negated and span.end_s is not None]
    return Filter(
        query,
        channels,
        users,
        max(starts) * _US if starts else None,
        min(ends) * _US if ends else None,
        tuple(tests),
        impossible,
    )


def wants_reactions(query: SearchQuery) -> bool:
    """Whether candidates need their reactions."""
    return any(modifier.name in ("has", "hasmy") for modifier in query.modifiers)


def wants_repliers(query: SearchQuery) -> bool:
    """Whether candidates need those who take part in their thread."""
    return any(modifier.name == "with" for modifier in query.modifiers)


def _within(ts: int, span: Span) -> bool:
    inside = (span.start_s is None or ts >= span.start_s * _US) and (
        span.end_s is None or ts < span.end_s * _US
    )
    return inside is not span.negated


def _users(state: State, caller: Caller, value: str) -> frozenset[str]:
    if match := _USER_TOKEN.fullmatch(value):
        return frozenset({match[1]})
    name = value.removeprefix("@").casefold()
    if name == "me":
        return frozenset({caller.user})
    return frozenset(
        key[0]
        for key, row in state.rows["users"].items()
        if name and name in (_content(row, "name"), _content(row, "display_name"))
    )


def _channels(state: State, caller: Caller, value: str) -> frozenset[str]:
    if match := _CHANNEL_TOKEN.fullmatch(value):
        return frozenset({match[1]})
    if value.startswith(("@", "<@")):
        others = _users(state, caller, value)
        return frozenset(
            key[0]
            for key, row in state.rows["channels"].items()
            if row["kind"] == "im"
            and set((row.get("content") or {}).get("members", ())) - {caller.user} == others
        )
    name = value.removeprefix("#").casefold()
    return frozenset(
        key[0] for key, row in state.rows["channels"].items() if name and _content(row, "name") == name
    )


def _content(row: Row, name: str) -> str:
    return str((row.get("content") or {}).get(name, "")).casefold()


def _test(state: State, caller: Caller, modifier: Modifier) -> Test:
    name, value = modifier.name, modifier.value.casefold()
    if name == "from":
        return _from(_users(state, caller, modifier.value))
    if name == "to":
        return _to(state, _users(state, caller, modifier.value))
    if name == "with":
        return _with(state, _users(state, caller, modifier.value))
    if name == "has":
        return _has(value)
    if name == "hasmy":
        emoji, user = value.strip(":"), caller.user
        return lambda candidate: user in candidate.reactions.get(emoji, ())
    if name == "is" and value == "thread":
        return lambda candidate: bool(candidate.row["thread_ts"] or candidate.row["reply_count"])
    if name == "is" and value == "dm":
        return lambda candidate: _kind(state, candidate.channel) == "im"
    return _never


def _from(users: frozenset[str]) -> Test:
    return lambda candidate: candidate.row["user"] in users


def _to(state: State, users: frozenset[str]) -> Test:
    """Said to them alone, or naming them."""

    def test(candidate: Candidate) -> bool:
        if any(user in users for user in _USER_TOKEN.findall(candidate.text)):
            return True
        direct = _kind(state, candidate.channel) == "im" and candidate.row["user"] not in users
        return direct and any(state.is_member(candidate.channel, user) for user in users)

    return test


def _with(state: State, users: frozenset[str]) -> Test:
    def test(candidate: Candidate) -> bool:
        if _kind(state, candidate.channel) in ("im", "mpim"):
            return any(state.is_member(candidate.channel, user) for user in users)
        return any(user in users for user in candidate.repliers)

    return test


def _has(value: str) -> Test:
    if value.startswith(":"):
        emoji = value.strip(":")
        return lambda candidate: bool(candidate.reactions.get(emoji))
    if value == "reaction":
        return lambda candidate: bool(candidate.reactions)
    if value == "link":
        return lambda candidate: "<http" in candidate.text
    if value == "file":
        return lambda candidate: bool(candidate.row["files"])
    return _never


def _kind(state: State, channel: str) -> str:
    row = state.row("channels", channel)
    return row["kind"] if row is not None else ""


def _not(test: Test) -> Test:
    return lambda candidate: not test(candidate)


def _never(candidate: Candidate) -> bool:
    return False
