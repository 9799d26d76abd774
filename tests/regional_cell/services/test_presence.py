"""Presence in two processes of a cell: told to those who ask and may know, and to nobody else."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from accord.errors import NotReadyError
from regional_cell.adapters.memory.intercom import MemoryIntercom
from regional_cell.ports.sockets import LiveSocket
from regional_cell.services.presence import REFRESH_S, Presence
from tests.regional_cell.edges import said
from tests.regional_cell.entrypoints.web_api.support_cell import (
    ANN,
    BOB,
    BOT_USER,
    CID,
    GUS,
    RANDOM,
    TEAM,
    Cell,
)


class HeardLink:
    """A link that keeps what each socket hears."""

    def __init__(self) -> None:
        self.heard: dict[int, list[dict[str, Any]]] = {}

    def frame(self, socket: int, data: bytes) -> None:
        self.heard.setdefault(socket, []).append(said(data))


class Process:
    """One process: its presence, and its sockets."""

    def __init__(self, cell: Cell, name: str, group: list[MemoryIntercom]) -> None:
        self.link = HeardLink()
        self.sockets: list[LiveSocket] = []
        self.intercom = MemoryIntercom(group)
        self.presence = Presence(cell.commits, self, self.intercom, name, cell.clock, asyncio.ensure_future)

    def tell_user(self, resident: str, user: str, data: bytes) -> None:
        for socket in self.sockets:
            if (socket.resident, socket.user) == (resident, user):
                self.link.frame(socket.socket, data)

    def open(self, user: str, *, batched: bool = False, watching: Sequence[str] = ()) -> LiveSocket:
        link: Any = self.link
        socket = LiveSocket(link, len(self.sockets) + 1, TEAM, user, "", set(), batched=batched)
        self.sockets.append(socket)
        self.presence.opened(socket)
        if watching:
            self.presence.subscribe(socket, watching)
        return socket

    def close(self, socket: LiveSocket) -> None:
        self.sockets.remove(socket)
        self.presence.closed(socket)

    async def news(self, socket: LiveSocket) -> list[tuple[str, Any]]:
        """(presence, user or users) that the socket heard since it was asked last."""
        await settle()
        frames = self.link.heard.pop(socket.socket, [])
        return [
            (frame["presence"], frame.get("user", frame.get("users")))
            for frame in frames
            if frame["type"] == "presence_change"
        ]


async def settle() -> None:
    """Let everything run that was begun."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
async def cell() -> AsyncIterator[Cell]:
    made = await Cell().start()
    yield made
    await made.stop()


@pytest.fixture
def pair(cell: Cell) -> tuple[Process, Process]:
    group: list[MemoryIntercom] = []
    return Process(cell, "one", group), Process(cell, "two", group)


async def pass_time(cell: Cell, processes: Sequence[Process], seconds: int) -> None:
    """Time passes, with a sweep every five seconds."""
    for _ in range(0, seconds, 5):
        cell.clock.advance(5)
        for process in processes:
            await process.presence.sweep()
        await settle()


async def test_who_asks_is_told_now_and_of_every_change(cell: Cell, pair: tuple[Process, Process]) -> None:
    one, two = pair
    ann = one.open(ANN, watching=[BOB, CID])
    assert await one.news(ann) == [("away", BOB), ("away", CID)]
    bob = two.open(BOB)
    assert await one.news(ann) == [("active", BOB)]
    second = one.open(BOB)
    two.close(bob)
    assert await one.news(ann) == []
    one.close(second)
    await pass_time(cell, pair, 5)
    assert await one.news(ann) == []
    await pass_time(cell, pair, 10)
    assert await one.news(ann) == [("away", BOB)]


async def test_a_subscription_replaces_the_one_before(cell: Cell, pair: tuple[Process, Process]) -> None:
    one, _ = pair
    ann = one.open(ANN, watching=[BOB])
    one.presence.subscribe(ann, [CID])
    await one.news(ann)
    one.open(BOB)
    assert await one.news(ann) == []
    one.open(CID)
    assert await one.news(ann) == [("active", CID)]
    one.presence.subscribe(ann, [])
    assert await one.news(ann) == []
    assert (one.presence._watchers, one.presence._watched, one.presence._told) == ({}, {}, {})


async def test_a_query_is_answered_once(cell: Cell, pair: tuple[Process, Process]) -> None:
    one, _ = pair
    ann = one.open(ANN)
    one.open(BOB)
    one.presence.query(ann, [BOB, CID, ANN])
    assert await one.news(ann) == [("active", ANN), ("active", BOB), ("away", CID)]
    one.open(CID)
    assert await one.news(ann) == []


async def test_who_takes_several_at_once_gets_them_so(cell: Cell, pair: tuple[Process, Process]) -> None:
    one, _ = pair
    one.open(BOB)
    ann = one.open(ANN, batched=True, watching=[BOB, CID, ANN])
    assert await one.news(ann) == [("active", [ANN, BOB]), ("away", [CID])]


async def test_nobody_is_told_of_whom_they_may_not_see(cell: Cell, pair: tuple[Process, Process]) -> None:
    one, _ = pair
    gus = one.open(GUS, watching=[BOB, "U00000000000X", "nobody", RANDOM, GUS, "USLACKBOT"])
    assert await one.news(gus) == [("active", GUS), ("active", "USLACKBOT")]
    bob = one.open(BOB)
    assert await one.news(gus) == []
    await cell.ok(ANN, "conversations.invite", channel=RANDOM, users=GUS)
    one.close(bob)
    await pass_time(cell, pair, 10)
    assert await one.news(gus) == [("away", BOB)]
    await cell.ok(ANN, "conversations.kick", channel=RANDOM, user=GUS)
    one.open(BOB)
    assert await one.news(gus) == []


async def test_bots_are_always_there(cell: Cell, pair: tuple[Process, Process]) -> None:
    one, _ = pair
    ann = one.open(ANN, watching=[BOT_USER])
    assert await one.news(ann) == [("active", BOT_USER)]
    assert (await one.presence.of(cell.caller(ANN), BOT_USER)).presence == "active"


async def test_who_does_nothing_for_ten_minutes_is_away_until_they_do(
    cell: Cell, pair: tuple[Process, Process]
) -> None:
    one, two = pair
    bob = two.open(BOB)
    ann = one.open(ANN, watching=[BOB])
    assert await one.news(ann) == [("active", BOB)]
    await pass_time(cell, pair, 595)
    assert await one.news(ann) == []
    await pass_time(cell, pair, 10)
    assert await one.news(ann) == [("away", BOB)]
    facts = await one.presence.of(cell.caller(BOB), BOB)
    assert (facts.sockets, facts.idle, facts.presence) == (1, True, "away")
    bob.active = True
    await pass_time(cell, pair, 5)
    assert await one.news(ann) == [("active", BOB)]
    await pass_time(cell, pair, 605)
    assert await one.news(ann) == [("away", BOB)]
    two.presence.touched(bob)
    assert await one.news(ann) == [("active", BOB)]


async def test_being_away_by_hand_is_told_to_ones_own_sockets_everywhere(
    cell: Cell, pair: tuple[Process, Process]
) -> None:
    one, two = pair
    mine, elsewhere = one.open(BOB), two.open(BOB)
    ann = two.open(ANN, watching=[BOB])
    await two.news(ann)
    one.presence.set_away(cell.caller(BOB), True)
    assert await two.news(ann) == [("away", BOB)]
    own = {"type": "manual_presence_change", "presence": "away"}
    assert one.link.heard.pop(mine.socket) == [own]
    assert two.link.heard.pop(elsewhere.socket) == [own]
    one.presence.set_away(cell.caller(BOB), True)
    await settle()
    assert mine.socket not in one.link.heard
    two.presence.set_away(cell.caller(BOB), False)
    cell.clock.advance(1)
    two.presence.set_away(cell.caller(BOB), False)
    assert await two.news(ann) == [("active", BOB)]
    assert one.link.heard.pop(mine.socket) == [{**own, "presence": "active"}]


async def test_a_lost_word_costs_until_the_next_refresh(cell: Cell, pair: tuple[Process, Process]) -> None:
    one, two = pair
    ann = one.open(ANN, watching=[BOB, CID])
    await pass_time(cell, pair, REFRESH_S)
    await one.news(ann)
    two.intercom._group = []
    two.open(BOB)
    two.presence.set_away(cell.caller(CID), True)
    two.open(CID)
    assert await one.news(ann) == []
    two.intercom._group = one.intercom._group
    await pass_time(cell, pair, REFRESH_S)
    assert await one.news(ann) == [("active", BOB)]
    assert (await one.presence.of(cell.caller(CID), CID)).manual_away


async def test_a_process_that_died_is_believed_for_half_a_minute(
    cell: Cell, pair: tuple[Process, Process]
) -> None:
    one, two = pair
    ann = one.open(ANN, watching=[BOB])
    two.open(BOB)
    assert (await one.news(ann))[-1] == ("active", BOB)
    await pass_time(cell, [one], 25)
    assert await one.news(ann) == []
    await pass_time(cell, [one], 10)
    assert await one.news(ann) == [("away", BOB)]


async def test_a_process_that_ends_says_so(cell: Cell, pair: tuple[Process, Process]) -> None:
    one, two = pair
    ann = one.open(ANN, watching=[BOB])
    two.open(BOB)
    await one.news(ann)
    two.presence.leave()
    assert await one.news(ann) == [("away", BOB)]


async def test_a_socket_that_is_gone_is_told_nothing(cell: Cell, pair: tuple[Process, Process]) -> None:
    one, _ = pair
    ann = one.open(ANN, watching=[BOB])
    one.close(ann)
    one.presence.closed(ann)
    one.open(BOB)
    assert await one.news(ann) == []


async def test_a_state_that_cannot_be_read_now_is_read_at_the_next_sweep(
    cell: Cell, pair: tuple[Process, Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = pair
    ann = one.open(ANN, watching=[BOB])
    await one.news(ann)
    with monkeypatch.context() as patched:

        async def away(resident: str) -> object:
            raise NotReadyError(resident=resident)

        patched.setattr(cell.commits, "state", away)
        one.open(BOB)
        assert await one.news(ann) == []
    await pass_time(cell, pair, 5)
    assert await one.news(ann) == [("active", BOB)]


async def test_words_that_nobody_can_read_change_nothing(cell: Cell, pair: tuple[Process, Process]) -> None:
    one, two = pair
    ann = one.open(ANN, watching=[BOB])
    await one.news(ann)
    for subject in ("presence.seen", "presence.all", "presence.manual"):
        for body in (b"", b"\xc1", b"\x93\x01\x02\x03"):
            two.intercom.tell(subject, body)
    assert await one.news(ann) == []
