"""Posting, editing and deleting messages: who may, and which events follow.

What a decision needs of other messages (the root of a thread, the message as it stands) was read before by
the service;
`Require` makes sure that it still holds when the events are written.
"""

import msgspec

from accord.errors import ForbiddenError, InvalidError, NotFoundError, UserInactiveError
from regional_cell.domain.access import (
    require_not_archived,
    require_postable,
    require_readable,
    require_visible,
)
from regional_cell.domain.callers import Caller
from regional_cell.domain.changes import Require, Row
from regional_cell.domain.commands.direct import DIRECT, opened_for_all
from regional_cell.domain.commands.notices import SYSTEM_SUBTYPES
from regional_cell.domain.decisions import Decided
from regional_cell.domain.events import Draft, Payload
from regional_cell.domain.parties import require_voice
from regional_cell.domain.roles import ADMINS
from regional_cell.domain.state import State


class Content(msgspec.Struct, frozen=True, gc=False):
    """What a message says. `blocks`, `attachments`, `metadata` are JSON text, empty for none."""

    text: str
    blocks: str = ""
    attachments: str = ""
    metadata: str = ""


class Thread(msgspec.Struct, frozen=True, gc=False):
    """The root that a reply goes to, as read: its time, author, and its object after the reply (JSON
    text).
    """

    root_us: int
    parent_user: str
    root: str
    broadcast: bool


class NewMessage(msgspec.Struct, frozen=True, gc=False):
    """A message to be posted to `channel` (an id). `username`, `icons` (JSON text): overrides of bots.

    `subtype`: `me_message`, or empty for what the rest of it says.
    """

    channel: str
    content: Content
    thread: Thread | None = None
    client_msg_id: str = ""
    username: str = ""
    icons: str = ""
    files: tuple[str, ...] = ()
    file_objects: str = ""
    subtype: str = ""


class Target(msgspec.Struct, frozen=True, gc=False):
    """A message as read before a change: its row, present object without metadata (JSON text) and its files.

    `latest_reply`: of the thread once this reply is gone; 0 for none. `requires`: what else must still hold.
    """

    channel: str
    ts: int
    row: Row
    previous: str
    files: tuple[str, ...] = ()
    rich_text: bool = False
    latest_reply: int = 0
    requires: tuple[Require, ...] = ()


def post(state: State, caller: Caller, message: NewMessage) -> Decided:
    """Raises UserInactiveError, NotFoundError, ForbiddenError `not_in_channel`, WrongStateError
    `is_archived`.
    """
    user = state.row("users", caller.user)
    if user is None or user["deleted"]:
        raise UserInactiveError()
    place = require_postable(state, caller, message.channel)
    payload = payload_of(caller, message)
    topics: tuple[str, ...] = (message.channel,)
    requires: tuple[Require, ...] = ()
    if (thread := message.thread) is not None:
        payload |= {"thread_ts": thread.root_us, "parent_user": thread.parent_user, "root": thread.root}
        if thread.broadcast:
            payload |= {"broadcast": True, "subtype": "thread_broadcast"}
        # Twice: the reply itself, then the root's new counts.
        topics = (message.channel, message.channel)
        requires = (Require("messages", (message.channel, thread.root_us)),)
    key = (caller.user, message.client_msg_id) if message.client_msg_id else None
    posted = Draft("MessagePosted", payload, topics)
    opened = opened_for_all(state, message.channel) if place["kind"] in DIRECT else ()
    return Decided((posted, *opened), requires, key, structural=bool(opened))


def payload_of(caller: Caller, message: NewMessage) -> Payload:
    """Without what is empty: most messages have a text and nothing else."""
    payload: Payload = {"channel": message.channel, "user": caller.user, "text": message.content.text}
    content = message.content
    for name, value in (
        ("client_msg_id", message.client_msg_id),
        ("bot", caller.bot),
        ("app", caller.app if caller.bot else ""),
        ("blocks", content.blocks),
        ("attachments", content.attachments),
        ("metadata", content.metadata),
        ("files", list(message.files)),
        ("file_objects", message.file_objects),
        ("username", message.username),
        ("icons", message.icons),
        ("subtype", message.subtype or ("bot_message" if message.username or message.icons else "")),
    ):
        if value:
            payload[name] = value
    return payload


def require_editable(state: State, caller: Caller, channel: str, row: Row | None) -> Row:
    """The message's row, if the caller wrote it and may still change it.

    Raises: NotFoundError `message_not_found`, ForbiddenError `cant_update_message` `edit_window_closed`,
    WrongStateError.
    """
    place = require_visible(state, caller, channel)
    if row is None or row["hidden"]:
        raise NotFoundError(thing="message")
    require_readable(state, caller, channel)
    if not _own(caller, row) or row["subtype"] in SYSTEM_SUBTYPES:
        raise ForbiddenError(api="cant_update_message")
    require_not_archived(place)
    require_voice(state, caller.user, place)
    return row


def update(
    state: State, first_us: int, caller: Caller, target: Target, content: Content, *, broadcast: bool
) -> Decided:
    """Replace the content, all of it; `broadcast` shows an existing reply in the main line too."""
    row = require_editable(state, caller, target.channel, target.row)
    window_s = _edit_window_s(state)
    if window_s is not None and first_us > target.ts + window_s * 1_000_000:
        raise ForbiddenError(api="edit_window_closed")
    if broadcast and not row["thread_ts"]:
        raise InvalidError(api="cant_broadcast_message", field="reply_broadcast", why="not a reply")
    payload: Payload = {
        "channel": target.channel, "ts": target.ts, "by": caller.user, "text": content.text,
        "blocks": content.blocks,
        "attachments": content.attachments, "metadata": content.metadata, "previous": target.previous,
    }  # fmt: skip
    if broadcast:
        payload["broadcast"] = True
    return Decided(
        (Draft("MessageEdited", payload, (target.channel,)),), (_unchanged(target), *target.requires)
    )


def delete(state: State, caller: Caller, target: Target) -> Decided:
    """A root with replies leaves a tombstone. Raises NotFoundError, ForbiddenError `cant_delete_message`,
    WrongStateError.
    """
    place = require_visible(state, caller, target.channel)
    if not _own(caller, target.row) and caller.role not in ADMINS:
        raise ForbiddenError(api="cant_delete_message")
    require_not_archived(place)
    alone = not target.row["reply_count"]
    unchanged = _unchanged(target, still_alone=alone)
    payload: Payload = {
        "channel": target.channel, "ts": target.ts, "by": caller.user,
        "tombstone": not alone,
        "thread_ts": target.row["thread_ts"] or 0, "latest_reply": target.latest_reply,
        "files": list(target.files),
        "previous": target.previous,
    }  # fmt: skip
    return Decided((Draft("MessageDeleted", payload, (target.channel,)),), (unchanged, *target.requires))


def _unchanged(target: Target, *, still_alone: bool = False) -> Require:
    """The message says what was read; with `still_alone` it also has no replies. Counts of replies may move
    on.
    """
    columns = {name: target.row[name] for name in ("text_sequence", "hidden")}
    if still_alone:
        columns["reply_count"] = 0
    return Require("messages", (target.channel, target.ts), columns=columns)


def _own(caller: Caller, row: Row) -> bool:
    return (
        bool(row["bot"] == caller.bot) if caller.bot else bool(row["user"] == caller.user and not row["bot"])
    )


def _edit_window_s(state: State) -> int | None:
    """Seconds in which a message may be edited; None: always. Set by `WorkspaceChanged`
    `msg_edit_window_mins`.
    """
    workspace = state.row("workspaces") or {}
    minutes = (workspace.get("content") or {}).get("msg_edit_window_mins", -1)
    return None if minutes < 0 else minutes * 60
