"""Direct messages, of two people or a group: opening and closing them.

Every command here is structural: who is where decides what others may do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from accord.errors import InvalidError, NotFoundError, WrongStateError
from accord.ids import USLACKBOT
from regional_cell.domain.access import (
    not_found,
    require_kind,
    require_user_visible,
    require_visible,
    require_write,
)
from regional_cell.domain.callers import Caller
from regional_cell.domain.commands.channels import DrawId, fresh_channel
from regional_cell.domain.decisions import Decided
from regional_cell.domain.events import Draft
from regional_cell.domain.objects.users import user_row
from regional_cell.domain.state import State

OTHERS_MAX = 8
DIRECT = frozenset({"im", "mpim"})


@dataclass(frozen=True, slots=True)
class Opened:
    """A direct conversation, whether it was there and whether it was open."""

    channel: str
    existed: bool
    was_open: bool


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
    channel = fresh_channel(state, draw_id, "G" if mpim else "D")
    names = sorted(_name(state, user) for user in people)
    payload = {
        "channel": channel, "kind": "mpim" if mpim else "im", "creator": caller.user,
        "members": sorted(people),
        "general": False, "topic": "", "name": _direct_name(state, names) if mpim else "",
        "purpose": "Group messaging with: " + " ".join(f"@{name}" for name in names) if mpim else "",
    }  # fmt: skip
    hearers = tuple(sorted(user for user in people if user != USLACKBOT))
    drafts = (Draft("ChannelCreated", payload, hearers), _opened(channel, caller.user, open_now=True))
    return Decided(drafts, structural=True, answer=Opened(channel, False, False))


def reopen(state: State, caller: Caller, channel: str) -> Decided:
    """`answer` is `Opened`. Raises NotFoundError for anything but the caller's own direct messages."""
    row = state.row("channels", channel)
    member = state.members_of.get(channel, {}).get(caller.user)
    if row is None or member is None or row["kind"] not in DIRECT:
        raise not_found()
    answer = Opened(channel, True, bool(member["open"]))
    if member["open"]:
        return Decided((), answer=answer)
    return Decided((_opened(channel, caller.user, open_now=True),), structural=True, answer=answer)


def close(state: State, caller: Caller, channel: str) -> Decided:
    """Take it off the caller's list until somebody writes there or it is opened again; nobody else notices.

    `answer`: whether it was open. Raises: NotFoundError, InvalidError
    `method_not_supported_for_channel_type`.
    """
    row = require_visible(state, caller, channel)
    require_kind(row, *DIRECT)
    require_write(caller, row["kind"])
    if not state.members_of[channel][caller.user]["open"]:
        return Decided((), answer=False)
    return Decided((_opened(channel, caller.user, open_now=False),), structural=True, answer=True)


def opened_for_all(state: State, channel: str) -> tuple[Draft, ...]:
    """Somebody wrote there: it opens for all who had closed it."""
    members = state.members_of.get(channel, {})
    return tuple(
        _opened(channel, user, open_now=True) for user, row in sorted(members.items()) if not row["open"]
    )


def _opened(channel: str, user: str, *, open_now: bool) -> Draft:
    payload = {"channel": channel, "user": user, "open": open_now}
    return Draft("ConversationOpened", payload, (user,))


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
