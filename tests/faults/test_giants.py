"""A channel of thousands: what is said in it reaches everybody, and what was said is not held."""

import asyncio
from collections.abc import Iterator

import pytest

from benchmarks.loops import faults_of, open_loop
from benchmarks.product import Room
from benchmarks.sockets import connect
from tests.faults.conftest import GIANT
from tests.support.clients import Plain
from tests.support.faults.freezing import pids_of
from tests.support.faults.probing import memory_bytes
from tests.support.federation import RunningDemo
from tests.support.flood import load_room
from tests.support.load import Load
from tests.support.patience import SPARE_S

LISTENING = 40
RATE_S = 50
DEADLINE_S = 10.0
GROWTH_BYTES_MAX = 64 * 1024 * 1024


@pytest.fixture(params=[GIANT, pytest.param(20_000, marks=pytest.mark.long)])
def giant(request: pytest.FixtureRequest) -> Iterator[tuple[RunningDemo, int]]:
    """A federation with a channel of so many."""
    members = int(request.param)
    if members == GIANT:
        yield request.getfixturevalue("busy"), members
        return
    options = (
        "--cells",
        "de-fra",
        "--rate-limits",
        "off",
        "--no-latency",
        "--load",
        f"{members}:1:{members}",
    )
    with RunningDemo(*options) as running:
        yield running, members


@pytest.mark.fault("F40")
@pytest.mark.parametrize("seconds", [4, pytest.param(60, marks=pytest.mark.long)])
def test_a_channel_of_thousands_is_told_everything_and_nothing_is_held(
    giant: tuple[RunningDemo, int], fault: str, seconds: int
) -> None:
    """Fifty messages a second: everybody who listens gets each once and in one order, each within the
    deadline of a call, pages and members of the channel are shown meanwhile, and neither the cell nor the
    edge keeps what was said. People of another workspace notice nothing; the verdict is clean.
    """
    demo, members = giant
    room, edge = load_room(demo, members), demo.edge("fra")
    some = Room(room.channel, room.tokens[:LISTENING])
    pids = pids_of(demo, "de-fra", "fra")

    def read() -> int:
        with Plain(edge, room.tokens[-1]) as plain:
            plain.done("conversations.history", channel=room.channel)
            return len(plain.done("conversations.members", channel=room.channel, limit=1_000)["members"])

    async def say() -> tuple[list[int], list[str]]:
        rooms = await connect([edge["api"]], [some], LISTENING)
        # Once before, for what is held of a channel that is spoken in.
        await open_loop(rooms, rooms[0][:4], RATE_S, 1)
        before.extend(map(memory_bytes, pids))
        times, shown = await asyncio.gather(
            open_loop(rooms, rooms[0][:4], RATE_S, seconds), asyncio.to_thread(read)
        )
        assert shown == 1_000
        wrong = faults_of(rooms)
        for member in rooms[0]:
            member.close()
        return times, wrong

    before: list[int] = []
    with Load(demo, fault, edges=("fra",), writers=2, pause_s=0.05, timeout_s=30) as load:
        with load.fault("50 a second", f"{members} members"):
            times_us, wrong = asyncio.run(say())
        load.goes_on(1)
    grown = [now - then for now, then in zip(map(memory_bytes, pids), before, strict=True)]
    print(
        f"{members} members, at most {max(times_us) / 1e6:.2f} s, grown by {[one >> 20 for one in grown]} MiB"
    )
    assert wrong == []
    assert len(times_us) == LISTENING * RATE_S * seconds
    assert max(times_us) < (DEADLINE_S + SPARE_S) * 1e6
    assert max(grown) < GROWTH_BYTES_MAX
    assert load.verdict().violations == [], load.story
