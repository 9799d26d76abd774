"""Incoming webhooks: making and ending them, and posting what comes to their address.

Invariants
    1. A secret is told once, in the answer that makes it; the log has its digest alone.
    2. What comes without the secret of a webhook that is open reaches nothing, and learns nothing of the
       workspace.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from accord.ids import new_secret
from regional_cell.domain.access import require_admin
from regional_cell.domain.callers import Caller
from regional_cell.domain.changes import Row
from regional_cell.domain.commands import webhooks as commands
from regional_cell.domain.commands.messages import NewMessage
from regional_cell.domain.commands.webhooks import NewWebhook, digest_of, path_of
from regional_cell.domain.content import Raw, compose
from regional_cell.domain.state import State
from regional_cell.ports.commits import Commits

SUBTYPE = "bot_message"


class Poster(Protocol):
    """Posting as anybody does."""

    async def post_message(
        self, caller: Caller, message: NewMessage, *, thread_ts: int | None = None, epoch: int | None = None
    ) -> Any: ...


@dataclass(frozen=True, slots=True)
class Made:
    """A fresh webhook: what names it, and the path of its address, which holds the secret."""

    webhook: str
    path: str


class Webhooks:
    """Incoming webhooks of the residents of this cell.

    Args:
        draw_word: random characters for ids inside of a message.
        random: gives n random bytes.
    """

    def __init__(
        self,
        commits: Commits,
        poster: Poster,
        draw_word: Callable[[], str],
        random: Callable[[int], bytes],
    ) -> None:
        self._commits, self._poster = commits, poster
        self._draw_word, self._random = draw_word, random

    async def create(
        self, workspace: str, caller: Caller | None, app: str, channel: str, epoch: int | None = None
    ) -> Made:
        """Raises: as `commands.create`, `Commits.submit`."""
        secret = new_secret(self._random)
        new = NewWebhook(digest_of(secret), app, channel)
        done = await self._commits.commit(
            workspace,
            lambda state, _: commands.create(state, caller, new),
            principal=caller.user if caller else "",
            epoch=epoch,
        )
        return Made(new.webhook, path_of(workspace, done.answer, secret))

    async def remove(
        self, workspace: str, caller: Caller | None, webhook: str, epoch: int | None = None
    ) -> None:
        """Raises: as `commands.remove`, `Commits.submit`."""
        await self._commits.commit(
            workspace,
            lambda state, _: commands.remove(state, caller, webhook, "removed"),
            principal=caller.user if caller else "",
            epoch=epoch,
        )

    async def open_ones(self, caller: Caller) -> list[tuple[str, Row]]:
        """Those that are open, oldest first, by what names them. Raises ForbiddenError `not_an_admin`."""
        require_admin(caller)
        state = await self._commits.state(caller.resident)
        rows = [(key[0], row) for key, row in state.rows["webhooks"].items() if not row["removed_s"]]
        return sorted(rows, key=lambda each: (each[1]["created_s"], each[0]))

    async def find(self, workspace: str, bot: str, secret: str) -> tuple[State, Row]:
        """The webhook of this address. Raises NotFoundError `no_service`, `no_active_hooks`."""
        state = await self._commits.state(workspace)
        return state, commands.require_open(state, bot, digest_of(secret))

    async def post(
        self, state: State, row: Row, raw: Raw, thread_ts: int | None, epoch: int | None = None
    ) -> None:
        """Post to the webhook's channel. Raises: as `compose`, `commands.messages.post`, `Commits.submit`."""
        composed = compose(raw, first_party=False, draw_id=self._draw_word)
        message = NewMessage(row["channel"], composed.content, subtype=SUBTYPE)
        caller = commands.poster(state, row)
        await self._poster.post_message(caller, message, thread_ts=thread_ts, epoch=epoch)
