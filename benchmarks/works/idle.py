"""Memory of an idle connected client: what all the demo's processes grow by, per socket. Wants a fresh
demo.
"""

import asyncio

from benchmarks import machine
from benchmarks.figures import Results, figures_of
from benchmarks.setting import Setting
from benchmarks.sockets import connect

MEMBERS = 5
SETTLE_S = 5.0


async def measure(setting: Setting) -> Results:
    """One run; a second one would find the memory of the first still there."""
    rooms = setting.demo.choose(setting.clients // MEMBERS, MEMBERS)
    before_kb = machine.memory_kb(setting.demo.pids())
    members = await connect(setting.apis, rooms, 0)
    await asyncio.sleep(SETTLE_S)
    grown_kb = machine.memory_kb(setting.demo.pids()) - before_kb
    for room in members:
        for member in room:
            member.close()
    return Results(
        figures_of("idle", [{"per_client_kb": grown_kb / (len(rooms) * MEMBERS)}], {"per_client_kb": "kB"})
    )
