"""Conversations: who is in them, opening and closing them, listing and describing them.

What changes a channel itself is in `channel_changes.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from accord.errors import WithheldError
from regional_cell.domain.access import (
    FAMILIES,
    require_known_user,
    require_scope,
    require_visible,
    require_write,
)
from regional_cell.domain.callers import Caller
from regional_cell.domain.changes import Row
from regional_cell.domain.commands import channels as commands
from regional_cell.domain.commands import direct
from regional_cell.domain.commands.channels import Invited
from regional_cell.domain.commands.direct import Opened
from regional_cell.domain.commands.notices import SYSTEM_SUBTYPES
from regional_cell.domain.decisions import Committed, Decided
from regional_cell.domain.objects.channels import conversation
from regional_cell.domain.roles import GUESTS
from regional_cell.domain.state import State
from regional_cell.domain.timestamps import format_ts
from regional_cell.ports.commits import Commits
from regional_cell.ports.views import Views

Object = dict[str, Any]
UNREAD_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which conversations a list holds: kinds (`public`, `private`, `im`, `mpim`), and whether archived
    ones too.
    """

    kinds: tuple[str, ...]
    archived: bool


class Conversations:
    """Conversations of the residents of this cell.

    Args:
        draw_id: draws a fresh id of a prefix.
    """

    def __init__(self, commits: Commits, views: Views, draw_id: Callable[[str], str]) -> None:
        self._commits = commits
        self._views = views
        self._draw_id = draw_id

    async def create(self, caller: Caller, name: str, private: bool, epoch: int | None = None) -> Object:
        """The new conversation. Raises: as `commands.create`, `Commits.submit`."""
        done = await self._commits.commit(
            caller.resident,
            lambda state, _: commands.create(state, caller, name, private=private, draw_id=self._draw_id),
            principal=caller.user,
            epoch=epoch,
        )
        return _shown(done.state, done.answer, caller)

    async def join(self, caller: Caller, channel: str, epoch: int | None = None) -> tuple[Object, bool]:
        """The conversation, and whether the caller was in it before. Raises: as `commands.join`,
        `Commits.submit`.
        """
        done = await self._commits.commit(
            caller.resident,
            lambda state, _: commands.join(state, caller, channel),
            principal=caller.user,
            epoch=epoch,
        )
        return _shown(done.state, channel, caller), done.answer

    async def leave(self, caller: Caller, channel: str, epoch: int | None = None) -> bool:
        """Whether the caller was in it. Raises: as `commands.leave`, `Commits.submit`."""
        done = await self._commits.commit(
            caller.resident,
            lambda state, _: commands.leave(state, caller, channel),
            principal=caller.user,
            epoch=epoch,
        )
        return bool(done.answer)

    async def invite(
        self, caller: Caller, channel: str, users: Sequence[str], force: bool, epoch: int | None = None
    ) -> tuple[Object, Invited]:
        """The conversation, and who could not be invited. With `force` those go in whom the policies let in.

        Raises: as `commands.invite`, `Commits.submit`; WithheldError.
        """
        refused: list[str] = []
        while True:
            wanted = [user for user in users if user not in refused]
            try:
                done = await self._invite(caller, channel, wanted, force, epoch)
            except WithheldError as error:
                named = [user for user in error.metadata.get("users", "").split(",") if user in wanted]
                if not force or not named:
                    raise
                refused += named
                continue
            faults = tuple((user, "restricted_action") for user in refused)
            return _shown(done.state, channel, caller), Invited((*done.answer.faults, *faults))

    async def _invite(
        self, caller: Caller, channel: str, users: Sequence[str], force: bool, epoch: int | None
    ) -> Committed:
        return await self._commits.commit(
            caller.resident,
            lambda state, _: commands.invite(state, caller, channel, users, force=force),
            principal=caller.user,
            epoch=epoch,
        )

    async def kick(self, caller: Caller, channel: str, user: str, epoch: int | None = None) -> None:
        """Remove a user. Raises: as `commands.kick`, `Commits.submit`."""
        await self._commits.commit(
            caller.resident,
            lambda state, _: commands.kick(state, caller, channel, user),
            principal=caller.user,
            epoch=epoch,
        )

    async def close(self, caller: Caller, channel: str, epoch: int | None = None) -> bool:
        """Whether the direct message was open. Raises: as `direct.close`, `Commits.submit`."""
        done = await self._commits.commit(
            caller.resident,
            lambda state, _: direct.close(state, caller, channel),
            principal=caller.user,
            epoch=epoch,
        )
        return bool(done.answer)

    async def open(
        self,
        caller: Caller,
        users: Sequence[str],
        channel: str,
        prevent_creation: bool,
        epoch: int | None = None,
    ) -> tuple[Object, Opened]:
        """Open the direct message with `users`, or reopen `channel`.

        Raises: as `direct.open_direct`, `reopen`; ForbiddenError `missing_scope`.
        """

        def decide(state: State, _: int) -> Decided:
            if channel:
                decided = direct.reopen(state, caller, channel)
                require_write(caller, state.rows["channels"][(channel,)]["kind"])
                return decided
            return direct.open_direct(
                state, caller, users, prevent_creation=prevent_creation, draw_id=self._draw_id
            )

        if not channel:
            require_write(caller, "mpim" if len({*users, caller.user}) > 2 else "im")
        done = await self._commits.commit(caller.resident, decide, principal=caller.user, epoch=epoch)
        opened: Opened = done.answer
        return _shown(done.state, opened.channel, caller), opened

    async def page(
        self, caller: Caller, wanted: Wanted, limit: int, after: tuple[int, str] | None
    ) -> tuple[list[Object], tuple[int, str] | None]:
        """A page in order of creation, and the key after which the next goes on."""
        state = await self._commits.state(caller.resident)
        page = [key for key in _chosen(state, caller, wanted) if after is None or key > after][: limit + 1]
        shown = [
            conversation(state, channel, state.rows["channels"][(channel,)], caller.user, num_members=True)
            for _, channel in page[:limit]
        ]
        return shown, page[limit - 1] if len(page) > limit else None

    async def page_of(
        self, caller: Caller, user: str, wanted: Wanted, limit: int, after: tuple[int, str] | None
    ) -> tuple[list[Object], tuple[int, str] | None]:
        """The same, of those that `user` is in and the caller may know of. Raises NotFoundError
        `user_not_found`.
        """
        state = await self._commits.state(caller.resident)
        require_known_user(state, caller, user)
        theirs = state.channels_of.get(user, set())
        keys = [key for key in _chosen(state, caller, wanted) if key[1] in theirs]
        page = [key for key in keys if after is None or key > after][: limit + 1]
        shown = []
        for _, channel in page[:limit]:
            each = conversation(state, channel, state.rows["channels"][(channel,)], caller.user)
            each.pop("is_member", None)
            shown.append(each)
        return shown, page[limit - 1] if len(page) > limit else None

    async def members(
        self, caller: Caller, channel: str, limit: int, after: str | None
    ) -> tuple[list[str], str | None]:
        """A page of user ids in their own order. Raises NotFoundError, ForbiddenError."""
        state = await self._commits.state(caller.resident)
        row = require_visible(state, caller, channel)
        require_scope(caller, f"{_family(row)}:read")
        users = sorted(user for user in state.members_of.get(channel, ()) if after is None or user > after)
        return users[:limit], users[limit - 1] if len(users) > limit else None

    async def info(
        self, caller: Caller, channel: str, *, num_members: bool, locale: bool
    ) -> tuple[Object, int | None]:
        """The conversation with the caller's read state, and the time of its newest message for callers who
        see it.

        Raises NotFoundError, ForbiddenError.
        """
        state = await self._commits.state(caller.resident)
        row = require_visible(state, caller, channel)
        require_scope(caller, f"{_family(row)}:read")
        shown = conversation(state, channel, row, caller.user, num_members=num_members, locale=locale)
        direct = row["kind"] in ("im", "mpim")
        if not state.is_member(channel, caller.user) or (caller.is_bot and not direct):
            return shown, None
        last_read, unread = (await self._views.unread(state.resident, caller.user, [channel]))[channel]
        shown["last_read"] = format_ts(last_read)
        shown["unread_count"] = unread
        shown["unread_count_display"] = (
            await self._displayed(state, caller, channel, last_read, unread) if unread else 0
        )
        newest = await self._views.messages(
            state.resident, channel, oldest=None, latest=None, newest_first=True, limit=1
        )
        return shown, newest[0][0] if newest else None

    async def _displayed(
        self, state: State, caller: Caller, channel: str, last_read: int, unread: int
    ) -> int:
        """Unread messages without joins, leaves and the like; what lies beyond `UNREAD_MAX` counts in
        full.
        """
        rows = await self._views.messages(
            state.resident, channel, oldest=last_read, latest=None, newest_first=False, limit=UNREAD_MAX
        )
        hidden: int = sum(row["user"] != caller.user and row["subtype"] in SYSTEM_SUBTYPES for _, row in rows)
        return unread - hidden


def _shown(state: State, channel: str, caller: Caller) -> Object:
    return conversation(state, channel, state.rows["channels"][(channel,)], caller.user)


def _family(row: Row) -> str:
    return FAMILIES[row["kind"]]


def _chosen(state: State, caller: Caller, wanted: Wanted) -> list[tuple[int, str]]:
    table = state.rows["channels"]
    own = state.channels_of.get(caller.user, set())
    chosen = []
    known = own if caller.role in GUESTS or "public" not in wanted.kinds else [key[0] for key in table]
    for channel in known:
        row = table[(channel,)]
        if row["kind"] not in wanted.kinds or (row["archived"] and not wanted.archived):
            continue
        if row["kind"] == "public" or channel in own:
            chosen.append((row["created_s"], channel))
    return sorted(chosen)


def require_kinds(caller: Caller, kinds: Sequence[str]) -> None:
    """The token must read each of the kinds asked for. Raises ForbiddenError `missing_scope`."""
    for kind in kinds:
        require_scope(caller, f"{FAMILIES[kind]}:read")
