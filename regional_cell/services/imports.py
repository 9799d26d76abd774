"""Imports: many messages of many authors, said in order, for a workspace that is being set up.

Every message takes the way of any other (the same decisions, the same events); ids, times and sequences
are given here.

Invariants
    1. The order of the request is the order of the log, but for reactions, which come after all messages.
    2. A message that may not be posted ends the call with its error; what stood before it stands.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from accord.errors import InvalidError, NotFoundError
from regional_cell.domain.callers import Caller
from regional_cell.domain.commands import messages as commands
from regional_cell.domain.commands.messages import Content, NewMessage
from regional_cell.domain.decisions import Committed, Decided
from regional_cell.domain.state import State
from regional_cell.domain.text import prepare
from regional_cell.domain.timestamps import format_ts
from regional_cell.ports.commits import Commits

MESSAGES_MAX = 1_000
REACTIONS_AT_ONCE = 16
# Imported words are said with the authority of a session: everything that their author may do.
KIND = "xoxc"


@dataclass(frozen=True, slots=True)
class ImportedMessage:
    """A message. `thread`: place of its root in the request, from 1; 0: none. `reactions`: (user, name)."""

    channel: str
    user: str
    text: str
    thread: int = 0
    reactions: tuple[tuple[str, str], ...] = ()


class Replies(Protocol):
    """Posting into a thread."""

    async def post_message(self, caller: Caller, message: NewMessage, *, thread_ts: int | None = None) -> Any:
        """Post; the result has `ts` in microseconds."""


class Reacting(Protocol):
    """Adding reactions."""

    async def add(self, caller: Caller, channel: str, ts: int, name: str) -> None:
        """Add one."""


class Imports:
    """Imports messages into workspaces of this cell."""

    def __init__(self, commits: Commits, replies: Replies, reacting: Reacting) -> None:
        self._commits, self._replies, self._reacting = commits, replies, reacting

    async def messages(self, workspace: str, messages: Sequence[ImportedMessage]) -> list[str]:
        """Post them; the `ts` of each. Raises InvalidError, and what posting raises."""
        if len(messages) > MESSAGES_MAX:
            raise InvalidError(field="messages", why=f"more than {MESSAGES_MAX}")
        state = await self._commits.state(workspace)
        posted: list[asyncio.Future[int]] = []
        for place, message in enumerate(messages, 1):
            if message.thread >= place or (message.thread and messages[message.thread - 1].thread):
                raise InvalidError(field="thread", why="its root does not stand before it")
            posted.append(await self._post(state, message, posted))
        times = await asyncio.gather(*posted)
        await self._react(state, messages, times)
        return [format_ts(at_us) for at_us in times]

    async def _post(
        self, state: State, message: ImportedMessage, posted: Sequence[asyncio.Future[int]]
    ) -> asyncio.Future[int]:
        caller = _caller(state, message.user)
        new = NewMessage(message.channel, Content(prepare(message.text)))
        if not message.thread:
            submitted = self._commits.submit(
                state.resident, partial(_decide, caller, new), principal=caller.user
            )
            return asyncio.ensure_future(_time_of(submitted))
        root_us = await posted[message.thread - 1]
        done = await self._replies.post_message(caller, new, thread_ts=root_us)
        known: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        known.set_result(done.ts)
        return known

    async def _react(self, state: State, messages: Sequence[ImportedMessage], times: Sequence[int]) -> None:
        free = asyncio.Semaphore(REACTIONS_AT_ONCE)

        async def react(message: ImportedMessage, at_us: int) -> None:
            async with free:
                for user, name in message.reactions:
                    await self._reacting.add(_caller(state, user), message.channel, at_us, name)

        rows = [(message, at_us) for message, at_us in zip(messages, times, strict=True) if message.reactions]
        await asyncio.gather(*(react(message, at_us) for message, at_us in rows))


async def _time_of(submitted: "asyncio.Future[Committed]") -> int:
    return (await submitted).events[0].at_us


def _decide(caller: Caller, message: NewMessage, state: State, first_us: int) -> Decided:
    return commands.post(state, caller, message)


def _caller(state: State, user: str) -> Caller:
    row = state.row("users", user) if state.kind == "T" else None
    if row is None or row["deleted"]:
        raise NotFoundError(thing="user")
    return Caller(
        state.resident, "", KIND, user, row["app"] or "", row["bot"] or "", row["person"] or "", row["role"],
        frozenset(),
    )  # fmt: skip
