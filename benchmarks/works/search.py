"""`search.messages` over HTTP, for a word that many messages have and for one that none has."""

from benchmarks import http
from benchmarks.figures import Results, figures_of, quantile
from benchmarks.setting import Setting

CONNECTIONS = 4
UNITS = {"common_s": "/s", "common_p99_ms": "ms", "absent_s": "/s", "absent_p99_ms": "ms"}
QUERIES = {"common": "xxxxx*", "absent": "zyxwvut"}


async def measure(setting: Setting) -> Results:
    """Answers a second."""
    (room,) = setting.demo.choose(1, 5)
    api = setting.demo.apis[0]
    runs = []
    for _ in range(setting.repeat):
        run: dict[str, float] = {}
        for name, query in QUERIES.items():
            asked = http.request(api, "search.messages", room.tokens[0], query=query, count=20)
            rate, times_us = await http.closed_loop(api, asked, CONNECTIONS, setting.seconds)
            run |= {f"{name}_s": rate, f"{name}_p99_ms": quantile(times_us, 0.99) / 1e3}
        runs.append(run)
    return Results(figures_of("search", runs, UNITS))
