"""Scheduled messages: taking one in, taking it back, and ending it together with its posting.

Every command here is structural: how many wait is what the next one is decided against.
"""

import uuid
from dataclasses import dataclass

from accord.errors import ForbiddenError, InvalidError, NotFoundError, TokenRevokedError, UserInactiveError
from regional_cell.domain.access import require_postable, require_visible
from regional_cell.domain.callers import Caller
from regional_cell.domain.commands.messages import Content, NewMessage
from regional_cell.domain.decisions import Decided
from regional_cell.domain.events import Draft, Payload
from regional_cell.domain.state import State
from regional_cell.domain.views.tokens import REVOKED

AHEAD_S_MAX = 120 * 86_400
WINDOW_S = 300
IN_WINDOW_MAX = 30
OF_USER_MAX = 1_000
SESSION = "xoxc"
POSTED, DELETED = "posted", "deleted"
_NAMESPACE = uuid.UUID("6a1d7c52-0c0f-4d0a-8a53-5c1f6c7e9b10")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A message for later, to `message.channel` (an id) at `post_at_s`; `thread_ts`: 0 for the main line."""

    scheduled: str
    message: NewMessage
    post_at_s: int
    thread_ts: int = 0
    broadcast: bool = False


def schedule(state: State, first_us: int, caller: Caller, new: Schedule) -> Decided:
    """`answer` is the payload. Whether the author may post there is decided now, and again at the time.

    Raises: as `require_postable`; UserInactiveError; InvalidError `time_in_past` `time_too_far`;
        ForbiddenError `restricted_too_many`.
    """
    user = state.row("users", caller.user)
    if user is None or user["deleted"]:
        raise UserInactiveError()
    require_postable(state, caller, new.message.channel)
    ahead_s = new.post_at_s - first_us // 1_000_000
    if ahead_s <= 0:
        raise InvalidError(api="time_in_past", field="post_at", why="is not in the future")
    if ahead_s > AHEAD_S_MAX:
        raise InvalidError(api="time_too_far", field="post_at", why="is more than 120 days ahead")
    _require_room(state, caller.user, new)
    content = new.message.content
    payload: Payload = {
        "scheduled": new.scheduled, "channel": new.message.channel, "post_at_s": new.post_at_s,
        "user": caller.user, "bot": caller.bot, "app": caller.app if caller.bot else "",
        "token": caller.token_id, "text": content.text, "blocks": content.blocks,
        "attachments": content.attachments, "metadata": content.metadata, "thread_ts": new.thread_ts,
        "broadcast": new.broadcast,
    }  # fmt: skip
    return Decided((Draft("MessageScheduled", payload),), structural=True, answer=payload)


def _require_room(state: State, user: str, new: Schedule) -> None:
    rows = state.rows["scheduled"].values()
    channel, window = new.message.channel, new.post_at_s // WINDOW_S
    beside = sum(row["channel"] == channel and row["due_s"] // WINDOW_S == window for row in rows)
    if beside >= IN_WINDOW_MAX or sum(row["user"] == user for row in rows) >= OF_USER_MAX:
        raise ForbiddenError(api="restricted_too_many")


def take_back(state: State, caller: Caller, channel: str, scheduled: str) -> Decided:
    """What is not the caller's own in that channel is as what does not exist.

    Raises: NotFoundError `channel_not_found` `invalid_scheduled_message_id`.
    """
    require_visible(state, caller, channel)
    row = state.row("scheduled", scheduled)
    if row is None or row["channel"] != channel or row["user"] != caller.user:
        raise NotFoundError(api="invalid_scheduled_message_id", thing="scheduled_message")
    return end(state, scheduled, DELETED)


def end(state: State, scheduled: str, why: str) -> Decided:
    """It waits no longer. `why`: `deleted`, or the code of the error that it met at its time, which the
    author's sockets are told.
    """
    row = state.row("scheduled", scheduled)
    if row is None:
        return Decided(())
    payload = {"scheduled": scheduled, "why": why, "channel": row["channel"]}
    draft = Draft("ScheduleEnded", payload, () if why == DELETED else (row["user"],))
    return Decided((draft,), structural=True)


def posted(state: State, scheduled: str, decided: Decided) -> Decided:
    """The decision to post it, together with its end: both are committed or neither.

    Raises NotFoundError when it waits no longer.
    """
    if state.row("scheduled", scheduled) is None:
        raise NotFoundError(thing="scheduled_message")
    ended = Draft("ScheduleEnded", {"scheduled": scheduled, "why": POSTED})
    return Decided((*decided.drafts, ended), decided.requires, decided.client_msg_id, True, decided.answer)


def author(state: State, payload: Payload) -> Caller:
    """Who posts it, as they stand now. A bot has the scopes of its app.

    A token that was taken back posts nothing any more; that a person signed out takes nothing back.

    Raises: UserInactiveError, TokenRevokedError.
    """
    user = state.row("users", payload["user"])
    app = state.row("apps", payload["app"]) if payload["app"] else None
    if user is None or user["deleted"] or (payload["app"] and (app is None or app["deleted"])):
        raise UserInactiveError()
    token = state.row("tokens", payload["token"])
    if token is not None and token["state"] == REVOKED and token["kind"] != SESSION:
        raise TokenRevokedError()
    kind = "xoxb" if payload["bot"] else "xoxp"
    scopes = frozenset(filter(None, app["scopes"].split(","))) if app is not None else frozenset()
    return Caller(
        state.resident, payload["token"], kind, payload["user"], payload["app"], payload["bot"],
        user["person"] or "", user["role"], scopes,
    )  # fmt: skip


def message_of(resident: str, payload: Payload) -> NewMessage:
    """What is posted. Its key is made from the schedule's id, so that it is one message whatever happens."""
    content = Content(payload["text"], payload["blocks"], payload["attachments"], payload["metadata"])
    key = str(uuid.uuid5(_NAMESPACE, f"{resident}/{payload['scheduled']}"))
    return NewMessage(payload["channel"], content, client_msg_id=key)
