"""What one workspace notices of another in the same cell: the time of its sends against the load of its
neighbour.

The neighbour offers up to fifty times what the victim sends, which is twice what the cell can take, and does
not slow down when it is refused. The victim must never be.

Elsewhere a neighbour's clients have machines of their own. Here they are a process of their own that the
system runs last: the victim's times are not those of its neighbour's hundred readers.
"""

import asyncio
import time
from collections.abc import Sequence

from benchmarks import http
from benchmarks.figures import Curve, Figure, Results, quantile
from benchmarks.loops import closed_loop, faults_of, open_loop
from benchmarks.product import Room
from benchmarks.setting import Setting
from benchmarks.sockets import Member, connect
from benchmarks.works.neighbour import Neighbour
from benchmarks.works.overload import MEMBERS
from deploy.demo import control, registry

WORKSPACE, PERSON = "acme", "anna"
TIMES = (0, 1, 5, 10, 25, 50)
# Of the best rate: fifty times this is twice as much as the cell can take.
VICTIM_SHARE = 0.04
SETTLE_S = 1.0


async def measure(setting: Setting) -> Results:
    """One curve of both quantiles."""
    neighbour = Neighbour(setting.apis, setting.demo.choose(1, MEMBERS)[0])
    best = await neighbour.best(setting.seconds)
    quiet = await connect(setting.apis, [await _victim(setting)], 1)
    rate = VICTIM_SHARE * best
    await closed_loop(quiet, quiet[0], 1, 0.0, SETTLE_S, lambda: 0.0)
    curve = Curve(
        "fairness", "Sends of one workspace beside another", "load of the neighbour, times its own", "ms"
    )
    figures = [Figure("fairness", "victim's rate", "/s", (rate,))]
    moved: list[float] = []
    for times in TIMES:
        offering = asyncio.ensure_future(neighbour.offer(times * rate, setting.seconds + 2 * SETTLE_S))
        await asyncio.sleep(SETTLE_S)
        times_us = await open_loop(quiet, quiet[0], rate, setting.seconds)
        offered, acknowledged = await offering
        p50, p99 = (quantile(times_us, part) / 1_000 for part in (0.5, 0.99))
        curve.add(times, p50=p50, p99=p99)
        moved.append(p99)
        beside = f"{times}x" if times else "nobody"
        figures.append(Figure("fairness", f"victim's p99 beside {beside}", "ms", (p99,)))
        if times:
            figures.append(Figure("fairness", f"neighbour at {times}x, offered", "/s", (offered,)))
            figures.append(Figure("fairness", f"neighbour at {times}x, acknowledged", "/s", (acknowledged,)))
    figures.append(Figure("fairness", "moved by", "x", (moved[-1] / moved[0],)))
    faults = [f"fairness: {fault}" for fault in (*await neighbour.end(), *_faults(quiet))]
    for member in quiet[0]:
        member.close()
    return Results(figures, [curve], faults)


def _faults(quiet: Sequence[Sequence[Member]]) -> list[str]:
    refused = sum(member.refused for member in quiet[0])
    return faults_of(quiet) + ([f"{refused} sends of the victim were refused"] if refused else [])


async def _victim(setting: Setting) -> Room:
    """A channel of its own of somebody of another workspace in the same cell."""
    demo = registry.find(setting.demo.data_dir)
    token = control.ask(demo, {"do": "token", "person": PERSON, "workspace": WORKSPACE})["token"]
    # New each time: a demo may be measured more than once.
    name = f"victim-{time.time_ns():x}"
    made = await http.call(setting.apis[0], "conversations.create", token, name=name)
    return Room(made["channel"]["id"], (token,))
