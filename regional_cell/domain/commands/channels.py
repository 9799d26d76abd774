"""Channels and direct messages: making, joining, leaving, inviting, opening.

Every command here is structural: who is where decides what others may do.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from accord.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, WrongStateError
from accord.ids import USLACKBOT
from regional_cell.domain.access import (
    GUESTS,
    not_found,
    require_kind,
    require_member,
    require_not_archived,
    require_visible,
)
from regional_cell.domain.callers import Caller
from regional_cell.domain.decisions import Decided
from regional_cell.domain.events import Draft
from regional_cell.domain.objects.users import user_row
from regional_cell.domain.state import State

NAME_CHARS_MAX = 80
OTHERS_MAX = 8
_SPECIALS = re.compile(r"[^\w-]")
_SOMETHING = re.compile(r"[^\W_]")

# Draws a fresh id of the given prefix.
DrawId = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Invited:
    """What became of an invitation: (user, error) of those who cannot be invited."""

    faults: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """A direct conversation, whether it was there and whether it was open."""

    channel: str
    existed: bool
    was_open: bool


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
    check_name(name)
    if caller.role in GUESTS:
        raise ForbiddenError(api="restricted_action")
    if name in state.channel_by_name:
        raise ConflictError(api="name_taken", what="name")
    channel = _fresh(state, draw_id, "C")
    payload = {
        "channel": channel, "kind": "private" if private else "public", "name": name, "creator": caller.user,
        "members": [caller.user], "general": False, "topic": "", "purpose": "",
    }  # fmt: skip
    topics = (caller.user,) if private else (state.resident, caller.user)
    drafts = (Draft("ChannelCreated", payload, topics), _notice(channel, caller.user, "channel_join"))
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
    return Decided((removed, _notice(channel, caller.user, "channel_leave")), structural=True, answer=True)


def invite(state: State, caller: Caller, channel: str, users: Sequence[str], *, force: bool) -> Decided:
    """`answer` is `Invited`. Without `force` one fault and nobody is invited; with it the others are.

    Raises: NotFoundError, ForbiddenError `not_in_channel` `user_is_restricted`, InvalidError,
    WrongStateError.
    """
    row = require_member(state, caller, channel)
    require_kind(row, "public", "private")
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
    if row["role"] == "single_channel_guest" and any(
        state.rows["channels"][(known,)]["kind"] in ("public", "private")
        for known in state.channels_of.get(user, ())
    ):
        return "ura_max_channels"
    return ""


def member_added(channel: str, user: str, by: str) -> tuple[Draft, ...]:
    """Joining, or being invited by somebody else: the fact and the notice in the history."""
    inviter = by if by != user else ""
    payload = {"channel": channel, "user": user, "by": by, "inviter": inviter}
    return Draft("MemberAdded", payload, (channel, user)), _notice(channel, user, "channel_join", inviter)


def _notice(channel: str, user: str, subtype: str, inviter: str = "") -> Draft:
    verb = "joined" if subtype == "channel_join" else "left"
    payload = {
        "channel": channel, "user": user, "bot": "", "app": "", "text": f"<@{user}> has {verb} the channel",
        "blocks": "", "attachments": "", "files": [], "thread_ts": 0, "broadcast": False, "subtype": subtype,
        "metadata": "", "client_msg_id": "", "username": "", "icons": "", "parent_user": "",
    }  # fmt: skip
    if inviter:
        payload["inviter"] = inviter
    return Draft("MessagePosted", payload, (channel,))


# ---------------------------------------------------------------------------------- direct messages


def find_direct(state: State, people: Sequence[str]) -> str | None:
    """The conversation of exactly these people, if there is one."""
    wanted = sorted(set(people))
    shared: set[str] = set.intersection(*(state.channels_of.get(user, set()) for user in wanted))
    kind = "im" if len(wanted) <= 2 else "mpim"
    for channel in shared:
        row = state.rows["channels"][(channel,)]
        if row["kind"] == kind and sorted(set(row["content"]["members"])) == wanted:
            return channel
    return None


def people_of(state: State, caller: Caller, users: Sequence[str]) -> list[str]:
    """The caller and the others, proven to be active and visible.

    Raises: InvalidError `not_enough_users` `too_many_users`; NotFoundError `user_not_found`
    `user_not_visible`;
        WrongStateError `user_disabled`.
    """
    named = list(dict.fromkeys(users))
    others = [user for user in named if user != caller.user]
    if not named:
        raise InvalidError(api="not_enough_users", field="users", why="names nobody")
    if len(others) > OTHERS_MAX:
        raise InvalidError(api="too_many_users", field="users", why=f"names more than {OTHERS_MAX}")
    for user in others:
        row = user_row(state, user)
        if row is None:
            raise NotFoundError(thing="user")
        if row["deleted"]:
            raise WrongStateError(api="user_disabled", state="deleted")
        require_user_visible(state, caller, user)
    return [caller.user, *others]


def require_user_visible(state: State, caller: Caller, user: str) -> None:
    """Guests see those they share a conversation with. Raises NotFoundError `user_not_visible`."""
    if caller.role not in GUESTS or user in (caller.user, USLACKBOT):
        return
    if not state.channels_of.get(caller.user, set()) & state.channels_of.get(user, set()):
        raise NotFoundError(api="user_not_visible", thing="user")


def open_direct(
    state: State, caller: Caller, users: Sequence[str], *, prevent_creation: bool, draw_id: DrawId
) -> Decided:
    """`answer` is `Opened`. Raises as `people_of`; NotFoundError `channel_not_found` when it may not be
    made.
    """
    people = people_of(state, caller, users)
    channel = find_direct(state, people)
    if channel is not None:
        return reopen(state, caller, channel)
    if prevent_creation:
        raise not_found()
    mpim = len(people) > 2
    channel = _fresh(state, draw_id, "G" if mpim else "D")
    names = sorted(_name(state, user) for user in people)
    payload = {
        "channel": channel, "kind": "mpim" if mpim else "im", "creator": caller.user,
        "members": sorted(people),
        "general": False, "topic": "", "name": _direct_name(state, names) if mpim else "",
        "purpose": "Group messaging with: " + " ".join(f"@{name}" for name in names) if mpim else "",
    }  # fmt: skip
    opened = {"channel": channel, "user": caller.user, "open": True}
    hearers = tuple(sorted(user for user in people if user != USLACKBOT))
    drafts = (Draft("ChannelCreated", payload, hearers), Draft("ConversationOpened", opened, (caller.user,)))
    return Decided(drafts, structural=True, answer=Opened(channel, False, False))


def reopen(state: State, caller: Caller, channel: str) -> Decided:
    """`answer` is `Opened`. Raises NotFoundError for anything but the caller's own direct messages."""
    row = state.row("channels", channel)
    member = state.members_of.get(channel, {}).get(caller.user)
    if row is None or member is None or row["kind"] not in ("im", "mpim"):
        raise not_found()
    answer = Opened(channel, True, bool(member["open"]))
    if member["open"]:
        return Decided((), answer=answer)
    opened = {"channel": channel, "user": caller.user, "open": True}
    return Decided((Draft("ConversationOpened", opened, (caller.user,)),), structural=True, answer=answer)


def _name(state: State, user: str) -> str:
    row = user_row(state, user)
    name: str = ((row or {}).get("content") or {}).get("name", "")
    return name


def _direct_name(state: State, names: Sequence[str]) -> str:
    stem = "mpdm-" + "--".join(names)
    number = 1
    while f"{stem}-{number}" in state.channel_by_name:
        number += 1
    return f"{stem}-{number}"


def _fresh(state: State, draw_id: DrawId, prefix: str) -> str:
    while state.row("channels", channel := draw_id(prefix)) is not None:
        pass
    return channel
