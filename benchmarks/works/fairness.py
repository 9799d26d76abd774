"""What one workspace notices of another in the same cell: the time of its sends against the load of its
neighbour.

The neighbour offers up to fifty times what the victim sends, which is twice what the cell can take, and does
not slow down when it is refused. The victim must never be.
"""

import asyncio
from collections.abc import Sequence

from benchmarks import http
from benchmarks.figures import Curve, Figure, Results, quantile
from benchmarks.loops import closed_loop, drained, faults_of, open_loop
from benchmarks.product import Room
from benchmarks.setting import Setting
from benchmarks.sockets import Member, connect
from benchmarks.works.overload import MEMBERS, SENDERS, WARM_S, WINDOW, offered
from deploy.demo import control, registry

WORKSPACE, PERSON = "acme", "anna"
TIMES = (0, 1, 5, 10, 25, 50)
# Of the best rate: fifty times this is twice as much as the cell can take.
VICTIM_SHARE = 0.04
SETTLE_S = 1.0


async def measure(setting: Setting) -> Results:
    """One curve of both quantiles."""
    loud = await connect(setting.apis, setting.demo.choose(1, MEMBERS), 0)
    quiet = await connect(setting.apis, [await _victim(setting)], 1)
    senders, victim = loud[0][:SENDERS], quiet[0]
    best = (await closed_loop(loud, senders, WINDOW, WARM_S, setting.seconds, lambda: 0.0))["sends"]
    rate = VICTIM_SHARE * best
    curve = Curve(
        "fairness", "Sends of one workspace beside another", "load of the neighbour, times its own", "ms"
    )
    moved: list[float] = []
    for times in TIMES:
        times_us = await _beside(loud, senders, quiet, victim, times * rate, rate, setting.seconds)
        p50, p99 = (quantile(times_us, part) / 1_000 for part in (0.5, 0.99))
        curve.add(times, p50=p50, p99=p99)
        moved.append(p99)
    figures = [
        Figure("fairness", "victim's p99 alone", "ms", (moved[0],)),
        Figure("fairness", f"victim's p99 beside {TIMES[-1]}x", "ms", (moved[-1],)),
        Figure("fairness", "moved by", "x", (moved[-1] / moved[0],)),
    ]
    faults = [f"fairness: {fault}" for rooms in (loud, quiet) for fault in faults_of(rooms)]
    if refused := sum(member.refused for member in victim):
        faults.append(f"fairness: {refused} sends of the victim were refused")
    for member in (*loud[0], *victim):
        member.close()
    return Results(figures, [curve], faults)


async def _beside(
    loud: Sequence[Sequence[Member]], senders: Sequence[Member], quiet: Sequence[Sequence[Member]],
    victim: Sequence[Member], loud_rate: float, rate: float, seconds: float,
) -> list[int]:  # fmt: skip
    noise = asyncio.ensure_future(offered(loud, senders, loud_rate, seconds + 2 * SETTLE_S))
    await asyncio.sleep(SETTLE_S)
    times_us = await open_loop(quiet, victim, rate, seconds)
    await noise
    await drained(loud)
    return times_us


async def _victim(setting: Setting) -> Room:
    """A channel of its own of somebody of another workspace in the same cell."""
    demo = registry.find(setting.demo.data_dir)
    token = control.ask(demo, {"do": "token", "person": PERSON, "workspace": WORKSPACE})["token"]
    name = f"victim-{token[-6:].lower()}"
    made = await http.call(setting.apis[0], "conversations.create", token, name=name)
    return Room(made["channel"]["id"], (token,))
