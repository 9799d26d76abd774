"""Posting, editing and deleting messages, for callers of the API and for sockets."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from msgspec.structs import replace

from accord.errors import ColinkError, ConflictError, InvalidError, NotFoundError, OutcomeUnknownError
from accord.ids import kind_of
from regional_cell.domain.access import not_found, require_postable, require_readable, require_scope
from regional_cell.domain.callers import Caller
from regional_cell.domain.changes import Require, Row
from regional_cell.domain.commands import direct
from regional_cell.domain.commands import messages as commands
from regional_cell.domain.commands.messages import Content, NewMessage, Target, Thread
from regional_cell.domain.commands.notices import SYSTEM_SUBTYPES
from regional_cell.domain.decisions import Committed, Decide
from regional_cell.domain.objects.messages import decorate, posted, slim
from regional_cell.domain.state import State
from regional_cell.domain.text import prepare
from regional_cell.domain.timestamps import format_ts, parse_ts
from regional_cell.domain.views.messages import DELETED
from regional_cell.ports.commits import Commits, Waiter
from regional_cell.ports.messages import Also, Posted
from regional_cell.ports.sockets import SocketOrigin
from regional_cell.ports.views import Views
from regional_cell.services.messages.reading import MessageReader, Viewer

Object = dict[str, Any]
Spawn = Callable[[Coroutine[Any, Any, None]], object]
ATTEMPTS = 5
ROOT_TEXT_CHARS_MAX = 4_000
THREAD_PAGE = 1_000
_CLIENT_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Revision:
    """What to change of a message; None keeps, or for content beside a new text: drops."""

    text: str | None = None
    blocks: str | None = None
    attachments: str | None = None
    metadata: str | None = None
    broadcast: bool = False


class Messages:
    """Writes messages of the residents of this cell.

    Args:
        draw_id: draws a fresh id of a prefix.
        spawn: runs a coroutine beside the caller and keeps it.
    """

    def __init__(
        self,
        commits: Commits,
        views: Views,
        reader: MessageReader,
        draw_id: Callable[[str], str],
        spawn: Spawn,
    ) -> None:
        self._spawn = spawn
        self._commits = commits
        self._views = views
        self._reader = reader
        self._draw_id = draw_id

    # --- posting ---------------------------------------------------------------------------------

    async def post_message(
        self, caller: Caller, message: NewMessage, *, thread_ts: int | None = None, broadcast: bool = False,
        epoch: int | None = None, also: Also | None = None,
    ) -> Posted:  # fmt: skip
        """As `ports.MessagePoster.post_message`."""
        channel = await self.place(caller, message.channel, epoch)
        message = replace(message, channel=channel)
        for _ in range(ATTEMPTS):
            if thread_ts is not None:
                state = await self._commits.state(caller.resident)
                require_postable(state, caller, channel)
                message = replace(
                    message, thread=await self._thread(state, caller, channel, thread_ts, broadcast)
                )
            decide = _post(caller, message, also)
            try:
                done = await self._commits.commit(caller.resident, decide, principal=caller.user, epoch=epoch)
            except ConflictError:
                if thread_ts is None:
                    raise
                continue
            return _posted(done, caller)
        raise _no_thread()

    def post(
        self,
        caller: Caller,
        *,
        channel: str,
        text: str,
        thread_ts: str,
        client_msg_id: str,
        origin: SocketOrigin,
        waiter: Waiter,
    ) -> None:
        """As `ports.SocketPoster.post`."""
        require_scope(caller, "chat:write")
        if not text or text.isspace():
            raise InvalidError(api="no_text", field="text", why="missing")
        check_client_key(client_msg_id)
        message = NewMessage(channel, Content(prepare(text)), client_msg_id=client_msg_id)
        if not thread_ts:
            decide = _post(caller, message)
            self._commits.enqueue(caller.resident, decide, waiter, principal=caller.user, origin=origin)
            return
        at_us = parse_ts(thread_ts)
        if at_us is None:
            raise _no_thread()
        self._spawn(self._reply_from_socket(caller, message, at_us, origin, waiter))

    async def _reply_from_socket(
        self, caller: Caller, message: NewMessage, thread_ts: int, origin: SocketOrigin, waiter: Waiter
    ) -> None:
        try:
            state = await self._commits.state(caller.resident)
            require_postable(state, caller, message.channel)
            thread = await self._thread(state, caller, message.channel, thread_ts, broadcast=False)
            decide = _post(caller, replace(message, thread=thread))
            done = await self._commits.commit(caller.resident, decide, principal=caller.user, origin=origin)
        except asyncio.CancelledError:
            waiter.set_exception(OutcomeUnknownError())
            raise
        except Exception as error:
            waiter.set_exception(error)
            if not isinstance(error, ColinkError):
                raise
        else:
            waiter.set_result(done)

    async def require_thread(self, caller: Caller, channel: str, ts: int) -> None:
        """As `ports.MessagePoster.require_thread`."""
        state = await self._commits.state(caller.resident)
        require_postable(state, caller, channel)
        await self._thread(state, caller, channel, ts, broadcast=False)

    async def place(self, caller: Caller, text: str, epoch: int | None = None) -> str:
        """As `ports.MessagePoster.place`."""
        kind = kind_of(text)
        if kind in ("C", "G", "D"):
            return text
        state = await self._commits.state(caller.resident)
        user = text if kind == "U" else state.user_by_name.get(text[1:]) if text.startswith("@") else None
        if user is None:
            channel = state.channel_by_name.get(text.removeprefix("#"))
            if channel is None:
                raise not_found()
            return channel
        try:
            channel = direct.find_direct(state, direct.people_of(state, caller, [user]))
        except ColinkError:
            raise not_found() from None
        if channel is not None:
            return channel
        done = await self._commits.commit(
            caller.resident,
            lambda state, _: direct.open_direct(
                state, caller, [user], prevent_creation=False, draw_id=self._draw_id
            ),
            principal=caller.user,
            epoch=epoch,
        )
        opened: direct.Opened = done.answer
        return opened.channel

    async def _thread(self, state: State, caller: Caller, channel: str, ts: int, broadcast: bool) -> Thread:
        row = await self._views.row(state.resident, "messages", (channel, ts))
        if row is not None and row["thread_ts"]:
            ts = row["thread_ts"]
            row = await self._views.row(state.resident, "messages", (channel, ts))
        if row is None or row["subtype"] == DELETED:
            raise _no_thread()
        if row["subtype"] in SYSTEM_SUBTYPES - {"tombstone"}:
            raise InvalidError(api="cannot_reply_to_message", field="thread_ts", why="a system message")
        found = await self._reader.objects(state, channel, [(ts, row)], Viewer(caller))
        if not found:
            raise _no_thread()
        return Thread(ts, row["user"], _root_after_reply(found[0], row, caller.user), broadcast)

    # --- changing --------------------------------------------------------------------------------

    async def update(
        self, caller: Caller, channel: str, ts: int, revision: Revision, epoch: int | None = None
    ) -> Object:
        """The message as it is now. Raises: as `commands.update`; InvalidError `block_mismatch`; as
        `Commits.submit`.
        """
        for _ in range(ATTEMPTS):
            state = await self._commits.state(caller.resident)
            row = await self._views.row(state.resident, "messages", (channel, ts))
            row = commands.require_editable(state, caller, channel, row)
            target, metadata = await self._target(state, caller, channel, ts, row)
            content = _revised(target, revision, metadata)
            if not (content.text.strip() or content.blocks or content.attachments or target.files):
                raise InvalidError(api="no_text", field="text", why="nothing would be left")
            broadcast = revision.broadcast and not row["broadcast"]
            decide = partial(
                commands.update, caller=caller, target=target, content=content, broadcast=broadcast
            )
            try:
                await self._commits.commit(caller.resident, decide, principal=caller.user, epoch=epoch)
            except ConflictError:
                continue
            return await self._reader.one(Viewer(caller), channel, ts)
        raise ConflictError(api="update_failed", what="message")

    async def delete(self, caller: Caller, channel: str, ts: int, epoch: int | None = None) -> None:
        """Raises: as `commands.delete`; NotFoundError `message_not_found`; as `Commits.submit`."""
        for _ in range(ATTEMPTS):
            state = await self._commits.state(caller.resident)
            require_readable(state, caller, channel)
            row = await self._views.row(state.resident, "messages", (channel, ts))
            if row is None or row["hidden"]:
                raise NotFoundError(thing="message")
            target, _ = await self._target(state, caller, channel, ts, row)
            target = await self._with_thread(state, target)
            try:
                await self._commits.commit(
                    caller.resident, _delete(caller, target), principal=caller.user, epoch=epoch
                )
            except ConflictError:
                continue
            return
        raise ConflictError(api="cant_delete_message", what="message")

    async def _target(
        self, state: State, caller: Caller, channel: str, ts: int, row: Row
    ) -> tuple[Target, str]:
        """The message as it stands, and its metadata."""
        found = await self._reader.objects(state, channel, [(ts, row)], Viewer(caller, metadata=True))
        if not found:
            raise NotFoundError(thing="message")
        message = found[0]
        metadata = message.pop("metadata", None)
        message.pop("subscribed", None)
        blocks = orjson.loads(orjson.dumps(message.get("blocks", [])))
        rich_text = any(block.get("type") == "rich_text" for block in blocks)
        files = tuple(file["id"] for file in message.get("files", ()))
        previous = orjson.dumps(message).decode()
        target = Target(channel, ts, row, previous, files, rich_text)
        return target, orjson.dumps(metadata).decode() if metadata is not None else ""

    async def _with_thread(self, state: State, target: Target) -> Target:
        """What is left of the thread once this reply is gone."""
        root = target.row["thread_ts"]
        if not root:
            return target
        root_row = await self._views.row(state.resident, "messages", (target.channel, root))
        if root_row is None:
            return target
        guard = Require(
            "messages", (target.channel, root), columns={"latest_reply": root_row["latest_reply"]}
        )
        latest, after = root_row["latest_reply"] or 0, root
        if latest == target.ts:
            latest = 0
            while page := await self._views.thread(
                state.resident, target.channel, root, oldest=after, latest=None, limit=THREAD_PAGE
            ):
                after = page[-1][0]
                latest = max([latest, *(ts for ts, _ in page if ts != target.ts)])
        return replace(target, latest_reply=latest, requires=(guard,))


def check_client_key(text: str) -> None:
    """Raises InvalidError unless empty or 1 to 64 of `A-Za-z0-9_-`."""
    if text and _CLIENT_KEY.fullmatch(text) is None:
        raise InvalidError(field="client_msg_id", why="client_msg_id must be 1 to 64 of A-Za-z0-9_-")


def _post(caller: Caller, message: NewMessage, also: Also | None = None) -> Decide:
    if also is not None:
        return lambda state, _: also(state, commands.post(state, caller, message))
    return lambda state, _: commands.post(state, caller, message)


def _delete(caller: Caller, target: Target) -> Decide:
    return lambda state, _: commands.delete(state, caller, target)


def _posted(done: Committed, caller: Caller) -> Posted:
    event = done.events[0] if done.events else done.duplicate
    if event is None:
        raise ConflictError(what="message")
    message = posted(done.state, event.payload, event.at_us, metadata=bool(caller.app))
    if event.payload.get("broadcast") and event.payload.get("root"):
        message["root"] = orjson.Fragment(event.payload["root"])
    return Posted(event.payload["channel"], event.at_us, message, done.duplicate is not None)


def _no_thread() -> NotFoundError:
    return NotFoundError(api="thread_not_found", thing="thread")


def _root_after_reply(message: Object, row: Row, replier: str) -> str:
    """The root as it will be once the reply is there, as JSON text; counts are those of this moment."""
    repliers = list(dict.fromkeys([*message.get("reply_users", ()), replier]))
    fresh = {**row, "reply_count": (row["reply_count"] or 0) + 1}
    root = slim(decorate(message, fresh, repliers, (), ""))
    root.pop("subscribed", None)
    root.pop("latest_reply", None)
    if len(root["text"]) > ROOT_TEXT_CHARS_MAX:
        root["text"] = root["text"][:ROOT_TEXT_CHARS_MAX]
    return orjson.dumps(root).decode()


def _revised(target: Target, revision: Revision, metadata: str) -> Content:
    """The whole content after the change: what stands beside a new text goes, unless it is given anew."""
    old = orjson.loads(target.previous)
    fresh = orjson.loads(revision.blocks) if revision.blocks and target.rich_text else []
    if any(block.get("type") != "rich_text" for block in fresh):
        raise InvalidError(api="block_mismatch", field="blocks", why="a rich text stays one")
    new_content = (revision.text, revision.blocks, revision.attachments)
    if all(part is None for part in new_content):
        text, blocks, attachments = old["text"], _json(old.get("blocks")), _json(old.get("attachments"))
    else:
        text, blocks, attachments = revision.text or "", revision.blocks or "", revision.attachments or ""
    kept = metadata if revision.metadata is None else revision.metadata
    return Content(text, blocks, attachments, kept)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode() if value else ""


def permalink(url: str, channel: str, ts: int, thread_ts: int | None) -> str:
    """The address of a message; `url` is the workspace's and ends in a slash."""
    address = f"{url}archives/{channel}/p{format_ts(ts).replace('.', '')}"
    return f"{address}?thread_ts={format_ts(thread_ts)}&cid={channel}" if thread_ts else address
