"""Reactions: one per user and name on a message."""

from accord.errors import ConflictError, InvalidError, NotFoundError
from regional_cell.domain.access import require_member, require_not_archived, require_visible
from regional_cell.domain.callers import Caller
from regional_cell.domain.changes import Require
from regional_cell.domain.decisions import Decided
from regional_cell.domain.emoji import is_emoji
from regional_cell.domain.events import Draft
from regional_cell.domain.parties import require_voice
from regional_cell.domain.state import State

NAMES_MAX = 50
NAMES_OF_USER_MAX = 23


def check_name(text: str) -> str:
    """The name without colons. Raises InvalidError `invalid_name`."""
    name = text.strip().removeprefix(":")
    name = name[:-1] if name.endswith(":") and not name.endswith("::") else name
    if not is_emoji(name):
        raise InvalidError(api="invalid_name", field="name", why="not a name of an emoji")
    return name


def add(
    state: State, caller: Caller, channel: str, ts: int, name: str, item_user: str,
    present: list[tuple[str, list[str]]],
) -> Decided:  # fmt: skip
    """`present`: the message's reactions as read.

    Raises: as `require_member`, WrongStateError, ConflictError `already_reacted`, InvalidError
    `too_many_emoji`
        `too_many_reactions`.
    """
    row = require_member(state, caller, channel)
    require_not_archived(row)
    require_voice(state, caller.user, row)
    names = dict(present)
    if caller.user in names.get(name, ()):
        raise ConflictError(api="already_reacted", what="reaction")
    if name not in names and len(names) >= NAMES_MAX:
        raise InvalidError(
            api="too_many_emoji", field="name", why=f"more than {NAMES_MAX} names on a message"
        )
    if sum(caller.user in users for users in names.values()) >= NAMES_OF_USER_MAX:
        raise InvalidError(
            api="too_many_reactions", field="name", why=f"more than {NAMES_OF_USER_MAX} of one user"
        )
    requires = (
        Require("messages", (channel, ts), columns={"hidden": 0}),
        Require("reactions", (channel, ts, name, caller.user), exists=False),
    )
    return Decided((_draft("ReactionAdded", caller, channel, ts, name, item_user),), requires)


def remove(
    state: State, caller: Caller, channel: str, ts: int, name: str, item_user: str,
    present: list[tuple[str, list[str]]],
) -> Decided:  # fmt: skip
    """Raises NotFoundError, InvalidError `no_reaction`."""
    require_visible(state, caller, channel)
    if caller.user not in dict(present).get(name, ()):
        raise NotFoundError(api="no_reaction", thing="reaction")
    requires = (Require("reactions", (channel, ts, name, caller.user)),)
    return Decided((_draft("ReactionRemoved", caller, channel, ts, name, item_user),), requires)


def _draft(kind: str, caller: Caller, channel: str, ts: int, name: str, item_user: str) -> Draft:
    payload = {"channel": channel, "ts": ts, "user": caller.user, "name": name, "item_user": item_user}
    return Draft(kind, payload, (channel,))
