"""Reading messages: history, threads, single messages, as objects for one viewer.

Rows say which events hold a message; the events hold what it says. Whoever calls has proven that the viewer
may read
the channel, or calls `history`, `replies` or `one`, which do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import orjson

from accord.errors import NotFoundError
from regional_cell.domain.access import require_readable
from regional_cell.domain.callers import Caller
from regional_cell.domain.changes import Row
from regional_cell.domain.events import Event
from regional_cell.domain.objects.messages import decorate, edited, posted, slim, tombstone
from regional_cell.domain.state import State
from regional_cell.domain.timestamps import format_ts
from regional_cell.domain.views.messages import DELETED
from regional_cell.ports.commits import Commits
from regional_cell.ports.views import Timeline, Views
from regional_cell.services.messages.pages import Pages, PageWanted
from regional_cell.services.messages.rendered import Rendered

Object = dict[str, Any]
Shown = Object | orjson.Fragment
Rows = Sequence[tuple[int, Row]]


class FileCards(Protocol):
    """Makes file objects for messages."""

    async def cards(
        self, state: State, files: Sequence[str], edge_url: str, caller: Caller
    ) -> dict[str, Object]:
        """File id to object as the caller may see it, for those that exist."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom objects are made.

    Attributes:
        edge_url: public address of the edge, for addresses of files; no slash at the end.
        metadata: whether metadata of all messages was asked for; an app always sees its own.
        full: whether everybody who reacted is named, however many.
    """

    caller: Caller
    edge_url: str = ""
    metadata: bool = False
    full: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    """A range of times in microseconds, exclusive on both sides; None is open."""

    oldest: int | None = None
    latest: int | None = None

    @property
    def upwards(self) -> bool:
        """Whether pages start at the old end: when only `oldest` was given."""
        return self.oldest is not None and self.latest is None


@dataclass(frozen=True, slots=True)
class Page:
    """Objects, some as their JSON, and the time after which the next page goes on; None at the end.

    Where the page looks the same to everybody, `json` is all of its objects in one piece.
    """

    messages: Sequence[Shown]
    following: int | None
    json: orjson.Fragment | None = None


class Material(NamedTuple):
    """What messages are made of, beside their rows."""

    events: Mapping[int, Event]
    repliers: Mapping[int, list[str]]
    reactions: Mapping[int, list[tuple[str, list[str]]]]


class MessageReader:
    """Reads messages of the residents of this cell.

    Args:
        told: as of `Pages`.
    """

    def __init__(
        self,
        commits: Commits,
        views: Views,
        files: FileCards | None = None,
        told: Callable[[str], None] = lambda how: None,
    ) -> None:
        self._commits = commits
        self._views = views
        self._files = files
        self._rendered = Rendered()
        self._pages = Pages(views, self._rendered.knows, told)

    async def history(
        self,
        viewer: Viewer,
        channel: str,
        bounds: Bounds,
        limit: int,
        after: int | None,
        *,
        scope: str = "history",
    ) -> Page:
        """A page of the main line, newest first. `after`: the `following` of the page before.

        Raises: as `require_readable`.
        """
        state = await self._commits.state(viewer.caller.resident)
        require_readable(state, viewer.caller, channel, scope)
        oldest, latest = bounds.oldest, bounds.latest
        if after is not None:
            oldest, latest = (after, latest) if bounds.upwards else (oldest, after)
        wanted = PageWanted(channel, oldest, latest, not bounds.upwards, limit + 1)
        shared = await self._pages.get(state, wanted)
        read = shared.timeline
        page = read.rows[:limit]
        following = page[-1][0] if len(read.rows) > limit else None
        if shared.messages is not None:
            return Page(shared.messages, following, shared.json)
        if bounds.upwards:
            page.reverse()
        kept = {
            ts: found
            for ts, row in page
            if ts not in read.reactions
            and row["text_sequence"] not in read.redacted
            and (found := self._rendered.find(state.resident, row)) is not None
        }
        fresh = [(ts, row) for ts, row in page if ts not in kept]
        if not fresh:
            messages = list(kept.values())
            self._pages.keep_shown(state, wanted, shared, messages)
            return Page(messages, following, shared.json)
        return Page(await self._mixed(state, channel, page, fresh, read, kept, viewer), following)

    async def _mixed(
        self, state: State, channel: str, page: Rows, fresh: Rows, read: Timeline, kept: Mapping[int, Shown],
        viewer: Viewer,
    ) -> list[Shown]:  # fmt: skip
        """The page, of what is kept and what has to be made."""
        events = dict(self._commits.opened(read.entries))
        # Kept, but for this page it has to be made: it is in a thread by now, or somebody reacted.
        missing = {
            row[name] for _, row in fresh for name in ("sequence", "text_sequence")
        } - read.entries.keys()
        if missing:
            events |= await self._commits.events(state.resident, sorted(missing))
        material = Material(events, read.repliers, read.reactions)
        made = await self._composed(state, channel, fresh, material, viewer)
        by_ts: dict[str, Shown] = {message["ts"]: message for message in made}
        for ts, row in fresh:
            message = by_ts.get(format_ts(ts))
            if isinstance(message, dict) and ts not in read.reactions:
                self._rendered.keep(state.resident, row, events[row["sequence"]], message)
        shown = (kept.get(ts) or by_ts.get(format_ts(ts)) for ts, _ in page)
        return [message for message in shown if message is not None]

    async def replies(
        self, viewer: Viewer, channel: str, ts: int, bounds: Bounds, limit: int, after: int | None
    ) -> Page:
        """A page of a thread, oldest first; the root leads every page and is not counted.

        Raises: as `require_readable`; NotFoundError `thread_not_found`.
        """
        state = await self._commits.state(viewer.caller.resident)
        require_readable(state, viewer.caller, channel, "history")
        row = await self._views.row(state.resident, "messages", (channel, ts))
        if row is not None and row["thread_ts"]:
            ts = row["thread_ts"]
            row = await self._views.row(state.resident, "messages", (channel, ts))
        if row is None or row["subtype"] == DELETED:
            raise NotFoundError(api="thread_not_found", thing="thread")
        oldest = bounds.oldest if after is None else after
        rows = await self._views.thread(
            state.resident, channel, ts, oldest=oldest, latest=bounds.latest, limit=limit + 1
        )
        page = rows[:limit]
        following = page[-1][0] if len(rows) > limit else None
        return Page(await self.objects(state, channel, [(ts, row), *page], viewer), following)

    async def one(self, viewer: Viewer, channel: str, ts: int) -> Object:
        """One message of the main line or a thread. Raises: as `require_readable`; NotFoundError
        `message_not_found`.
        """
        state = await self._commits.state(viewer.caller.resident)
        require_readable(state, viewer.caller, channel)
        row = await self._views.row(state.resident, "messages", (channel, ts))
        if row is None or row["hidden"]:
            raise NotFoundError(thing="message")
        found = await self.objects(state, channel, [(ts, row)], viewer)
        if not found:
            raise NotFoundError(thing="message")
        return found[0]

    async def listed(self, viewer: Viewer, items: Sequence[tuple[str, int]]) -> list[tuple[str, Object]]:
        """(channel, object) of messages of several channels, in their order; what is gone is left out."""
        state = await self._commits.state(viewer.caller.resident)
        rows = await self._views.many(state.resident, "messages", items)
        found: dict[tuple[str, str], Object] = {}
        for channel in dict.fromkeys(channel for channel, _ in items):
            its = [(key[1], row) for key, row in rows.items() if key[0] == channel and not row["hidden"]]
            for message in await self.objects(state, channel, its, viewer):
                found[channel, message["ts"]] = message
        wanted = [(channel, format_ts(ts)) for channel, ts in items]
        return [(channel, found[channel, ts]) for channel, ts in wanted if (channel, ts) in found]

    async def objects(self, state: State, channel: str, rows: Rows, viewer: Viewer) -> list[Object]:
        """Full objects of the rows, in their order; what was redacted is left out."""
        events, stamps = await self._events(state, rows), [ts for ts, _ in rows]
        threads = [ts for ts, row in rows if row["reply_count"]]
        repliers = await self._views.reply_users(state.resident, channel, threads) if threads else {}
        reactions = await self._views.reactions(state.resident, channel, stamps) if stamps else {}
        return await self._composed(state, channel, rows, Material(events, repliers, reactions), viewer)

    async def _composed(
        self, state: State, channel: str, rows: Rows, material: Material, viewer: Viewer
    ) -> list[Object]:
        plain = _plain(state, rows, material.events, viewer)
        chosen = [ts for ts, _ in rows if ts in plain]
        by_ts = dict(rows)
        for ts in chosen:
            repliers, reactions = material.repliers.get(ts, ()), material.reactions.get(ts, ())
            decorate(plain[ts], by_ts[ts], repliers, reactions, viewer.caller.user, full=viewer.full)
        await self._add_files(state, [plain[ts] for ts in chosen], viewer)
        await self._add_roots(state, channel, rows, plain, viewer)
        return [plain[ts] for ts in chosen]

    async def _events(self, state: State, rows: Rows) -> Mapping[int, Event]:
        wanted = {row[name] for _, row in rows for name in ("sequence", "text_sequence")}
        return await self._commits.events(state.resident, sorted(wanted)) if wanted else {}

    async def _add_files(self, state: State, messages: Sequence[Object], viewer: Viewer) -> None:
        if self._files is None:
            return
        listed = {
            id(message): message["files"] for message in messages if isinstance(message.get("files"), list)
        }
        wanted = list(dict.fromkeys(file["id"] for files in listed.values() for file in files))
        if not wanted:
            return
        cards = await self._files.cards(state, wanted, viewer.edge_url, viewer.caller)
        for message in messages:
            if id(message) in listed:
                message["files"] = [cards.get(file["id"], file) for file in listed[id(message)]]

    async def _add_roots(
        self, state: State, channel: str, rows: Rows, plain: Mapping[int, Object], viewer: Viewer
    ) -> None:
        shown = [
            (ts, row["thread_ts"])
            for ts, row in rows
            if row["thread_ts"] and row["broadcast"] and ts in plain
        ]
        if not shown:
            return
        keys = list({(channel, root) for _, root in shown})
        found = await self._views.many(state.resident, "messages", keys)
        root_rows = [(key[1], row) for key, row in found.items()]
        roots = _plain(state, root_rows, await self._events(state, root_rows), viewer)
        repliers = await self._views.reply_users(state.resident, channel, list(roots))
        for ts, row in root_rows:
            if ts in roots:
                decorate(roots[ts], row, repliers.get(ts, ()), (), viewer.caller.user)
        for ts, root in shown:
            if root in roots:
                plain[ts]["root"] = slim(roots[root])


def _plain(state: State, rows: Rows, events: Mapping[int, Event], viewer: Viewer) -> dict[int, Object]:
    found = {}
    for ts, row in rows:
        if (message := _present(state, ts, row, events, viewer)) is not None:
            found[ts] = message
    return found


def _present(state: State, ts: int, row: Row, events: Mapping[int, Event], viewer: Viewer) -> Object | None:
    first, last = events.get(row["sequence"]), events.get(row["text_sequence"])
    if first is None or last is None:
        return None
    payload, app = first.payload, viewer.caller.app
    metadata = viewer.metadata or bool(app and payload.get("app") == app)
    # Files are made anew for this viewer, not taken from the time of posting.
    message = posted(state, {**payload, "file_objects": ""}, ts, metadata=metadata)
    if last.kind == "MessageEdited":
        message = edited(message, last, metadata=metadata)
        if row["subtype"]:
            message["subtype"] = row["subtype"]
    elif last.kind == "MessageDeleted":
        if row["reply_count"]:
            message["thread_ts"] = message["ts"]
        message = tombstone(message)
    return message
