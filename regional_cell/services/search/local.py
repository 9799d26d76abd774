"""Searching the messages of one workspace of this cell, for one of its users.

Invariants
    1. What may be read is decided at the state's head, at the time of the query, and once more for each
       match.
    2. An answer is complete up to `through`: what the index has not seen yet is read from the log. When that
       is too much, or candidates are more than are looked at, the answer says that it is partial.
    3. Texts are held against the query as they stand in the log; the index alone proves nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from accord.errors import ColinkError
from regional_cell.domain.callers import Caller
from regional_cell.domain.changes import Row
from regional_cell.domain.events import Event
from regional_cell.domain.objects.messages import edited, posted
from regional_cell.domain.objects.search import COUNT, match
from regional_cell.domain.search_filter import Candidate, Filter, resolve, wants_reactions, wants_repliers
from regional_cell.domain.search_match import Found, searchable
from regional_cell.domain.search_query import SearchQuery, parse
from regional_cell.domain.state import State
from regional_cell.ports.commits import Commits
from regional_cell.ports.search import IndexQuery, SearchIndex
from regional_cell.ports.views import Views

Object = dict[str, Any]
CANDIDATES_MAX = 1_000
OVERLAY_EVENTS_MAX = 5_000
OVERLAY_PAGE = 500
MATCHES_MAX = 1_000
SCORE, TIMESTAMP = "score", "timestamp"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How matches are wanted.

    Attributes:
        sort: `score` or `timestamp`; ascending turns it round.
        limit: best matches to show; all are counted.
        mode: `content`, `metadata` or `count`.
        url: public address for permalinks.
    """

    sort: str = SCORE
    ascending: bool = False
    limit: int = 100
    highlighted: bool = False
    mode: str = "content"
    url: str = ""


@dataclass(frozen=True, slots=True)
class LocalMatch:
    """One match: its place, its score from 0 to 1, and its object as JSON."""

    workspace: str
    channel: str
    ts: int
    score: float
    data: bytes


@dataclass(frozen=True, slots=True)
class LocalAnswer:
    """Best first. `total`: all matches, of which `matches` shows the best; `through`: log sequence."""

    matches: tuple[LocalMatch, ...]
    total: int
    through: int
    partial: bool


class LocalSearch:
    """Searches the workspaces of this cell."""

    def __init__(self, commits: Commits, views: Views, index: SearchIndex, now_us: Callable[[], int]) -> None:
        self._commits, self._views, self._index, self._now_us = commits, views, index, now_us

    async def read(self, caller: Caller, text: str) -> SearchQuery:
        """What the caller typed, with dates in the caller's time zone. Raises InvalidError `no_query`."""
        state = await self._commits.state(caller.resident)
        user = state.row("users", caller.user) or {}
        now = datetime.fromtimestamp(
            self._now_us() // 1_000_000, zone_of((user.get("content") or {}).get("tz", ""))
        )
        offset = now.utcoffset()
        return parse(text, now.date(), int(offset.total_seconds()) if offset else 0)

    async def search(self, caller: Caller, query: SearchQuery, wanted: Wanted) -> LocalAnswer:
        """Search the caller's workspace. Raises UnknownResidentError, NotReadyError."""
        state = await self._commits.state(caller.resident)
        wish = resolve(state, caller, query)
        if wish.impossible or not wish.channels:
            return LocalAnswer((), 0, state.head, False)
        keys, through, partial = await self._candidates(state, wish)
        now_us = self._now_us()
        found: list[tuple[float, Candidate]] = []
        for candidate in await self._present(state, keys, wish):
            if wish.holds(candidate):
                found.append((candidate.found.score(query.terms, now_us - candidate.ts), candidate))
        by_time = wanted.sort == TIMESTAMP
        found.sort(
            key=lambda each: (each[1].ts if by_time else each[0], each[1].ts, each[1].channel),
            reverse=not wanted.ascending,
        )
        shown = [] if wanted.mode == COUNT else found[: max(0, min(wanted.limit, MATCHES_MAX))]
        matches = await self._matches(state, caller, shown, query, wanted)
        return LocalAnswer(matches, len(found), through, partial)

    async def _candidates(self, state: State, wish: Filter) -> tuple[list[tuple[str, int]], int, bool]:
        """Keys of messages that may match, how far in the log they are complete, and whether some are
        missing.
        """
        resident = state.resident
        asked = IndexQuery(
            wish.query.terms,
            tuple(sorted(wish.channels)),
            tuple(sorted(wish.users)),
            wish.oldest_us,
            wish.latest_us,
            CANDIDATES_MAX,
        )
        try:
            position = await self._index.position(resident)
            hits = await self._index.search(resident, asked)
            # An index that was made anew meanwhile has seen less than it had.
            position = min(position, await self._index.position(resident))
        except ColinkError:
            position, hits = 0, []
        recent, through = await self._overlay(resident, position, state.head)
        keys = dict.fromkeys((hit.channel, hit.ts) for hit in hits)
        keys.update(dict.fromkeys(key for key in recent if key[0] in wish.channels))
        partial = len(hits) >= CANDIDATES_MAX or through < state.head
        return list(keys), through, partial

    async def _overlay(self, resident: str, position: int, head: int) -> tuple[list[tuple[str, int]], int]:
        """Messages of the newest events, which the index has not seen."""
        keys: list[tuple[str, int]] = []
        through = min(position, head)
        while through < head and through - position < OVERLAY_EVENTS_MAX:
            events = await self._commits.read(resident, through, OVERLAY_PAGE)
            if not events:
                break
            keys += [key for event in events if (key := _touched(event)) is not None]
            through = events[-1].sequence
        return keys, through

    async def _present(self, state: State, keys: Sequence[tuple[str, int]], wish: Filter) -> list[Candidate]:
        """The messages as they stand now; those that are gone are left out."""
        candidates: list[Candidate] = []
        for start in range(0, len(keys), CANDIDATES_MAX):
            rows = await self._views.many(state.resident, "messages", keys[start : start + CANDIDATES_MAX])
            shown = {key: row for key, row in rows.items() if not row["hidden"]}
            events = await self._commits.events(
                state.resident, sorted({row["text_sequence"] for row in shown.values()})
            )
            reactions = await self._reactions(state, shown, wish)
            repliers = await self._repliers(state, shown, wish)
            for key, row in shown.items():
                if (event := events.get(row["text_sequence"])) is not None:
                    about = reactions.get(key, {}), repliers.get(key, ())
                    candidates.append(_candidate(key, row, event, *about))
        return candidates

    async def _reactions(
        self, state: State, rows: Mapping[Any, Row], wish: Filter
    ) -> dict[tuple[str, int], dict[str, list[str]]]:
        if not wants_reactions(wish.query):
            return {}
        found: dict[tuple[str, int], dict[str, list[str]]] = {}
        for channel, stamps in _by_channel(rows).items():
            for ts, named in (await self._views.reactions(state.resident, channel, stamps)).items():
                found[(channel, ts)] = dict(named)
        return found

    async def _repliers(
        self, state: State, rows: Mapping[Any, Row], wish: Filter
    ) -> dict[tuple[str, int], list[str]]:
        if not wants_repliers(wish.query):
            return {}
        found: dict[tuple[str, int], list[str]] = {}
        for channel, stamps in _by_channel(rows).items():
            roots = {ts: rows[(channel, ts)]["thread_ts"] or ts for ts in stamps}
            users = await self._views.reply_users(state.resident, channel, sorted(set(roots.values())))
            starts = await self._views.many(
                state.resident, "messages", [(channel, root) for root in sorted(set(roots.values()))]
            )
            for ts, root in roots.items():
                if root in users:
                    author = (starts.get((channel, root)) or {}).get("user") or ""
                    found[(channel, ts)] = [author, *users[root]]
        return found

    async def _matches(
        self,
        state: State,
        caller: Caller,
        shown: Iterable[tuple[float, Candidate]],
        query: SearchQuery,
        wanted: Wanted,
    ) -> tuple[LocalMatch, ...]:
        chosen = list(shown)
        rows = [candidate.row for _, candidate in chosen]
        sequences = {row["sequence"] for row in rows} | {row["text_sequence"] for row in rows}
        events = await self._commits.events(state.resident, sorted(sequences)) if chosen else {}
        made: list[LocalMatch] = []
        for score, candidate in chosen:
            first, last = events.get(candidate.row["sequence"]), events.get(candidate.row["text_sequence"])
            if first is None or last is None:
                continue
            message = posted(state, {**first.payload, "file_objects": ""}, candidate.ts)
            if last.kind == "MessageEdited":
                message = edited(message, last)
            data = match(
                state,
                candidate.channel,
                state.rows["channels"][(candidate.channel,)],
                message,
                caller.user,
                terms=query.terms,
                highlighted=wanted.highlighted,
                mode=wanted.mode,
                url=wanted.url,
            )
            made.append(
                LocalMatch(state.resident, candidate.channel, candidate.ts, score, orjson.dumps(data))
            )
        return tuple(made)


def zone_of(name: str) -> tzinfo:
    """The time zone of that name; UTC when there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return UTC


def _touched(event: Event) -> tuple[str, int] | None:
    if event.kind == "MessagePosted":
        return event.payload["channel"], event.at_us
    if event.kind in ("MessageEdited", "MessageDeleted"):
        return event.payload["channel"], event.payload["ts"]
    return None


def _candidate(
    key: tuple[str, int],
    row: Row,
    event: Event,
    reactions: Mapping[str, Sequence[str]],
    repliers: Sequence[str],
) -> Candidate:
    payload = event.payload
    text = payload.get("text", "")
    words = searchable(text, payload.get("blocks", ""), payload.get("attachments", ""))
    return Candidate(key[0], key[1], row, text, Found(words), reactions, repliers)


def _by_channel(rows: Mapping[Any, Row]) -> dict[str, list[int]]:
    grouped: dict[str, list[int]] = {}
    for channel, ts in rows:
        grouped.setdefault(channel, []).append(ts)
    return grouped
