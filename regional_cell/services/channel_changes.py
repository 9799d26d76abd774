"""Changes of channels: names, topics, purposes, the archive."""

from collections.abc import Callable
from typing import Any

from regional_cell.domain.callers import Caller
from regional_cell.domain.commands import channel_changes as commands
from regional_cell.domain.decisions import Decided
from regional_cell.domain.objects.channels import conversation
from regional_cell.domain.state import State
from regional_cell.domain.text import prepare
from regional_cell.ports.commits import Commits

Object = dict[str, Any]


class ChannelChanges:
    """Changes of the channels of this cell's residents. Each gives the conversation as it is then."""

    def __init__(self, commits: Commits) -> None:
        self._commits = commits

    async def rename(self, caller: Caller, channel: str, name: str, epoch: int | None = None) -> Object:
        """Raises: as `commands.rename`, `Commits.submit`."""
        return await self._change(
            caller, channel, epoch, lambda state: commands.rename(state, caller, channel, name)
        )

    async def set_about(
        self, caller: Caller, channel: str, field: str, text: str, epoch: int | None = None
    ) -> Object:
        """Set `topic` or `purpose` to a text as clients write it. Raises: as `commands.set_about`,
        `Commits.submit`.
        """
        value = prepare(text[: commands.ABOUT_CHARS_MAX + 1])
        return await self._change(
            caller,
            channel,
            epoch,
            lambda state: commands.set_about(state, caller, channel, field, value, len(text)),
        )

    async def archive(self, caller: Caller, channel: str, epoch: int | None = None) -> Object:
        """Raises: as `commands.archive`, `Commits.submit`."""
        return await self._change(
            caller, channel, epoch, lambda state: commands.archive(state, caller, channel)
        )

    async def unarchive(self, caller: Caller, channel: str, epoch: int | None = None) -> Object:
        """Raises: as `commands.unarchive`, `Commits.submit`."""
        return await self._change(
            caller, channel, epoch, lambda state: commands.unarchive(state, caller, channel)
        )

    async def _change(
        self, caller: Caller, channel: str, epoch: int | None, command: Callable[[State], Decided]
    ) -> Object:
        done = await self._commits.commit(
            caller.resident, lambda state, _: command(state), principal=caller.user, epoch=epoch
        )
        row = done.state.rows["channels"][(channel,)]
        return conversation(done.state, channel, row, caller.user)
