"""Replays tell what a socket missed, exactly, and read the log once for all who come back."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator

import orjson
import pytest

from accord.clock import ManualClock
from regional_cell.domain.events import Event
from regional_cell.domain.objects.frames import frames
from regional_cell.domain.state import State
from regional_cell.domain.visibility import step, topics_before, topics_of
from regional_cell.domain.web_socket import text_frame
from regional_cell.services.replays import EVENT_BYTES, KEPT_S, Replays
from tests.regional_cell.entrypoints.web_api.support_cell import ANN, BOB, CID, GENERAL, GUS, TEAM, Cell

USERS = (ANN, BOB, CID, GUS)


@pytest.fixture
async def cell() -> AsyncIterator[Cell]:
    made = await Cell(seed=3).start()
    yield made
    await made.stop()


async def live_through(cell: Cell, turns: int, seed: int) -> None:
    """People talk, come and go; also privately."""
    draw = random.Random(seed)
    made = await cell.ok(ANN, "conversations.create", name=f"private-{seed}", is_private=True)
    rooms, posted = [GENERAL, made["channel"]["id"]], {}
    for turn in range(turns):
        who, room = draw.choice(USERS[:3]), draw.choice(rooms)
        kind = draw.choice(
            ("post", "post", "post", "reply", "react", "edit", "invite", "kick", "leave", "create")
        )
        if kind == "post":
            answer = await cell.call(who, "chat.postMessage", channel=room, text=f"{turn}")
            if answer["ok"]:
                posted[room] = answer["ts"]
        elif kind == "create" and turn % 10 == 0:
            name = f"room-{seed}-{turn}"
            rooms.append((await cell.ok(who, "conversations.create", name=name))["channel"]["id"])
        elif kind == "invite":
            await cell.call(ANN, "conversations.invite", channel=room, users=draw.choice(USERS))
        elif kind == "kick":
            await cell.call(ANN, "conversations.kick", channel=room, user=draw.choice(USERS))
        elif kind == "leave":
            await cell.call(who, "conversations.leave", channel=room)
        elif room in posted:
            ts = posted[room]
            if kind == "reply":
                await cell.call(who, "chat.postMessage", channel=room, text="r", thread_ts=ts)
            elif kind == "react":
                await cell.call(who, "reactions.add", channel=room, timestamp=ts, name="eyes")
            elif kind == "edit":
                await cell.call(who, "chat.update", channel=room, ts=ts, text="edited")


async def told(cell: Cell, state: State, user: str, after: int) -> list[bytes] | None:
    """The same by walking along the log, event by event."""
    missed = [
        event for event in await cell.commits.read(TEAM, after, 100_000) if event.sequence <= state.head
    ]
    topics = topics_before(missed, user, topics_of(state, user))
    if topics is None:
        return None
    found = []
    for event in missed:
        assert step(topics, event, user)
        for (topic, x_seq), body in zip(event.topics, frames(event, state), strict=False):
            if body is not None and topic in topics:
                found.append(text_frame(orjson.dumps({**body, "x_seq": x_seq})))
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_replay_is_what_walking_along_the_log_tells(cell: Cell, seed: int) -> None:
    draw = random.Random(seed)
    replays = Replays(cell.commits, ManualClock())
    await live_through(cell, 60, seed)
    for round_ in range(2):
        state = await cell.commits.state(TEAM)
        marks = [0, state.head - 1, state.head, *(draw.randrange(state.head) for _ in range(12))]
        draw.shuffle(marks)
        for mark in marks:
            for user in USERS:
                assert await replays.since(state, user, mark) == await told(cell, state, user, mark), (
                    mark,
                    user,
                )
        if not round_:
            await live_through(cell, 30, seed + 100)


async def test_a_change_of_standing_is_not_told_over(cell: Cell) -> None:
    state = await cell.commits.state(TEAM)
    head = state.head
    await cell.ok(ANN, "chat.postMessage", channel=GENERAL, text="x")
    replays = Replays(cell.commits, ManualClock())
    assert await replays.since(state, BOB, 0) is None, "the log tells of bob's joining"
    assert len(await replays.since(state, BOB, head) or []) == 1


async def test_two_thousand_sockets_read_the_log_once(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = (await cell.commits.state(TEAM)).head
    for number in range(30):
        await cell.ok(ANN, "chat.postMessage", channel=GENERAL, text=f"missed {number}")
    reads, how = [], Counter[str]()
    genuine = cell.commits.read

    async def counted(resident: str, after: int, limit: int) -> list[Event]:
        reads.append((after, limit))
        await asyncio.sleep(0.01)
        return await genuine(resident, after, limit)

    monkeypatch.setattr(cell.commits, "read", counted)
    state = await cell.commits.state(TEAM)
    replays = Replays(cell.commits, ManualClock(), lambda word: how.update([word]))
    missed = await asyncio.gather(*(replays.since(state, USERS[n % 3], mark) for n in range(2_000)))
    assert {len(frames or []) for frames in missed} == {30}
    assert len(reads) == 1
    assert how == {"loaded": 1, "shared": 1_999}
    # An older mark, and new events, read only what is not there.
    reads.clear()
    await cell.ok(ANN, "chat.postMessage", channel=GENERAL, text="new")
    assert len(await replays.since(await cell.commits.state(TEAM), ANN, mark) or []) == 31
    assert reads == [(state.head - 1, 1)]


async def test_pages_of_redacted_entries_hide_nothing_that_follows(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = (await cell.commits.state(TEAM)).head
    for number in range(5):
        await cell.ok(ANN, "chat.postMessage", channel=GENERAL, text=f"{number}")
    genuine = cell.commits.read

    async def redacted(resident: str, after: int, limit: int) -> list[Event]:
        return [event for event in await genuine(resident, after, limit) if event.sequence > mark + 3]

    monkeypatch.setattr("regional_cell.services.replays.PAGE", 2)
    monkeypatch.setattr(cell.commits, "read", redacted)
    replays = Replays(cell.commits, ManualClock())
    assert len(await replays.since(await cell.commits.state(TEAM), BOB, mark) or []) == 2


async def test_what_is_held_is_bounded_and_goes(cell: Cell) -> None:
    clock = ManualClock()
    state = await cell.commits.state(TEAM)
    mark = state.head
    await cell.ok(ANN, "chat.postMessage", channel=GENERAL, text="x" * 3_000)
    roomy = Replays(cell.commits, clock)
    assert await roomy.since(state, ANN, mark)
    assert len(roomy._stretches) == 1
    clock.advance(KEPT_S / 2)
    await roomy.sweep()
    assert len(roomy._stretches) == 1
    clock.advance(KEPT_S)
    await roomy.sweep()
    assert not roomy._stretches
    assert await Replays(cell.commits, clock, bytes_max=10_000).since(state, ANN, mark) is None, "too long"
    tight = Replays(cell.commits, clock, bytes_max=1_700_000)
    shown = await tight.since(state, ANN, mark) or []
    (stretch,) = tight._stretches.values()
    entries = {entry for places in stretch.topics.values() for _, _, entry in places}
    unshown = sum(EVENT_BYTES + 2 * len(entry.event.payload.get("text", "")) for entry in entries)
    assert stretch.size >= unshown + sum(map(len, shown)) > unshown, "frames count too"
    size = stretch.size
    assert await tight.since(state, BOB, mark)
    assert stretch.size == size, "and once"
    tight._bytes_max = 0
    tight._keep_within(TEAM)
    assert not tight._stretches


async def test_who_gives_up_waiting_takes_nobody_along_and_a_failed_reading_is_tried_again(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = await cell.commits.state(TEAM)
    mark = state.head
    await cell.ok(ANN, "chat.postMessage", channel=GENERAL, text="missed")
    gate, genuine, fails = asyncio.Event(), cell.commits.read, [True]

    async def gated(resident: str, after: int, limit: int) -> list[Event]:
        await gate.wait()
        if fails.pop():
            fails.append(False)
            raise ZeroDivisionError
        fails.append(False)
        return await genuine(resident, after, limit)

    monkeypatch.setattr(cell.commits, "read", gated)
    replays = Replays(cell.commits, ManualClock())
    gone, failed = (asyncio.ensure_future(replays.since(state, ANN, mark)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    gate.set()
    with pytest.raises(ZeroDivisionError):
        await failed
    assert len(await replays.since(state, ANN, mark) or []) == 1
