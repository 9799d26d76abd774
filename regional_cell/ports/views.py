"""Reading views."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from regional_cell.domain.access import Sight
from regional_cell.domain.changes import Key, Row
from regional_cell.domain.events import SealedEvent
from regional_cell.domain.state import State

REPLIERS_MAX = 5


@dataclass(frozen=True, slots=True)
class FilesWanted:
    """Which files a list holds: the user's own, and those shared where they may read.

    Attributes:
        channel, user: shared there, uploaded by them; empty: anywhere, anybody.
        oldest_s, latest_s: bounds of the upload in unix seconds, inclusive; None is open.
        categories: None for all.
    """

    sight: Sight
    channel: str = ""
    user: str = ""
    oldest_s: int | None = None
    latest_s: int | None = None
    categories: tuple[str, ...] | None = None


class Timeline(msgspec.Struct, frozen=True, gc=False):
    """A page of a channel's main line, with what its messages are made of.

    Attributes:
        rows: (ts, row), as `Views.messages`.
        entries: sealed events of the rows by sequence; redacted ones have no `sealed`. Those that the asker
            knows are left out.
        redacted: text sequences of rows whose entry has no bytes any more.
        repliers, reactions: as `Views.reply_users` and `Views.reactions`, of those rows that have some.
    """

    rows: list[tuple[int, Row]]
    entries: dict[int, SealedEvent]
    redacted: set[int]
    repliers: dict[int, list[str]]
    reactions: dict[int, list[tuple[str, list[str]]]]


class Views(Protocol):
    """Reading views. `content` columns come opened, as maps."""

    async def rows(self, resident: str, view: str) -> list[tuple[Key, Row]]:
        """All rows of one view of one resident."""

    async def state(self, resident: str) -> State | None:
        """Every `in_state` view, head and clock, read in one transaction."""

    async def row(self, resident: str, view: str, key: Key) -> Row | None:
        """One row."""

    async def many(self, resident: str, view: str, keys: Sequence[Key]) -> dict[Key, Row]:
        """Rows by key; at most 1,000 keys."""

    async def messages(
        self,
        resident: str,
        channel: str,
        *,
        oldest: int | None,
        latest: int | None,
        newest_first: bool,
        limit: int,
    ) -> list[tuple[int, Row]]:
        """(ts, row) of the channel's main line: no hidden rows, replies only when broadcast.

        `oldest` and `latest` are exclusive bounds in microseconds.
        """

    async def timeline(
        self,
        resident: str,
        channel: str,
        *,
        oldest: int | None,
        latest: int | None,
        newest_first: bool,
        limit: int,
        knows: Callable[[int], bool],
    ) -> Timeline:
        """`messages`, and all that they are made of, read at one moment.

        Args:
            knows: whether the asker needs no entry of this sequence; asked by any thread.
        """

    async def thread(
        self,
        resident: str,
        channel: str,
        root: int,
        *,
        oldest: int | None,
        latest: int | None,
        limit: int,
    ) -> list[tuple[int, Row]]:
        """Replies of a thread, oldest first, without the root; bounds exclusive."""

    async def reply_users(self, resident: str, channel: str, roots: Sequence[int]) -> dict[int, list[str]]:
        """Distinct repliers of each thread in order of first reply, at most `REPLIERS_MAX` each."""

    async def reactions(
        self, resident: str, channel: str, ts: Sequence[int]
    ) -> dict[int, list[tuple[str, list[str]]]]:
        """Per message: (name, users in order of reaction), names in order of their first use."""

    async def unread(self, resident: str, user: str, channels: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Per channel: (last_read in microseconds, messages after it that are not the user's)."""

    async def shares(
        self, resident: str, files: Sequence[str]
    ) -> dict[str, list[tuple[str, int, int | None]]]:
        """Per file: (channel, ts, thread_ts) of its shares."""

    async def files(
        self, resident: str, wanted: FilesWanted, limit: int, offset: int
    ) -> tuple[int, list[str]]:
        """How many stored files there are, and a page of their ids, newest first."""

    async def reacted(
        self, resident: str, user: str, sight: Sight, *, before_us: int | None, limit: int, offset: int
    ) -> tuple[int, list[tuple[int, str, int]]]:
        """How many visible messages `user` reacted to, and a page of (time of the newest reaction, channel,
        ts), newest first. `before_us`: only those whose time is earlier; they count all the same.
        """

    async def due(
        self, view: str, until_s: int, limit: int, skipped: Sequence[str] = ()
    ) -> list[tuple[str, Key]]:
        """(resident, key) of rows with `due_s` <= `until_s`, the earliest first; of all residents but
        `skipped`.
        """
