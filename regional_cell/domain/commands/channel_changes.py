"""Changes of a channel: its name, its topic and purpose, whether it is archived.

Every command here is structural, and leaves a notice in the history.
"""

from typing import Any

from accord.errors import ConflictError, ForbiddenError, InvalidError, WrongStateError
from regional_cell.domain.access import (
    require_kind,
    require_member,
    require_not_archived,
    require_visible,
    require_write,
)
from regional_cell.domain.callers import Caller
from regional_cell.domain.changes import Row
from regional_cell.domain.commands.channels import check_name
from regional_cell.domain.commands.notices import notice
from regional_cell.domain.decisions import Decided
from regional_cell.domain.events import Draft
from regional_cell.domain.parties import require_voice
from regional_cell.domain.roles import ADMINS, GUESTS
from regional_cell.domain.state import State

ABOUT_CHARS_MAX = 250
PREVIOUS_NAMES_MAX = 20


def rename(state: State, caller: Caller, channel: str, name: str) -> Decided:
    """Admins and the creator may. The name that it has already changes nothing.

    Raises: NotFoundError, ForbiddenError `not_in_channel` `not_authorized`, InvalidError, WrongStateError,
        ConflictError `name_taken`.
    """
    row = require_member(state, caller, channel)
    require_kind(row, "public", "private")
    require_write(caller, row["kind"])
    require_not_archived(row)
    require_voice(state, caller.user, row)
    check_name(name)
    if caller.role not in ADMINS and row["creator"] != caller.user:
        raise ForbiddenError(api="not_authorized")
    content = row["content"]
    old = content["name"]
    if name == old:
        return Decided(())
    if name in state.channel_by_name:
        raise ConflictError(api="name_taken", what="name")
    earlier = [old, *(each for each in content.get("previous_names", []) if each not in (old, name))]
    previous = {"previous_names": earlier[:PREVIOUS_NAMES_MAX]}
    changed = _changed(state, caller, channel, row, "name", name, **previous)
    text = f"<@{caller.user}> renamed the channel from {old} to {name}"
    told = notice(channel, caller.user, "name", text, old_name=old, name=name)
    return Decided((changed, told), structural=True)


def set_about(state: State, caller: Caller, channel: str, field: str, value: str, chars: int) -> Decided:
    """Set `topic` or `purpose`; the text that stands there already changes nothing.

    Args:
        value: as it will be stored; chars: its length as it was written.

    Raises: NotFoundError, ForbiddenError `not_in_channel` `user_is_restricted`, InvalidError `too_long`,
        WrongStateError.
    """
    row = require_member(state, caller, channel)
    require_kind(row, "public", "private", "mpim")
    require_write(caller, row["kind"], "topic")
    require_not_archived(row)
    require_voice(state, caller.user, row)
    if caller.role in GUESTS:
        raise ForbiddenError(api="user_is_restricted")
    if chars > ABOUT_CHARS_MAX:
        raise InvalidError(api="too_long", field=field, why=f"more than {ABOUT_CHARS_MAX} characters")
    if ((row["content"].get(field) or {}).get("value") or "") == value:
        return Decided(())
    said = f"set the channel {field}: {value}" if value else f"cleared the channel {field}"
    told = notice(channel, caller.user, field, f"<@{caller.user}> {said}", **{field: value})
    return Decided((_changed(state, caller, channel, row, field, value), told), structural=True)


def archive(state: State, caller: Caller, channel: str) -> Decided:
    """Raises: NotFoundError, ForbiddenError `not_in_channel` `cant_archive_general` `restricted_action`
    (guests), WrongStateError `already_archived`.
    """
    row = require_member(state, caller, channel)
    require_kind(row, "public", "private")
    require_write(caller, row["kind"])
    if row["archived"]:
        raise WrongStateError(api="already_archived", state="archived")
    if row["general"]:
        raise ForbiddenError(api="cant_archive_general")
    if caller.role in GUESTS:
        raise ForbiddenError(api="restricted_action")
    told = notice(channel, caller.user, "archive", f"<@{caller.user}> archived the channel")
    return Decided((told, _changed(state, caller, channel, row, "archived", True)), structural=True)


def unarchive(state: State, caller: Caller, channel: str) -> Decided:
    """Everybody who may see it may bring it back, with the members that it had.

    Raises: NotFoundError, ForbiddenError `user_is_restricted`, WrongStateError `not_archived`.
    """
    row = require_visible(state, caller, channel)
    require_kind(row, "public", "private")
    require_write(caller, row["kind"])
    if not row["archived"]:
        raise WrongStateError(api="not_archived", state="active")
    if caller.role in GUESTS:
        raise ForbiddenError(api="user_is_restricted")
    told = notice(channel, caller.user, "unarchive", f"<@{caller.user}> unarchived the channel")
    return Decided((_changed(state, caller, channel, row, "archived", False), told), structural=True)


def _changed(
    state: State, caller: Caller, channel: str, row: Row, field: str, value: Any, **more: Any
) -> Draft:
    payload = {"channel": channel, "field": field, "value": value, "by": caller.user, **more}
    return Draft("ChannelChanged", payload, _hearers(state, channel, row))


def _hearers(state: State, channel: str, row: Row) -> tuple[str, ...]:
    """All who may know of it: the members of a private one; of a public one everybody, and its guests."""
    if row["kind"] != "public":
        return (channel,)
    users = state.rows["users"]
    guests = [user for user in state.members_of.get(channel, ()) if users[(user,)]["role"] in GUESTS]
    return (state.resident, *sorted(guests))
