"""Scheduled messages: taken in, listed, taken back, and posted when their time has come.

Invariants
    1. A message is posted once: posting it and ending its schedule are one commit, under a key made from the
       schedule's id. Whoever runs `post_due`, and however often, finds what waits in the log's own views.
    2. Who may post is decided at the time of posting, against the state of that moment. What may not be
       posted then is given up, with the reason in the log and told to its author's sockets; what could not be
       decided is tried again.
    3. A resident that fails holds up no other.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accord.clock import Clock
from accord.errors import (
    ForbiddenError,
    InvalidError,
    NotFoundError,
    TokenRevokedError,
    UserInactiveError,
    WrongStateError,
)
from regional_cell.domain.access import visible
from regional_cell.domain.callers import Caller
from regional_cell.domain.changes import Row
from regional_cell.domain.commands import scheduled as commands
from regional_cell.domain.commands.messages import Content, NewMessage
from regional_cell.domain.commands.scheduled import Schedule
from regional_cell.domain.decisions import Decide
from regional_cell.domain.events import Payload
from regional_cell.domain.objects.messages import posted
from regional_cell.ports.commits import Commits
from regional_cell.ports.messages import MessagePoster
from regional_cell.ports.views import Views

Object = dict[str, Any]
AT_ONCE = 100
ROUNDS_MAX = 100
PREFIX = "Q"
_FINAL = (
    ForbiddenError, InvalidError, NotFoundError, TokenRevokedError, UserInactiveError, WrongStateError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which schedules a list holds; `channel`: empty for all; bounds in unix seconds, inclusive."""

    channel: str = ""
    oldest_s: int | None = None
    latest_s: int | None = None


class Scheduled:
    """Scheduled messages of the residents of this cell.

    Args:
        draw_id: draws a fresh id of a prefix.
    """

    def __init__(
        self,
        commits: Commits,
        views: Views,
        poster: MessagePoster,
        draw_id: Callable[[str], str],
        clock: Clock,
    ) -> None:
        self._commits, self._views, self._poster = commits, views, poster
        self._draw_id, self._clock = draw_id, clock

    async def schedule(
        self, caller: Caller, channel: str, content: Content, post_at_s: int, *, thread_ts: int | None,
        broadcast: bool, epoch: int | None,
    ) -> tuple[str, str, Object]:  # fmt: skip
        """(id, channel id, the message as it will be, without a time).

        Raises: as `commands.schedule`, `MessagePoster.place`, `MessagePoster.require_thread`,
        `Commits.submit`.
        """
        place = await self._poster.place(caller, channel, epoch)
        if thread_ts is not None:
            await self._poster.require_thread(caller, place, thread_ts)
        name = self._draw_id(PREFIX)
        new = Schedule(name, NewMessage(place, content), post_at_s, thread_ts or 0, broadcast)
        done = await self._commits.commit(
            caller.resident,
            lambda state, first_us: commands.schedule(state, first_us, caller, new),
            principal=caller.user,
            epoch=epoch,
        )
        message = posted(done.state, done.answer, 0, metadata=True)
        del message["ts"]
        return name, place, {**message, "type": "delayed_message"}

    async def take_back(self, caller: Caller, channel: str, name: str, epoch: int | None) -> None:
        """Raises: as `commands.take_back`, `Commits.submit`."""
        await self._commits.commit(
            caller.resident,
            lambda state, _: commands.take_back(state, caller, channel, name),
            principal=caller.user,
            epoch=epoch,
        )

    async def page(
        self, caller: Caller, wanted: Wanted, limit: int, after: tuple[int, str] | None
    ) -> tuple[list[Object], tuple[int, str] | None]:
        """The caller's own, by time, and the key after which the next page goes on.

        Raises NotFoundError `invalid_channel`.
        """
        state = await self._commits.state(caller.resident)
        if wanted.channel and visible(state, caller, wanted.channel) is None:
            raise NotFoundError(api="invalid_channel", thing="channel")
        keys = sorted(
            (row["due_s"], key[0])
            for key, row in state.rows["scheduled"].items()
            if row["user"] == caller.user and _is_wanted(row, wanted)
        )
        keys = [key for key in keys if after is None or key > after]
        rows = {name: state.rows["scheduled"][(name,)] for _, name in keys[:limit]}
        events = await self._commits.events(state.resident, sorted(row["sequence"] for row in rows.values()))
        shown = [
            {
                "id": name, "channel_id": row["channel"], "post_at": row["due_s"],
                "date_created": row["created_s"], "text": events[row["sequence"]].payload["text"],
            }
            for name, row in rows.items() if row["sequence"] in events
        ]  # fmt: skip
        return shown, keys[limit - 1] if len(keys) > limit else None

    # --- posting -----------------------------------------------------------------------------------

    async def post_due(self) -> None:
        """Post what is due in all residents. Called every second by the leading process.

        Raises the last failure, once everything else was posted.
        """
        now_s = self._clock.now_us() // 1_000_000
        failure: BaseException | None = None
        failed: set[str] = set()
        for _ in range(ROUNDS_MAX):
            due = await self._views.due("scheduled", now_s, AT_ONCE, sorted(failed))
            if not due:
                break
            names: dict[str, list[str]] = {}
            for resident, (name,) in due:
                names.setdefault(resident, []).append(name)
            outcomes = await asyncio.gather(
                *(self._post_all(resident, its) for resident, its in names.items()), return_exceptions=True
            )
            for resident, outcome in zip(names, outcomes, strict=True):
                if outcome is not None:
                    failed.add(resident)
                    failure = outcome
        if failure is not None:
            raise failure

    async def _post_all(self, resident: str, names: list[str]) -> None:
        for name in names:
            if why := await self._post(resident, name):
                await self._commits.commit(resident, _end(name, why), principal="")

    async def _post(self, resident: str, name: str) -> str:
        """Why it must be given up; empty when it was posted or taken back. Raises what may pass."""
        state = await self._commits.state(resident)
        row = state.row("scheduled", name)
        if row is None:
            return ""
        event = await self._commits.event(resident, row["sequence"])
        if event is None:
            return "redacted"
        payload: Payload = event.payload
        try:
            done = await self._poster.post_message(
                commands.author(state, payload),
                commands.message_of(resident, payload),
                thread_ts=payload["thread_ts"] or None,
                broadcast=payload["broadcast"],
                also=lambda state, decided: commands.posted(state, name, decided),
            )
        except _FINAL as error:
            return error.api
        return "duplicate" if done.again else ""


def _end(name: str, why: str) -> Decide:
    return lambda state, _: commands.end(state, name, why)


def _is_wanted(row: Row, wanted: Wanted) -> bool:
    return (
        (not wanted.channel or row["channel"] == wanted.channel)
        and (wanted.oldest_s is None or row["due_s"] >= wanted.oldest_s)
        and (wanted.latest_s is None or row["due_s"] <= wanted.latest_s)
    )
