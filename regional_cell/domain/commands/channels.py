"""Channels: making, joining, leaving, inviting, removing.

Every command here is structural: who is where decides what others may do.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from accord.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from accord.ids import USLACKBOT
from regional_cell.domain.access import (
    is_full,
    require_kind,
    require_member,
    require_not_archived,
    require_visible,
    require_write,
)
from regional_cell.domain.callers import Caller
from regional_cell.domain.commands.notices import notice
from regional_cell.domain.decisions import Decided
from regional_cell.domain.events import Draft
from regional_cell.domain.roles import ADMINS, GUESTS
from regional_cell.domain.state import State

NAME_CHARS_MAX = 80
_SPECIALS = re.compile(r"[^\w-]")
_SOMETHING = re.compile(r"[^\W_]")

# Draws a fresh id of the given prefix.
DrawId = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Invited:
    """What became of an invitation: (user, error) of those who cannot be invited."""

    faults: tuple[tuple[str, str], ...] = ()


def check_name(name: str) -> str:
    """The same name. Raises InvalidError `invalid_name_required`, `_maxlength`, `_punctuation`,
    `_specials`.
    """
    if not name:
        raise _invalid_name("required")
    if len(name) > NAME_CHARS_MAX:
        raise _invalid_name("maxlength")
    if _SPECIALS.search(name) or name != name.lower():
        raise _invalid_name("specials")
    if not _SOMETHING.search(name):
        raise _invalid_name("punctuation")
    return name


def _invalid_name(why: str) -> InvalidError:
    return InvalidError(api=f"invalid_name_{why}", field="name", why=why)


def create(state: State, caller: Caller, name: str, *, private: bool, draw_id: DrawId) -> Decided:
    """Raises InvalidError, ConflictError `name_taken`, ForbiddenError `restricted_action` (guests)."""
    require_write(caller, "private" if private else "public")
    check_name(name)
    if caller.role in GUESTS:
        raise ForbiddenError(api="restricted_action")
    if name in state.channel_by_name:
        raise ConflictError(api="name_taken", what="name")
    channel = fresh_channel(state, draw_id, "C")
    payload = {
        "channel": channel, "kind": "private" if private else "public", "name": name, "creator": caller.user,
        "members": [caller.user], "general": False, "topic": "", "purpose": "",
    }  # fmt: skip
    topics = (caller.user,) if private else (state.resident, caller.user)
    drafts = (Draft("ChannelCreated", payload, topics), _joined(channel, caller.user))
    return Decided(drafts, structural=True, answer=channel)


def join(state: State, caller: Caller, channel: str) -> Decided:
    """`answer`: whether the caller was a member already. Raises NotFoundError, InvalidError,
    WrongStateError.
    """
    row = require_visible(state, caller, channel)
    if state.is_member(channel, caller.user):
        require_kind(row, "public", "private")
        return Decided((), answer=True)
    require_kind(row, "public")
    require_not_archived(row)
    return Decided(member_added(channel, caller.user, caller.user), structural=True, answer=False)


def leave(state: State, caller: Caller, channel: str) -> Decided:
    """`answer`: whether the caller was a member at all.

    Raises: NotFoundError, InvalidError, WrongStateError `is_archived`, ForbiddenError `cant_leave_general`
        `last_member` `user_is_restricted`.
    """
    row = require_visible(state, caller, channel)
    require_kind(row, "public", "private", "mpim")
    require_write(caller, row["kind"])
    require_not_archived(row)
    if not state.is_member(channel, caller.user):
        return Decided((), answer=False)
    if row["general"]:
        raise ForbiddenError(api="cant_leave_general")
    if caller.role in GUESTS:
        raise ForbiddenError(api="user_is_restricted")
    if row["kind"] != "public" and len(state.members_of[channel]) == 1:
        raise ForbiddenError(api="last_member")
    payload = {"channel": channel, "user": caller.user, "by": caller.user, "why": "left"}
    removed = Draft("MemberRemoved", payload, (channel, caller.user))
    return Decided((removed, _left(channel, caller.user)), structural=True, answer=True)


def invite(state: State, caller: Caller, channel: str, users: Sequence[str], *, force: bool) -> Decided:
    """`answer` is `Invited`. Without `force` one fault and nobody is invited; with it the others are.

    Raises: NotFoundError, ForbiddenError `not_in_channel` `user_is_restricted`, InvalidError,
    WrongStateError.
    """
    row = require_member(state, caller, channel)
    require_kind(row, "public", "private")
    require_write(caller, row["kind"], "invites")
    require_not_archived(row)
    if caller.role in GUESTS:
        raise ForbiddenError(api="user_is_restricted")
    faults: list[tuple[str, str]] = []
    drafts: list[Draft] = []
    for user in dict.fromkeys(users):
        if fault := _why_not(state, caller, channel, user):
            faults.append((user, fault))
        else:
            drafts += member_added(channel, user, caller.user)
    if not drafts or (faults and not force):
        return Decided((), answer=Invited(tuple(faults)))
    return Decided(tuple(drafts), structural=True, answer=Invited(tuple(faults)))


def _why_not(state: State, caller: Caller, channel: str, user: str) -> str:
    row = state.row("users", user)
    if user == caller.user:
        return "cant_invite_self"
    if user == USLACKBOT:
        return "cant_invite"
    if row is None or row["deleted"]:
        return "user_not_found"
    if state.is_member(channel, user):
        return "already_in_channel"
    return "ura_max_channels" if is_full(state, user) else ""


def member_added(channel: str, user: str, by: str) -> tuple[Draft, ...]:
    """Joining, or being invited by somebody else: the fact and the notice in the history."""
    inviter = by if by != user else ""
    payload = {"channel": channel, "user": user, "by": by, "inviter": inviter}
    return Draft("MemberAdded", payload, (channel, user)), _joined(channel, user, inviter)


def kick(state: State, caller: Caller, channel: str, user: str) -> Decided:
    """Remove somebody else. Of a public channel only admins and its creator may, of a private one every full
    member.

    Raises: NotFoundError, InvalidError `cant_kick_self`, ForbiddenError `not_in_channel` (the caller, or the
        user) `cant_kick_from_general` `restricted_action`, WrongStateError.
    """
    row = require_member(state, caller, channel)
    require_kind(row, "public", "private")
    require_write(caller, row["kind"])
    require_not_archived(row)
    if user == caller.user:
        raise InvalidError(api="cant_kick_self", field="user", why="is the caller")
    if user == USLACKBOT or state.row("users", user) is None:
        raise NotFoundError(thing="user")
    if not state.is_member(channel, user):
        raise ForbiddenError(api="not_in_channel")
    if row["general"]:
        raise ForbiddenError(api="cant_kick_from_general")
    trusted = caller.role in ADMINS or row["creator"] == caller.user
    if caller.role in GUESTS or (row["kind"] == "public" and not trusted):
        raise ForbiddenError(api="restricted_action")
    payload = {"channel": channel, "user": user, "by": caller.user, "why": "removed"}
    removed = Draft("MemberRemoved", payload, (channel, user))
    return Decided((removed, _left(channel, user)), structural=True)


def fresh_channel(state: State, draw_id: DrawId, prefix: str) -> str:
    """An id of the prefix that no conversation of the state has."""
    while state.row("channels", channel := draw_id(prefix)) is not None:
        pass
    return channel


def _joined(channel: str, user: str, inviter: str = "") -> Draft:
    about = {"inviter": inviter} if inviter else {}
    return notice(channel, user, "join", f"<@{user}> has joined the channel", **about)


def _left(channel: str, user: str) -> Draft:
    return notice(channel, user, "leave", f"<@{user}> has left the channel")
