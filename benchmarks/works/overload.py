"""More sends than the cell can take: what is acknowledged meanwhile, and how soon afterwards all is as
before.

A closed loop finds the best rate. Then parts and multiples of it are offered, whatever is answered, and at
last five times as much for a minute; clients do not slow down when they are refused. Everything that was sent
has to be answered, and everything acknowledged has to be with every member, once.
"""

import asyncio
import time
from collections.abc import Sequence

from benchmarks.figures import Curve, Figure, Results, quantile
from benchmarks.loops import TICK_S, closed_loop, counts, drained, faults_of, open_loop
from benchmarks.setting import Setting
from benchmarks.sockets import Member, connect, now_us

MEMBERS, SENDERS, WINDOW, TIMED = 100, 8, 8, 20
LOADS = (0.5, 1.0, 2.0, 5.0)
LONG_LOAD, LONG_S, AFTER_S = 5.0, 60.0, 10.0
CALM = 0.3
WARM_S = 2.0


async def measure(setting: Setting) -> Results:
    """One curve and one long overload."""
    rooms = await connect(setting.apis, setting.demo.choose(1, MEMBERS), TIMED)
    senders = rooms[0][:SENDERS]
    closed = [
        await closed_loop(rooms, senders, WINDOW, WARM_S, setting.seconds, lambda: 0.0)
        for _ in range(setting.repeat)
    ]
    best = Figure("overload", "best", "/s", tuple(one["sends"] for one in closed))
    curve = Curve(
        "overload", "Sends offered and acknowledged", "offered, of the best rate", "of the best rate"
    )
    figures = [best]
    for load in LOADS:
        good = await offered(rooms, senders, load * best.median, setting.seconds)
        curve.add(load, acknowledged=good / best.median)
        figures.append(Figure("overload", f"acknowledged at {load:g}x", "/s", (good,)))
    figures += await _long(rooms, senders, best.median, setting.seconds)
    faults = [f"overload: {fault}" for fault in faults_of(rooms)]
    for member in rooms[0]:
        member.close()
    return Results(figures, [curve], faults)


async def _long(
    rooms: Sequence[Sequence[Member]], senders: Sequence[Member], best: float, seconds: float
) -> list[Figure]:
    before_us = await open_loop(rooms, senders, CALM * best, seconds)
    good = await offered(rooms, senders, LONG_LOAD * best, LONG_S, drains=False)
    began_s = time.perf_counter()
    await drained(rooms)
    drained_s = time.perf_counter() - began_s
    await asyncio.sleep(max(0.0, AFTER_S - drained_s))
    after_us = await open_loop(rooms, senders, CALM * best, seconds)
    figures = [
        Figure("overload", f"acknowledged at {LONG_LOAD:g}x for {LONG_S:g} s", "of best", (good / best,)),
        Figure("overload", "until all was answered", "s", (drained_s,)),
    ]
    for name, times_us in (("before", before_us), (f"{AFTER_S:g} s after", after_us)):
        figures.append(Figure("overload", f"delivery p99 {name}", "ms", (quantile(times_us, 0.99) / 1_000,)))
    return figures


async def offered(
    rooms: Sequence[Sequence[Member]],
    senders: Sequence[Member],
    rate: float,
    seconds: float,
    *,
    drains: bool = True,
) -> float:
    """Offer so many a second, whatever is answered. Returns how many were acknowledged a second meanwhile."""
    before = counts(rooms)
    began_s = time.perf_counter()
    sent = turn = 0
    while (passed_s := time.perf_counter() - began_s) < seconds:
        due = int(passed_s * rate) - sent
        share = due // len(senders)
        for sender in senders if share else senders[turn : turn + min(due, 1)]:
            sender.send(now_us(), share or 1)
            sent += share or 1
        turn = (turn + 1) % len(senders)
        await asyncio.sleep(TICK_S)
    acknowledged, _ = counts(rooms).rate_since(before)
    if drains:
        await drained(rooms)
    return acknowledged
