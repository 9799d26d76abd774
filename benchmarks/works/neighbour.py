"""A workspace that is loud, in a process of its own which gives way to every other."""

import asyncio
import multiprocessing
import os
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.loops import closed_loop, drained, faults_of
from benchmarks.product import Room
from benchmarks.sockets import TAKEN_IN_BYTES, connect
from benchmarks.works.overload import SENDERS, WARM_S, WINDOW, offered

LAST = 19


class Neighbour:
    """The process, as it is asked; one question at a time. `end` ends it.

    Args:
        room: whose members all listen; the first few send.
    """

    def __init__(self, apis: Sequence[str], room: Room) -> None:
        spawning = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawning.Pipe()
        spawning.Process(target=_serve, args=(theirs, tuple(apis), room), daemon=True).start()
        theirs.close()

    async def best(self, seconds: float) -> float:
        """Sends a second of a closed loop."""
        return float(await self._ask("best", seconds))

    async def offer(self, rate: float, seconds: float) -> tuple[float, float]:
        """Offer so many a second, whatever is answered. Returns those offered and acknowledged a second."""
        sent, acknowledged = await self._ask("offer", rate, seconds)
        return sent, acknowledged

    async def end(self) -> list[str]:
        """What its members saw that they must not."""
        faults: list[str] = await self._ask("end")
        self._pipe.close()
        return faults

    async def _ask(self, *question: Any) -> Any:
        self._pipe.send(question)
        return await asyncio.to_thread(self._pipe.recv)


def _serve(pipe: Connection, apis: tuple[str, ...], room: Room) -> None:
    import uvloop

    _run_last()
    uvloop.run(_answer(pipe, apis, room))


def _run_last() -> None:
    """Where the system shares its time between sessions, being nice counts among one's own alone: so this is
    a session of its own, and nice as such.
    """
    os.nice(LAST)
    os.setsid()
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(LAST), encoding="ascii")


async def _answer(pipe: Connection, apis: tuple[str, ...], room: Room) -> None:
    rooms = await connect(apis, [room], 0)
    for member in rooms[0]:
        # It is run last, and stands still.
        member.take_in(TAKEN_IN_BYTES)
    senders = rooms[0][:SENDERS]
    while True:
        what, *how = await asyncio.to_thread(pipe.recv)
        if what == "best":
            found = await closed_loop(rooms, senders, WINDOW, WARM_S, how[0], lambda: 0.0)
            pipe.send(found["sends"])
        elif what == "offer":
            rate, seconds = how
            before = sum(sender.sent for sender in senders)
            acknowledged = await offered(rooms, senders, rate, seconds, drains=False)
            sent = sum(sender.sent for sender in senders) - before
            await drained(rooms)
            pipe.send((sent / seconds, acknowledged))
        else:
            pipe.send(faults_of(rooms))
            return
