"""Read marks of one user, told to that user's own connections."""

from regional_cell.domain.access import require_member, require_write
from regional_cell.domain.callers import Caller
from regional_cell.domain.decisions import Decided
from regional_cell.domain.events import Draft
from regional_cell.domain.state import State


def mark(state: State, caller: Caller, channel: str, ts: int, unread: int, unread_display: int) -> Decided:
    """Set the mark, also backwards; counts as they will be. Raises NotFoundError, ForbiddenError
    `not_in_channel` `missing_scope`.
    """
    require_write(caller, require_member(state, caller, channel)["kind"])
    payload = {
        "user": caller.user, "channel": channel, "ts": ts, "unread_count": unread,
        "unread_count_display": unread_display,
    }  # fmt: skip
    return Decided((Draft("ReadMarked", payload, (caller.user,)),))
