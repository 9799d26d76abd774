"""Read marks: how far a user has read a conversation."""

from regional_cell.domain.access import require_member
from regional_cell.domain.callers import Caller
from regional_cell.domain.commands import reads as commands
from regional_cell.domain.commands.notices import SYSTEM_SUBTYPES
from regional_cell.ports.commits import Commits
from regional_cell.ports.views import Views

COUNT_MAX = 1_000


class Reads:
    """Read marks of users of the residents of this cell. Counts told with a mark stop at 1,000."""

    def __init__(self, commits: Commits, views: Views) -> None:
        self._commits = commits
        self._views = views

    async def mark(self, caller: Caller, channel: str, ts: int, epoch: int | None = None) -> None:
        """Set the mark, also backwards; the same mark again changes nothing. Raises: as `commands.mark`."""
        state = await self._commits.state(caller.resident)
        require_member(state, caller, channel)
        row = await self._views.row(state.resident, "reads", (caller.user, channel))
        if row is not None and row["last_read"] == ts:
            return
        rows = await self._views.messages(
            state.resident, channel, oldest=ts, latest=None, newest_first=False, limit=COUNT_MAX
        )
        others = [row for _, row in rows if row["user"] != caller.user]
        shown = sum(row["subtype"] not in SYSTEM_SUBTYPES for row in others)
        await self._commits.commit(
            caller.resident,
            lambda state, _: commands.mark(state, caller, channel, ts, len(others), shown),
            principal=caller.user,
            epoch=epoch,
        )
