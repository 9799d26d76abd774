"""Reactions: adding and removing one's own, and what somebody reacted to."""

from collections.abc import Callable

from accord.errors import ConflictError, NotFoundError
from regional_cell.domain.access import require_known_user, require_readable, sight_of
from regional_cell.domain.callers import Caller
from regional_cell.domain.commands import reactions as commands
from regional_cell.domain.decisions import Decide, Decided
from regional_cell.domain.parties import barred_channels
from regional_cell.domain.state import State
from regional_cell.ports.commits import Commits
from regional_cell.ports.views import Views

ATTEMPTS = 3
Present = list[tuple[str, list[str]]]


class Reactions:
    """Reactions to messages of the residents of this cell."""

    def __init__(self, commits: Commits, views: Views) -> None:
        self._commits = commits
        self._views = views

    async def add(self, caller: Caller, channel: str, ts: int, name: str, epoch: int | None = None) -> None:
        """Raises: as `commands.add`; NotFoundError `message_not_found`; InvalidError `invalid_name`."""
        await self._change(commands.add, caller, channel, ts, name, epoch)

    async def remove(
        self, caller: Caller, channel: str, ts: int, name: str, epoch: int | None = None
    ) -> None:
        """Raises: as `commands.remove`; NotFoundError `message_not_found`; InvalidError `invalid_name`."""
        await self._change(commands.remove, caller, channel, ts, name, epoch)

    async def of_user(
        self, caller: Caller, user: str, *, before_us: int | None, limit: int, offset: int
    ) -> tuple[int, list[tuple[int, str, int]]]:
        """As `Views.reacted`, of messages that the caller may read. Raises NotFoundError `user_not_found`."""
        state = await self._commits.state(caller.resident)
        require_known_user(state, caller, user)
        total, found = await self._views.reacted(
            caller.resident, user, sight_of(caller), before_us=before_us, limit=limit, offset=offset
        )
        barred = barred_channels(state, caller.user)
        return total, [one for one in found if one[1] not in barred] if barred else found

    async def _change(
        self, command: Callable[[State, Caller, str, int, str, str, Present], Decided], caller: Caller,
        channel: str, ts: int, name: str, epoch: int | None,
    ) -> None:  # fmt: skip
        name = commands.check_name(name)
        for attempt in range(ATTEMPTS):
            state = await self._commits.state(caller.resident)
            require_readable(state, caller, channel)
            row = await self._views.row(state.resident, "messages", (channel, ts))
            if row is None or row["hidden"]:
                raise NotFoundError(thing="message")
            present = (await self._views.reactions(state.resident, channel, [ts])).get(ts, [])
            # What was read may be old by now: the store checks it again, and then it is read again.
            try:
                decide = _decide(command, caller, channel, ts, name, row["user"], present)
                await self._commits.commit(caller.resident, decide, principal=caller.user, epoch=epoch)
            except ConflictError as error:
                if error.api_override is not None or attempt == ATTEMPTS - 1:
                    raise
            else:
                return


def _decide(
    command: Callable[[State, Caller, str, int, str, str, Present], Decided], caller: Caller, channel: str,
    ts: int,
    name: str, author: str, present: Present,
) -> Decide:  # fmt: skip
    return lambda state, _: command(state, caller, channel, ts, name, author, present)
