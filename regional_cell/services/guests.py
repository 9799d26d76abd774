"""Guests: when their stay ends, and ending it.

Invariants
    1. From the second in which a stay ends, tokens of the guest open nothing (services/tokens.py). Sockets
       close with the next round of `end_due`, which also takes the guest out of all channels.
"""

from typing import Any

from accord.clock import Clock
from accord.errors import ColinkError
from regional_cell.domain.callers import Caller
from regional_cell.domain.commands import guests as commands
from regional_cell.domain.roles import SINGLE_CHANNEL
from regional_cell.ports.commits import Commits
from regional_cell.ports.views import Views

Object = dict[str, Any]
AT_ONCE = 200
ROUNDS_MAX = 50


class Guests:
    """Guests of the workspaces of this cell."""

    def __init__(self, commits: Commits, views: Views, clock: Clock) -> None:
        self._commits, self._views, self._clock = commits, views, clock

    async def set_expiry(self, caller: Caller, user: str, expires_s: int, epoch: int | None = None) -> None:
        """Raises: as `commands.set_expiry`, `Commits.submit`."""
        await self._commits.commit(
            caller.resident,
            lambda state, first_us: commands.set_expiry(state, first_us, caller, user, expires_s),
            principal=caller.user,
            epoch=epoch,
        )

    async def expiry(self, caller: Caller, user: str) -> Object:
        """A guest, and when the stay ends (0: never). Raises ForbiddenError, NotFoundError."""
        state = await self._commits.state(caller.resident)
        row = commands.require_guest(state, caller, user, "user_is_not_guest")
        return {
            "id": user, "email": row["content"].get("email", ""), "is_restricted": True,
            "is_ultra_restricted": row["role"] == SINGLE_CHANNEL, "expiration_ts": row["due_s"] or 0,
        }  # fmt: skip

    async def end_due(self) -> None:
        """End the stays whose time has come, in all residents. Called every second by the leading process.

        Raises the last failure, once everything else was done.
        """
        now_s, failure, failed = self._clock.now_us() // 1_000_000, None, set[str]()
        for _ in range(ROUNDS_MAX):
            due = await self._views.due("users", now_s, AT_ONCE, sorted(failed))
            if not due:
                break
            for resident, (user,) in due:
                try:
                    await self._end(resident, user)
                except ColinkError as error:
                    failed.add(resident)
                    failure = error
        if failure is not None:
            raise failure

    async def _end(self, resident: str, user: str) -> None:
        await self._commits.commit(
            resident, lambda state, first_us: commands.end(state, first_us, user), principal=""
        )
