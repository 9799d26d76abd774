"""State: what commands are decided against, one resident at a known head.

Invariants
    1. `head`, `clock_us` and the rows are those of one instant: the fold of events 1..head.
    2. Rows change only by `fold`, with the changes that `domain.views` derives from a committed event.
    3. Rows are never handed out to be changed; a reader that keeps one copies it.

Only the views marked `in_state` are here. Messages, reactions, read marks and files are read from the
store; what a
decision needs of them is guarded by `Require`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from regional_cell.domain.changes import Add, Change, Key, Patch, Put, Remove, Row
from regional_cell.domain.events import Event
from regional_cell.domain.roles import GUESTS
from regional_cell.domain.views.registry import VIEWS

OPEN = "open"


class State:
    """One resident's authorising views in memory, with the look-ups that requests need."""

    __slots__ = (
        "apart",
        "channel_by_name",
        "channels_of",
        "clock_us",
        "epoch",
        "head",
        "kind",
        "lifecycle",
        "members_of",
        "resident",
        "rows",
        "user_by_bot",
        "user_by_email",
        "user_by_name",
    )

    def __init__(
        self, resident: str, epoch: int, head: int = 0, clock_us: int = 0, lifecycle: str = OPEN
    ) -> None:
        self.resident = resident
        self.kind = resident[0]
        self.epoch = epoch
        self.head = head
        self.clock_us = clock_us
        self.lifecycle = lifecycle
        self.rows: dict[str, dict[Key, Row]] = {
            name: {} for name, view in VIEWS.items() if view.in_state and self.kind in view.logs
        }
        self.members_of: dict[str, dict[str, Row]] = {}
        self.channels_of: dict[str, set[str]] = {}
        self.channel_by_name: dict[str, str] = {}
        self.user_by_email: dict[str, str] = {}
        self.user_by_name: dict[str, str] = {}
        self.user_by_bot: dict[str, str] = {}
        # Active users who are not the workspace's own people alone; see `apart_of`.
        self.apart: dict[str, tuple[str, str]] = {}

    def load(self, view: str, rows: Iterable[tuple[Key, Row]]) -> None:
        """Take over the stored rows of one view; `content` columns are given as maps. Before the first
        `fold` only.
        """
        for key, row in rows:
            self._set(view, key, row)

    def fold(self, events: Sequence[Event], changes: Iterable[Change]) -> None:
        """Fold in committed events, which follow the head and each other; `changes` are all of theirs."""
        for event in events:
            if event.sequence != self.head + 1:
                raise ValueError(f"event {event.sequence} does not follow head {self.head}")
            self.head = event.sequence
        self.clock_us = events[-1].at_us
        for change in changes:
            if change.view in self.rows:
                self._change(change)
        counters = self.rows["topics"]
        for topic, number in {pair[0]: pair[1] for event in events for pair in event.topics}.items():
            counters[(topic,)] = {"count": number}

    def row(self, view: str, *key: Any) -> Row | None:
        """The row at `key`, or None."""
        return self.rows[view].get(key)

    def topic_count(self, topic: str) -> int:
        """How many events the topic had up to the head."""
        row = self.rows["topics"].get((topic,))
        return row["count"] if row else 0

    def is_member(self, channel: str, user: str) -> bool:
        """Whether the user is in the channel at the head."""
        members = self.members_of.get(channel)
        return members is not None and user in members

    def _change(self, change: Change) -> None:
        table = self.rows[change.view]
        if isinstance(change, Put):
            self._set(change.view, change.key, dict(change.values))
        elif isinstance(change, Patch):
            if (row := table.get(change.key)) is not None:
                self._set(change.view, change.key, patched(row, change.values))
        elif isinstance(change, Add):
            row = table.setdefault(change.key, {})
            row[change.column] = (row.get(change.column) or 0) + change.by
        elif isinstance(change, Remove):
            self._drop(change.view, change.key)

    def _set(self, view: str, key: Key, row: Row) -> None:
        if (old := self.rows[view].get(key)) is not None:
            self._unindex(view, key, old)
        self.rows[view][key] = row
        self._index(view, key, row)

    def _drop(self, view: str, key: Key) -> None:
        if (row := self.rows[view].pop(key, None)) is not None:
            self._unindex(view, key, row)

    def _index(self, view: str, key: Key, row: Row) -> None:
        if view == "members":
            channel, user = key
            self.members_of.setdefault(channel, {})[user] = row
            self.channels_of.setdefault(user, set()).add(channel)
        elif view == "channels":
            if name := _content(row).get("name"):
                self.channel_by_name[name] = key[0]
        elif view == "users":
            for index, value in self._user_names(row):
                index[value] = key[0]
            if (apart := apart_of(row)) is not None:
                self.apart[key[0]] = apart

    def _unindex(self, view: str, key: Key, row: Row) -> None:
        if view == "members":
            channel, user = key
            self.members_of[channel].pop(user, None)
            self.channels_of[user].discard(channel)
        elif view == "channels":
            if (name := _content(row).get("name")) and self.channel_by_name.get(name) == key[0]:
                del self.channel_by_name[name]
        elif view == "users":
            for index, value in self._user_names(row):
                if index.get(value) == key[0]:
                    del index[value]
            self.apart.pop(key[0], None)

    def _user_names(self, row: Row) -> Iterable[tuple[dict[str, str], str]]:
        content = _content(row)
        if email := content.get("email"):
            yield self.user_by_email, email.casefold()
        if name := content.get("name"):
            yield self.user_by_name, name
        if bot := row.get("bot"):
            yield self.user_by_bot, bot


def apart_of(row: Row) -> tuple[str, str] | None:
    """(relation, jurisdiction as asserted) of an active user; None for an employee of whom no jurisdiction is
    asserted, for a bot, which speaks for the workspace, and for who is gone.
    """
    if row.get("deleted") or row.get("bot"):
        return None
    relation = "guest" if row["role"] in GUESTS else "employee"
    jurisdiction = _content(row).get("jurisdiction", "")
    return (relation, jurisdiction) if relation == "guest" or jurisdiction else None


def patched(row: Row, values: Mapping[str, Any]) -> Row:
    """The row after a `Patch`: columns replaced, members of `content` merged in."""
    fresh = {**row, **values}
    if "content" in values and row.get("content"):
        fresh["content"] = {**row["content"], **values["content"]}
    return fresh


def _content(row: Row) -> Mapping[str, Any]:
    return row.get("content") or {}
