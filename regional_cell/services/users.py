"""Users of a workspace: lists, look-ups and their profile cards."""

from collections.abc import Mapping
from typing import Any

from accord.clock import Clock
from accord.errors import InvalidError, NotFoundError
from accord.ids import USLACKBOT
from regional_cell.domain.access import has_scope, require_user_visible, sees_user
from regional_cell.domain.callers import Caller
from regional_cell.domain.changes import Row
from regional_cell.domain.commands import users as commands
from regional_cell.domain.objects.users import profile_object, user_object, user_row
from regional_cell.domain.state import State
from regional_cell.ports.commits import Commits

Object = dict[str, Any]
WITHOUT_LIMIT_MAX = 10_000


class Users:
    """Users of the residents of this cell. `clock` tells for which moment offsets from UTC are."""

    def __init__(self, commits: Commits, clock: Clock) -> None:
        self._commits = commits
        self._clock = clock

    @property
    def now_s(self) -> int:
        """The present time in unix seconds."""
        return self._clock.now_us() // 1_000_000

    async def page(
        self, caller: Caller, limit: int | None, after: tuple[int, str] | None, *, locale: bool
    ) -> tuple[list[Object], tuple[int, str] | None]:
        """A page in order of creation, the system user first, and the key after which the next goes on.

        Raises InvalidError `limit_required` for more than 10,000 users at once.
        """
        state = await self._commits.state(caller.resident)
        keys = sorted(
            (row["created_s"], key[0])
            for key, row in state.rows["users"].items()
            if sees_user(state, caller, key[0])
        )
        keys.insert(0, (0, USLACKBOT))
        if after is not None:
            keys = [key for key in keys if key > after]
        if limit is None:
            if len(keys) > WITHOUT_LIMIT_MAX:
                raise InvalidError(api="limit_required", field="limit", why="too many users for one answer")
            limit = len(keys)
        shown = [self._shown(state, caller, user, locale) for _, user in keys[:limit]]
        return shown, keys[limit - 1] if len(keys) > limit else None

    async def info(self, caller: Caller, user: str, *, locale: bool) -> Object:
        """Raises NotFoundError `user_not_found`, `user_not_visible`."""
        state = await self._commits.state(caller.resident)
        require_user(state, caller, user)
        return self._shown(state, caller, user, locale)

    async def by_email(self, caller: Caller, email: str) -> Object:
        """Raises NotFoundError `users_not_found`, also for users that the caller may not see."""
        state = await self._commits.state(caller.resident)
        user = state.user_by_email.get(email.strip().casefold())
        if user is None or not sees_user(state, caller, user) or state.rows["users"][(user,)]["deleted"]:
            raise NotFoundError(api="users_not_found", thing="user")
        return self._shown(state, caller, user, locale=False)

    async def profile(self, caller: Caller, user: str) -> Object:
        """Raises NotFoundError."""
        state = await self._commits.state(caller.resident)
        row = require_user(state, caller, user)
        return profile_object(state.resident, user, row, email=_sees_email(caller))

    async def set_profile(
        self, caller: Caller, user: str, profile: Mapping[str, Any], epoch: int | None = None
    ) -> tuple[Object, str]:
        """The profile as it is now, and the user's name. Raises: as `commands.check_fields`,
        `commands.set_profile`.
        """
        fields = commands.check_fields(profile)
        done = await self._commits.commit(
            caller.resident,
            lambda state, _: commands.set_profile(state, caller, user, fields),
            principal=caller.user,
            epoch=epoch,
        )
        row = done.state.rows["users"][(user,)]
        shown = profile_object(done.state.resident, user, row, email=_sees_email(caller))
        return shown, (row.get("content") or {}).get("name", "")

    def _shown(self, state: State, caller: Caller, user: str, locale: bool) -> Object:
        row = user_row(state, user)
        if row is None:
            raise NotFoundError(thing="user")
        return user_object(state, user, row, self.now_s, email=_sees_email(caller), locale=locale)


def require_user(state: State, caller: Caller, user: str) -> Row:
    """The user's row, if the caller may see it. Raises NotFoundError `user_not_found`, `user_not_visible`."""
    row = user_row(state, user)
    if row is None:
        raise NotFoundError(thing="user")
    require_user_visible(state, caller, user)
    return row


def _sees_email(caller: Caller) -> bool:
    return has_scope(caller, "users:read.email")
