"""Who may see and use which conversation, decided at the state's head.

Invariants
    1. What a caller may not know of is refused exactly as what does not exist: `channel_not_found`.
    2. Private channels and direct messages are for their members alone.
    3. Guests know their own conversations only.
"""

from dataclasses import dataclass

from accord.errors import ForbiddenError, InvalidError, NotFoundError, WrongStateError
from accord.ids import USLACKBOT
from regional_cell.domain.callers import Caller
from regional_cell.domain.changes import Row
from regional_cell.domain.parties import require_shown, require_voice
from regional_cell.domain.roles import ADMINS, GUESTS, SINGLE_CHANNEL
from regional_cell.domain.state import State

FAMILIES = {"public": "channels", "private": "groups", "im": "im", "mpim": "mpim"}


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose messages and files count in a list: those of conversations that `user` is in and, with `public`,
    of all public channels.
    """

    user: str
    public: bool


def sight_of(caller: Caller) -> Sight:
    """As `require_readable` decides it for one conversation."""
    return Sight(caller.user, not caller.is_bot and caller.role not in GUESTS)


def not_found() -> NotFoundError:
    """The one refusal for conversations that do not exist or may not be known."""
    return NotFoundError(thing="channel")


def visible(state: State, caller: Caller, channel: str) -> Row | None:
    """The channel's row if the caller may know that it exists."""
    row = state.row("channels", channel)
    if row is None or state.is_member(channel, caller.user):
        return row
    return row if row["kind"] == "public" and caller.role not in GUESTS else None


def require_visible(state: State, caller: Caller, channel: str) -> Row:
    """Its row. Raises NotFoundError."""
    row = visible(state, caller, channel)
    if row is None:
        raise not_found()
    return row


def require_readable(state: State, caller: Caller, channel: str, scope: str = "") -> Row:
    """The row of a channel whose messages the caller may read: a member's, or a public one for full members.

    Args:
        scope: `history`, `read` ...: the token needs it for this kind of conversation.

    Raises: NotFoundError; ForbiddenError `missing_scope`, and `not_in_channel` for bots outside of public
    channels; WithheldError.
    """
    row = require_visible(state, caller, channel)
    if scope:
        require_scope(caller, f"{FAMILIES[row['kind']]}:{scope}")
    if caller.is_bot and not state.is_member(channel, caller.user):
        raise ForbiddenError(api="not_in_channel")
    require_shown(state, caller.user, row)
    return row


def require_member(state: State, caller: Caller, channel: str) -> Row:
    """The row of a channel of the caller. Raises NotFoundError, ForbiddenError `not_in_channel`."""
    row = require_visible(state, caller, channel)
    if not state.is_member(channel, caller.user):
        raise ForbiddenError(api="not_in_channel")
    return row


def require_postable(state: State, caller: Caller, channel: str) -> Row:
    """The row of a channel in which the caller may post now. Raises as `require_member`, `require_voice`,
    WrongStateError `is_archived`.
    """
    row = require_visible(state, caller, channel)
    if not state.is_member(channel, caller.user) and not (
        caller.is_bot and "chat:write.public" in caller.scopes
    ):
        raise ForbiddenError(api="not_in_channel")
    require_not_archived(row)
    require_voice(state, caller.user, row)
    return row


def sees(state: State, role: str, viewer: str, user: str) -> bool:
    """Guests know of those with whom they share a conversation, everybody else of everybody."""
    if role not in GUESTS or user in (viewer, USLACKBOT):
        return True
    return not state.channels_of.get(viewer, set()).isdisjoint(state.channels_of.get(user, ()))


def sees_user(state: State, caller: Caller, user: str) -> bool:
    """Whether the caller may know of the user."""
    return sees(state, caller.role, caller.user, user)


def require_user_visible(state: State, caller: Caller, user: str) -> None:
    """Raises NotFoundError `user_not_visible`."""
    if not sees_user(state, caller, user):
        raise NotFoundError(api="user_not_visible", thing="user")


def require_known_user(state: State, caller: Caller, user: str) -> None:
    """Unknown or not visible, it is one refusal: raises NotFoundError `user_not_found`."""
    known = user == USLACKBOT or state.row("users", user) is not None
    if not known or not sees_user(state, caller, user):
        raise NotFoundError(thing="user")


def is_full(state: State, user: str) -> bool:
    """Whether the user may be in no further channel: a guest of a single one who has it."""
    row = state.row("users", user)
    if row is None or row["role"] != SINGLE_CHANNEL:
        return False
    channels = state.rows["channels"]
    return any(channels[(each,)]["kind"] in ("public", "private") for each in state.channels_of.get(user, ()))


def require_not_archived(row: Row) -> None:
    """Raises WrongStateError `is_archived`."""
    if row["archived"]:
        raise WrongStateError(api="is_archived", state="archived")


def require_kind(row: Row, *kinds: str) -> None:
    """Raises InvalidError `method_not_supported_for_channel_type`."""
    if row["kind"] not in kinds:
        raise InvalidError(
            api="method_not_supported_for_channel_type", field="channel", why="wrong kind of channel"
        )


def require_admin(caller: Caller | None) -> None:
    """An admin, an owner or, without a caller, an operator. Raises ForbiddenError `not_an_admin`."""
    if caller is not None and caller.role not in ADMINS:
        raise ForbiddenError(api="not_an_admin")


def has_scope(caller: Caller, *scopes: str) -> bool:
    """Whether one of them is granted. Sessions of our own clients (`xoxc`) may do all that their user may."""
    return caller.kind == "xoxc" or not caller.scopes.isdisjoint(scopes)


def require_write(caller: Caller, kind: str, *words: str) -> None:
    """The token may change conversations of this kind. `words`: `invites`, `topic`: narrower scopes that do.

    Raises ForbiddenError `missing_scope`.
    """
    family = FAMILIES[kind]
    manage = ("channels:manage",) if kind == "public" else ()
    require_scope(caller, *manage, f"{family}:write", *(f"{family}:write.{word}" for word in words))


def require_scope(caller: Caller, *scopes: str) -> None:
    """Raises ForbiddenError `missing_scope` naming what was needed and what was provided."""
    if not has_scope(caller, *scopes):
        provided = ",".join(sorted(caller.scopes))
        raise ForbiddenError(api="missing_scope", needed=",".join(scopes), provided=provided)
