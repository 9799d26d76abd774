"""Clients that do not care: they keep so many messages unanswered, and say again at once what is refused.

Their sockets are those of the benchmarks, which count and parse nothing.
"""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.loops import Window, counts, drained, faults_of
from benchmarks.product import Room
from benchmarks.sockets import TAKEN_IN_BYTES, Member, connect
from tests.support.federation import RunningDemo

SENDERS, UNANSWERED = 8, 1_000
OPEN_S, END_S = 60.0, 120.0


@dataclass
class Flood:
    """What became of it.

    Attributes:
        accepted, refused: answers; every message got one.
        faults: what members saw that they must not: unanswered, missing, doubled, in another order.
        lost: sockets that were closed meanwhile.
        calm_s: after the flood, until one message more was accepted; 0 where a socket was closed.
    """

    accepted: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)
    lost: int = 0
    calm_s: float = 0.0
    broke: BaseException | None = None


def load_room(demo: RunningDemo, members: int = 0) -> Room:
    """The first channel of the workspace `load`, or the first that has so many members."""
    load = json.loads(Path(demo.ready["load"]["file"]).read_text(encoding="utf-8"))
    tokens = {person["user_id"]: person["token"] for person in load["people"]}
    channel = next(one for one in load["channels"] if members in {0, len(one["members"])})
    return Room(channel["id"], tuple(tokens[user] for user in channel["members"]))


@contextmanager
def flooded(demo: RunningDemo, edge: str = "fra") -> Iterator[Flood]:
    """The workspace `load` sends without end while the context holds, from a thread of its own; what became
    of it stands in the result afterwards.
    """
    made, opened, ending = Flood(), threading.Event(), threading.Event()

    def run() -> None:
        try:
            asyncio.run(_flood(demo.edge(edge)["api"], load_room(demo), made, opened, ending))
        except BaseException as error:
            made.broke = error
        finally:
            opened.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        assert opened.wait(OPEN_S), "the flood does not begin"
        yield made
    finally:
        ending.set()
        thread.join(END_S)
    assert not thread.is_alive(), "the flood does not end"
    if made.broke is not None:
        raise made.broke


async def _flood(api: str, room: Room, made: Flood, opened: threading.Event, ending: threading.Event) -> None:
    rooms = await connect([api], [room], len(room.tokens))
    for member in rooms[0]:
        member.take_in(TAKEN_IN_BYTES)
    windows = [Window(member, UNANSWERED) for member in rooms[0][:SENDERS]]
    for window in windows:
        window.open()
    opened.set()
    await asyncio.to_thread(ending.wait)
    for window in windows:
        window.close()
    await drained(rooms)
    seen = counts(rooms)
    made.accepted, made.refused = seen.accepted, seen.refused
    made.faults = faults_of(rooms)
    made.lost = sum(member.lost.done() for member in rooms[0])
    if not made.lost:
        made.calm_s = await _calm_s(rooms)
    for member in rooms[0]:
        member.close()


async def _calm_s(rooms: Sequence[Sequence[Member]]) -> float:
    before, began_s = counts(rooms), time.monotonic()
    while counts(rooms).accepted == before.accepted:
        assert time.monotonic() < began_s + END_S / 2, "nothing is accepted any more"
        rooms[0][0].send(0)
        await drained(rooms)
        await asyncio.sleep(0.1)
    return time.monotonic() - began_s
