"""Bugs in what a cell shows."""

import time
from dataclasses import replace as replaced
from typing import Any

from regional_cell.adapters.local.search_fts5 import Fts5Index
from regional_cell.adapters.sql.views import SqlViews
from regional_cell.domain.views.messages import DELETED
from regional_cell.services.messages.reading import MessageReader
from regional_cell.services.search import local
from tests.support.bugs.patching import replace

KEPT_S = 3.0


def page_of_a_moment_ago() -> None:
    """Pages come from a cache that nobody empties."""
    kept: dict[Any, tuple[float, Any]] = {}

    def make(real: Any) -> Any:
        async def history(
            self: Any, viewer: Any, channel: str, bounds: Any, limit: int, after: Any, **named: Any
        ) -> Any:
            place = (viewer.caller.resident, channel, bounds, limit, after)
            found_s, found = kept.get(place, (0.0, None))
            if time.monotonic() - found_s > KEPT_S:
                found = await real(self, viewer, channel, bounds, limit, after, **named)
                kept[place] = (time.monotonic(), found)
            return found

        return history

    replace(MessageReader, "history", make)


def search_believes_index() -> None:
    """Whatever the index has is shown: nobody asks who may read the channel."""

    def make(real: Any) -> Any:
        def resolve(state: Any, caller: Any, query: Any) -> Any:
            wish = real(state, caller, query)
            return replaced(wish, channels=frozenset(key[0] for key in state.rows["channels"]))

        return resolve

    replace(local, "resolve", make)


def deleted_found() -> None:
    """The index forgets deletes, and rows of what was deleted are taken for the messages that they were."""

    def make_index(real: Any) -> Any:
        async def index(self: Any, resident: str, through: int, documents: Any, removed: Any) -> None:
            await real(self, resident, through, documents, [])

        return index

    def make_present(real: Any) -> Any:
        async def present(self: Any, state: Any, keys: Any, wish: Any) -> Any:
            honest, self._views = self._views, _Reviving(self._views)
            try:
                return await real(self, state, keys, wish)
            finally:
                self._views = honest

        return present

    replace(Fts5Index, "index", make_index)
    replace(local.LocalSearch, "_present", make_present)


class _Reviving:
    """Views in which nothing was deleted."""

    def __init__(self, views: Any) -> None:
        self._views = views

    def __getattr__(self, name: str) -> Any:
        return getattr(self._views, name)

    async def many(self, resident: str, view: str, keys: Any) -> Any:
        """Rows, as if nothing was deleted."""
        rows = await self._views.many(resident, view, keys)
        for row in rows.values():
            if view == "messages" and row["subtype"] == DELETED:
                row |= {"hidden": 0, "subtype": "", "text_sequence": row["sequence"]}
        return rows


def one_unread_too_many() -> None:
    """The count of unread messages is one too high."""

    def make(real: Any) -> Any:
        async def unread(self: Any, resident: str, user: str, channels: Any) -> Any:
            counts = await real(self, resident, user, channels)
            return {channel: (mark, count + 1) for channel, (mark, count) in counts.items()}

        return unread

    replace(SqlViews, "unread", make)
