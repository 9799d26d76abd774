"""Sends: the best rate, what a send and a delivery cost, and latency at fixed shares of the best rate.

W1 is one channel of 100 connected members of whom 8 send; W2 is 200 channels of 5 with a sender each. The
same offered to the bare edge and cell (`benchmarks/bare`) gives the share.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from benchmarks import machine
from benchmarks.bare.start import bare_chat
from benchmarks.figures import Figure, Results, figures_of, quantile
from benchmarks.loops import closed_loop, faults_of, open_loop
from benchmarks.setting import Setting
from benchmarks.sockets import Member, connect

WARM_S = 2.0
TIMED = 20
SHARES = (0.3, 0.5, 0.7)
PARTS = (0.5, 0.99)
UNITS = {
    "sends": "/s",
    "deliveries": "/s",
    "cpu_per_send_us": "us",
    "cpu_per_delivery_us": "us",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """One work load: rooms, members and senders of each, unanswered sends of a sender."""

    name: str
    rooms: int
    members: int
    senders: int
    window: int


W1 = Shape("W1", 1, 100, 8, 8)
W2 = Shape("W2", 200, 5, 1, 4)


async def measure_w1(setting: Setting) -> Results:
    """One large channel."""
    return await measure(setting, W1)


async def measure_w2(setting: Setting) -> Results:
    """Many small channels."""
    return await measure(setting, W2)


async def measure(setting: Setting, shape: Shape) -> Results:
    """One shape against the demo and against the bare edge and cell."""
    rooms = await connect(setting.apis, setting.demo.choose(shape.rooms, shape.members), TIMED)
    pids = setting.demo.pids()
    results = await _runs(setting, shape, rooms, lambda: machine.cpu_s(pids))
    for room in rooms:
        for member in room:
            member.close()
    async with bare_chat(shape.rooms, shape.members, timed=TIMED) as (bare_rooms, bare_cpu_s):
        bare = await _runs(setting, shape, bare_rooms, bare_cpu_s)
    results.figures = _shared(results.figures, bare.figures)
    results.faults += [f"bare: {fault}" for fault in bare.faults]
    return results


async def _runs(
    setting: Setting, shape: Shape, rooms: Sequence[Sequence[Member]], cpu_s: Callable[[], float]
) -> Results:
    senders = [member for place in range(shape.senders) for member in (room[place] for room in rooms)]
    closed = [
        await closed_loop(rooms, senders, shape.window, WARM_S, setting.seconds, cpu_s)
        for _ in range(setting.repeat)
    ]
    figures = figures_of(shape.name, closed, UNITS)
    best = figures[0].median
    for share in SHARES:
        times_ms = []
        for _ in range(setting.repeat):
            times_us = await open_loop(rooms, senders, share * best, setting.seconds)
            times_ms.append({part: quantile(times_us, part) / 1_000 for part in PARTS})
            await asyncio.sleep(0.5)
        for part in PARTS:
            name = f"delivery at {share:.0%}, p{part * 100:.0f}"
            figures.append(Figure(shape.name, name, "ms", tuple(one[part] for one in times_ms)))
    return Results(figures, faults=[f"{shape.name}: {fault}" for fault in faults_of(rooms)])


def _shared(figures: Sequence[Figure], bare: Sequence[Figure]) -> list[Figure]:
    """The figures, each with its part of the bare one of the same name."""
    medians = {one.name: one.median for one in bare}
    return [
        replace(one, share=one.median / medians[one.name] if medians[one.name] else None) for one in figures
    ]
