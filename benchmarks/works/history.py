"""`conversations.history`, a page of 50 messages of 200 bytes over HTTP, beside a bare application on the
same server with the same bytes.
"""

import json

from benchmarks import http
from benchmarks.bare.start import bare_page
from benchmarks.figures import Results, figures_of, quantile
from benchmarks.loops import drained
from benchmarks.setting import Setting
from benchmarks.sockets import connect, now_us

PAGE = 50
CONNECTIONS = 16


async def measure(setting: Setting) -> Results:
    """Pages a second, product and bare in turn."""
    (room,) = setting.demo.choose(1, 5)
    rooms = await connect(setting.apis[:1], [room], 0)
    sender = rooms[0][0]
    for _ in range(PAGE):
        sender.send(now_us())
    await drained(rooms)
    for member in rooms[0]:
        member.close()
    api = setting.demo.apis[0]
    asked = http.request(api, "conversations.history", room.tokens[0], channel=room.channel, limit=PAGE)
    page = await http.once(api, asked)
    faults = (
        [] if len(json.loads(page)["messages"]) == PAGE else [f"history: a page is not of {PAGE} messages"]
    )
    runs, bare_runs = [], []
    async with bare_page(page) as bare_api:
        for _ in range(setting.repeat):
            runs.append(await _run(api, asked, setting.seconds))
            bare_runs.append(await _run(bare_api, asked, setting.seconds))
    bare = {name: sorted(run[name] for run in bare_runs)[len(bare_runs) // 2] for name in runs[0]}
    figures = figures_of("history", runs, {"pages": "/s", "p50_ms": "ms", "p99_ms": "ms"})
    shares = {one.name: one.median / bare[one.name] for one in figures if bare[one.name]}
    return Results(
        figures_of("history", runs, {one.name: one.unit for one in figures}, shares), faults=faults
    )


async def _run(api: str, asked: bytes, seconds: float) -> dict[str, float]:
    rate, times_us = await http.closed_loop(api, asked, CONNECTIONS, seconds)
    return {"pages": rate, "p50_ms": quantile(times_us, 0.5) / 1e3, "p99_ms": quantile(times_us, 0.99) / 1e3}
