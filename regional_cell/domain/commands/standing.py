"""Who belongs to a workspace: users go, and come back.

Both are structural: who may do anything is decided against it.
"""

from collections.abc import Sequence

from accord.errors import ForbiddenError, NotFoundError
from regional_cell.domain.changes import Row
from regional_cell.domain.commands.direct import DIRECT
from regional_cell.domain.commands.tokens import revoked
from regional_cell.domain.commands.workspaces import member_added, require_workspace
from regional_cell.domain.decisions import Decide, Decided
from regional_cell.domain.events import Draft
from regional_cell.domain.roles import GUESTS
from regional_cell.domain.state import State
from regional_cell.domain.views.tokens import ACTIVE

PRIMARY_OWNER = "primary_owner"


def deactivate(users: Sequence[str]) -> Decide:
    """All or none of them go. Direct messages stay between the same people; channels and tokens do not.

    Raises: NotFoundError, ForbiddenError `cannot_modify_primary_owner`, `is_bot` (apps are taken away
        instead).
    """

    def decide(state: State, first_us: int) -> Decided:
        require_workspace(state)
        drafts: list[Draft] = []
        for user in dict.fromkeys(users):
            row = _person(state, user)
            if row["role"] == PRIMARY_OWNER:
                raise ForbiddenError(api="cannot_modify_primary_owner")
            if not row["deleted"]:
                drafts += _gone(state, user)
        return Decided(tuple(drafts), structural=bool(drafts))

    return decide


def reactivate(users: Sequence[str]) -> Decide:
    """All or none of them come back, full members to #general. Raises as `deactivate`."""

    def decide(state: State, first_us: int) -> Decided:
        general = require_workspace(state)["general"]
        drafts: list[Draft] = []
        for user in dict.fromkeys(users):
            row = _person(state, user)
            if row["deleted"]:
                drafts.append(Draft("UserReactivated", {"user": user}, (state.resident,)))
                if row["role"] not in GUESTS:
                    drafts.append(member_added(general, user, ""))
        return Decided(tuple(drafts), structural=bool(drafts))

    return decide


def _person(state: State, user: str) -> Row:
    row = state.row("users", user)
    if row is None:
        raise NotFoundError(thing="user")
    if row["bot"]:
        raise ForbiddenError(api="is_bot")
    return row


def _gone(state: State, user: str) -> list[Draft]:
    """The standing first: the user's sockets close for that reason."""
    drafts = [Draft("UserDeactivated", {"user": user}, (state.resident,))]
    drafts += [
        revoked(key[0], "deactivated")
        for key, row in state.rows["tokens"].items()
        if row["user"] == user and row["state"] == ACTIVE
    ]
    for channel in sorted(state.channels_of.get(user, ())):
        if state.rows["channels"][(channel,)]["kind"] not in DIRECT:
            payload = {"channel": channel, "user": user, "by": "", "why": "deactivated"}
            drafts.append(Draft("MemberRemoved", payload, (channel,)))
    return drafts
