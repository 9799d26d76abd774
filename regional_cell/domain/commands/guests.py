"""Guests: when their stay ends."""

from accord.errors import ForbiddenError, InvalidError, NotFoundError
from regional_cell.domain.access import require_admin
from regional_cell.domain.callers import Caller
from regional_cell.domain.changes import Row
from regional_cell.domain.commands.standing import deactivate
from regional_cell.domain.decisions import Decided
from regional_cell.domain.events import Draft
from regional_cell.domain.roles import GUESTS
from regional_cell.domain.state import State


def require_guest(state: State, caller: Caller, user: str, refusal: str) -> Row:
    """The row of an active guest, for an admin. Raises ForbiddenError `not_an_admin` and `refusal`,
    NotFoundError.
    """
    require_admin(caller)
    row = state.row("users", user)
    if row is None or row["deleted"]:
        raise NotFoundError(thing="user")
    if row["role"] not in GUESTS:
        raise ForbiddenError(api=refusal)
    return row


def set_expiry(state: State, first_us: int, caller: Caller, user: str, expires_s: int) -> Decided:
    """Set when the stay ends; 0: never. Raises as `require_guest`, and InvalidError
    `failed_to_validate_expiration`.
    """
    row = require_guest(state, caller, user, "user_is_not_a_guest")
    if expires_s < 0 or (expires_s and expires_s * 1_000_000 <= first_us):
        raise InvalidError(api="failed_to_validate_expiration", field="expiration_ts", why="in the past")
    if (row["due_s"] or 0) == expires_s:
        return Decided(())
    payload = {"user": user, "expires_s": expires_s, "by": caller.user}
    return Decided((Draft("GuestExpirySet", payload),), structural=True)


def end(state: State, first_us: int, user: str) -> Decided:
    """Deactivate a guest whose time has come; nothing happens when it was put off meanwhile."""
    row = state.row("users", user)
    if row is None or row["deleted"] or not row["due_s"] or row["due_s"] * 1_000_000 > first_us:
        return Decided(())
    return deactivate([user])(state, first_us)
