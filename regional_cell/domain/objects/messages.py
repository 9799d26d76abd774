"""Messages as the API shows them, and what sockets hear of posting, editing and deleting.

The same three functions serve answers, history and frames: `posted` makes the object of the first event,
`edited` and
`tombstone` make the present one of it. What an answer adds for threads and reactions is `decorate`.

Events of a change carry the object as it stood before (`previous`, `root`: JSON text), so a frame needs the
event and the
state alone. `metadata` is in no frame.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from accord.ids import USLACKBOT
from regional_cell.domain.changes import Row
from regional_cell.domain.events import Event, Payload
from regional_cell.domain.objects.channels import channel_type
from regional_cell.domain.objects.users import bot_profile
from regional_cell.domain.state import State
from regional_cell.domain.timestamps import format_ts

Object = dict[str, Any]

TOMBSTONE_TEXT = "This message was deleted."
TOMBSTONE_KEPT = (
    "type", "team", "ts", "thread_ts", "reply_count", "reply_users_count", "reply_users", "latest_reply",
    "is_locked",
    "subscribed",
)  # fmt: skip
_CONTENT = ("text", "blocks", "attachments")


def posted(state: State, payload: Payload, at_us: int, *, metadata: bool = False) -> Object:
    """The object of a `MessagePosted`; files as full objects when the event carries them, else by id
    alone.
    """
    message: Object = {"type": "message"}
    if subtype := payload.get("subtype"):
        message["subtype"] = subtype
    if user := payload.get("user"):
        message["user"] = user
    message["team"] = state.resident
    message["text"] = payload["text"]
    message["ts"] = format_ts(at_us)
    if client_msg_id := payload.get("client_msg_id"):
        message["client_msg_id"] = client_msg_id
    _add_content(message, payload, metadata)
    if files := payload.get("files"):
        objects = payload.get("file_objects")
        message["files"] = orjson.Fragment(objects) if objects else [{"id": file} for file in files]
        message["upload"] = False
    if bot := payload.get("bot"):
        message["bot_id"] = bot
        message["app_id"] = payload.get("app", "")
        if (card := bot_profile(state, bot, payload.get("app", ""))) is not None:
            message["bot_profile"] = card
    if username := payload.get("username"):
        message["username"] = username
    if icons := payload.get("icons"):
        message["icons"] = orjson.Fragment(icons)
    if about := payload.get("about"):
        message |= about
    if root := payload.get("thread_ts"):
        message["thread_ts"] = format_ts(root)
        if parent := payload.get("parent_user"):
            message["parent_user_id"] = parent
    return message


def edited(message: Object, event: Event, *, metadata: bool = False) -> Object:
    """The object after a `MessageEdited`, which holds the whole content that followed."""
    payload = event.payload
    fresh = {name: value for name, value in message.items() if name not in (*_CONTENT, "metadata", "edited")}
    fresh["text"] = payload["text"]
    _add_content(fresh, payload, metadata)
    fresh["edited"] = {"user": payload["by"], "ts": format_ts(event.at_us)}
    if payload.get("broadcast"):
        fresh["subtype"] = "thread_broadcast"
    return fresh


def tombstone(message: Object) -> Object:
    """What is left of a thread's root after its deletion."""
    kept = {name: message[name] for name in TOMBSTONE_KEPT if name in message}
    return {**kept, "subtype": "tombstone", "user": USLACKBOT, "text": TOMBSTONE_TEXT, "hidden": True}


def decorate(
    message: Object,
    row: Row,
    repliers: Sequence[str],
    reactions: Sequence[tuple[str, list[str]]],
    viewer: str,
    *,
    full: bool = False,
) -> Object:
    """Add thread counts and reactions.

    Args:
        repliers: in order of first reply.
        full: name all who reacted, not only the first.
    """
    if row["reply_count"]:
        message["thread_ts"] = message["ts"]
        message["reply_count"] = row["reply_count"]
        message["reply_users_count"] = len(repliers)
        message["reply_users"] = list(repliers)
        message["latest_reply"] = format_ts(row["latest_reply"] or 0)
        message["is_locked"] = False
        message["subscribed"] = viewer in repliers or viewer == row["user"]
    if reactions and not row["hidden"]:
        message["reactions"] = [
            {"name": name, "count": len(users), "users": users if full else _prefix(users, viewer)}
            for name, users in reactions
        ]
    return message


def slim(message: Object) -> Object:
    """The root of a thread as replies carry it: without blocks, attachments, files and metadata."""
    left_out = ("blocks", "attachments", "files", "metadata", "reactions", "bot_profile", "subscribed")
    return {name: value for name, value in message.items() if name not in left_out}


def _prefix(users: list[str], viewer: str) -> list[str]:
    if len(users) <= 50:
        return users
    return [viewer, *[user for user in users if user != viewer][:49]] if viewer in users else users[:50]


def _add_content(message: Object, payload: Mapping[str, Any], metadata: bool) -> None:
    if blocks := payload.get("blocks"):
        message["blocks"] = orjson.Fragment(blocks)
    if attachments := payload.get("attachments"):
        message["attachments"] = orjson.Fragment(attachments)
    if metadata and (about := payload.get("metadata")):
        message["metadata"] = orjson.Fragment(about)


# ------------------------------------------------------------------------------------------- frames


def _posted_frames(event: Event, state: State) -> list[Object | None]:
    """One frame, and for a reply a second one that tells the root's new counts."""
    payload = event.payload
    row = state.row("channels", payload["channel"])
    kind = channel_type(row) if row is not None else "channel"
    message = posted(state, payload, event.at_us)
    message |= {"channel": payload["channel"], "channel_type": kind, "event_ts": message["ts"]}
    root = payload.get("root")
    if root and payload.get("broadcast"):
        message["root"] = orjson.Fragment(root)
    bodies: list[Object | None] = [message]
    if len(event.topics) > 1:
        bodies.append(_replied(event, root, kind) if root else None)
    return (bodies + [None] * len(event.topics))[: len(event.topics)]


def _replied(event: Event, root: str, kind: str) -> Object:
    ts = format_ts(event.at_us)
    message = {**orjson.loads(root), "latest_reply": ts}
    return {
        "type": "message", "subtype": "message_replied", "hidden": True,
        "channel": event.payload["channel"], "ts": ts,
        "channel_type": kind, "message": message, "event_ts": ts,
    }  # fmt: skip


def _change(event: Event, state: State, subtype: str, **members: Any) -> list[Object | None]:
    row = state.row("channels", event.payload["channel"])
    ts = format_ts(event.at_us)
    body: Object = {
        "type": "message", "subtype": subtype, "hidden": True, "channel": event.payload["channel"], "ts": ts,
        "channel_type": channel_type(row) if row is not None else "channel", **members, "event_ts": ts,
    }  # fmt: skip
    return [body] * len(event.topics)


def _edited_frames(event: Event, state: State) -> list[Object | None]:
    previous = orjson.loads(event.payload["previous"])
    return _change(
        event, state, "message_changed", message=edited(previous, event), previous_message=previous
    )


def _deleted_frames(event: Event, state: State) -> list[Object | None]:
    payload = event.payload
    previous = orjson.loads(payload["previous"])
    if payload["tombstone"]:
        return _change(
            event, state, "message_changed", message=tombstone(previous), previous_message=previous
        )
    return _change(
        event, state, "message_deleted", deleted_ts=format_ts(payload["ts"]), previous_message=previous
    )


FRAMES: dict[str, Callable[[Event, State], list[Object | None]]] = {
    "MessagePosted": _posted_frames,
    "MessageEdited": _edited_frames,
    "MessageDeleted": _deleted_frames,
}
