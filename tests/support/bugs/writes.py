"""Bugs in what a cell writes and acknowledges."""

import asyncio
import os
import random
from collections.abc import Sequence
from typing import Any

import msgspec

from accord.errors import ConflictError, ForbiddenError
from regional_cell.adapters.sql import append
from regional_cell.domain import batches
from regional_cell.domain.changes import Change, Put
from regional_cell.domain.commands import messages as commands
from regional_cell.domain.decisions import Committed, Decided
from regional_cell.services import reactions
from regional_cell.services.commits import commands as planning
from regional_cell.services.commits import writer
from regional_cell.services.messages import posting
from regional_cell.services.messages.reading import Viewer
from tests.support.bugs.patching import replace

_dice = random.Random()


def acknowledge_before_commit() -> None:
    """Messages are acknowledged a moment before they are written."""

    def make(real: Any) -> Any:
        async def append_late(self: Any, batch: Sequence[Any]) -> Any:
            for one in batch:
                if one.events[0].kind == "MessagePosted" and not one.command.waiter.done():
                    one.command.waiter.set_result(Committed(one.events, one.state, None, one.decided.answer))
            await asyncio.sleep(0.06)
            return await real(self, batch)

        return append_late

    replace(writer.GroupCommits, "_append", make)


def keys_of_one_process() -> None:
    """What a key stands for is known to the process that wrote the message, and to no other."""
    mark = f"~{os.getpid()}"

    def make_post(real: Any) -> Any:
        def post(*arguments: Any, **named: Any) -> Decided:
            decided: Decided = real(*arguments, **named)
            if decided.client_msg_id is None:
                return decided
            author, key = decided.client_msg_id
            return msgspec.structs.replace(decided, client_msg_id=(author, key + mark))

        return post

    def make_apply(real: Any) -> Any:
        def apply(event: Any) -> list[Change]:
            return [_marked(change, mark) for change in real(event)]

        return apply

    replace(commands, "post", make_post)
    replace(planning, "apply", make_apply)


def _marked(change: Change, mark: str) -> Change:
    if isinstance(change, Put) and change.view == "messages" and change.values.get("client_msg_id"):
        values = {**change.values, "client_msg_id": f"{change.values['client_msg_id']}{mark}"}
        return Put(change.view, change.key, values)
    return change


def times_from_wall_clock() -> None:
    """Each event gets the time of a wall clock that is set now and then, not the next of its log."""
    replace(
        batches.Plan, "first_us", lambda real: lambda self, now_us: now_us + _dice.randrange(-60_000, 60_000)
    )


def fence_without_head() -> None:
    """The head is compared before the transaction and not inside it, in a store where the last write wins."""
    open_fence = append.FENCE.replace(" AND head = :expected", "")
    assert open_fence != append.FENCE
    replace(append, "FENCE", lambda real: open_fence)

    def make(real: Any) -> Any:
        return lambda connection, table, rows, **named: real(connection, table, rows, replace=True)

    replace(append, "insert_many", make)


def lost_edit_acknowledged() -> None:
    """An edit that was overtaken by another one is not tried again, and acknowledged."""

    def make(real: Any) -> Any:
        async def update(
            self: Any, caller: Any, channel: str, ts: int, revision: Any, epoch: Any = None
        ) -> Any:
            try:
                return await real(self, caller, channel, ts, revision, epoch)
            except ConflictError:
                return await self._reader.one(Viewer(caller), channel, ts)

        return update

    replace(posting, "ATTEMPTS", lambda real: 1)
    replace(writer, "UNMET_MAX", lambda real: 1)
    replace(posting.Messages, "update", make)


def refused_after_commit() -> None:
    """A fifth of the messages is written, and then their authors are told that they may not."""

    def make(real: Any) -> Any:
        async def post_message(self: Any, *arguments: Any, **named: Any) -> Any:
            posted = await real(self, *arguments, **named)
            if _dice.random() < 0.2:
                raise ForbiddenError(api="restricted_action")
            return posted

        return post_message

    replace(posting.Messages, "post_message", make)


def reaction_forgotten() -> None:
    """Half of the reactions are acknowledged and not written."""

    def make(real: Any) -> Any:
        async def change(self: Any, *arguments: Any) -> None:
            if _dice.random() < 0.5:
                await real(self, *arguments)

        return change

    replace(reactions.Reactions, "_change", make)
