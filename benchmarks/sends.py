"""Sends a second and latency through edge and cell, against a running demo with `--load`.

    python -m deploy demo --no-latency --rate-limits off --load 100:1:100,1000:200:5
    python -m benchmarks.sends              (in another terminal, with the demo's own environment)

W1 is one channel of 100 connected members and 8 senders; W2 is 200 channels of 5 with one sender each. A
closed loop finds
the rate; an open loop at 70 % of it finds the latency from the intended time of sending. The clients are
Python and share
the machine, so absolute figures belong to this machine and this client; compare only within one run.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import uuid
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.clients import Member, Tally, connect
from deploy.demo import control, registry

WORKS = {"W1": (1, 100, 8, 8), "W2": (200, 5, 1, 4)}
TIMED_MEMBERS = 20
OPEN_SHARE = 0.7


class Sender:
    """One member who sends: with a window of unanswered messages, or at given times."""

    def __init__(self, member: Member, channel: str, window: int) -> None:
        self._member = member
        self._channel = channel
        self._window = window
        self._run = uuid.uuid4().hex[:12]
        self._number = 0
        self._closed = True

    def open_window(self) -> None:
        """Keep the window full until `close`."""
        self._closed = False
        self._member.on_ack = self._next
        for _ in range(self._window):
            self._next()

    def close(self) -> None:
        """Send nothing more."""
        self._closed = True

    def one(self) -> None:
        """Send one message now."""
        self._number += 1
        self._member.send(self._number, self._channel, self._run)

    def _next(self) -> None:
        if not self._closed:
            self.one()


async def closed_loop(senders: list[Sender], tally: Tally, warm_s: float, measure_s: float) -> dict[str, Any]:
    """The rate with every window full."""
    for sender in senders:
        sender.open_window()
    await asyncio.sleep(warm_s)
    before = (tally.acked, tally.delivered)
    tally.ack_us.clear()
    await asyncio.sleep(measure_s)
    rate = (tally.acked - before[0]) / measure_s
    deliveries = (tally.delivered - before[1]) / measure_s
    times = list(tally.ack_us)
    for sender in senders:
        sender.close()
    await asyncio.sleep(1.0)
    return {"sends_s": round(rate), "deliveries_s": round(deliveries), "ack_ms": quantiles(times)}


async def open_loop(senders: list[Sender], tally: Tally, rate: float, measure_s: float) -> dict[str, Any]:
    """Latency at a fixed rate; a late tick sends what was due."""
    loop = asyncio.get_running_loop()
    for times in (tally.ack_us, tally.delivery_us):
        times.clear()
    began_s, sent = loop.time(), 0
    while (passed_s := loop.time() - began_s) < measure_s:
        due = int(passed_s * rate)
        while sent < due:
            senders[sent % len(senders)].one()
            sent += 1
        await asyncio.sleep(0.001)
    await asyncio.sleep(1.0)
    return {
        "rate": round(rate),
        "ack_ms": quantiles(tally.ack_us),
        "delivery_ms": quantiles(tally.delivery_us),
    }


def quantiles(times_us: list[int]) -> dict[str, float]:
    """p50, p99 and the largest, in milliseconds."""
    ordered = sorted(times_us) or [0]
    return {
        "p50": ordered[len(ordered) // 2] / 1_000,
        "p99": ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] / 1_000,
        "max": ordered[-1] / 1_000,
    }


async def measure(work: str, api: str, load: dict[str, Any], seconds: float) -> dict[str, Any]:
    """One work load. Raises LookupError when the demo's load does not fit it."""
    rooms, members, senders_each, window = WORKS[work]
    tokens = {person["user_id"]: person["token"] for person in load["people"]}
    channels = [channel for channel in load["channels"] if len(channel["members"]) >= members]
    channels = sorted(channels, key=lambda channel: len(channel["members"]))[:rooms]
    if len(channels) < rooms:
        raise LookupError(f"{work} needs {rooms} channels of {members}: start the demo with a larger --load")
    tally = Tally()
    chosen = [(channel["id"], tokens[user]) for channel in channels for user in channel["members"][:members]]
    sockets = await connect(api, [token for _, token in chosen], tally, TIMED_MEMBERS)
    senders = [
        Sender(sockets[room * members + place], channels[room]["id"], window)
        for room in range(rooms)
        for place in range(senders_each)
    ]
    closed = await closed_loop(senders, tally, 1.0, seconds)
    opened = await open_loop(senders, tally, closed["sends_s"] * OPEN_SHARE, seconds)
    for socket in sockets:
        if socket.transport is not None:
            socket.transport.disconnect()
    return {"work": work, "sockets": len(sockets), **closed, "open": opened, "refused": tally.refused}


def table(rows: list[dict[str, Any]]) -> str:
    """The results for people."""
    heads = f"{'ack p50/p99 ms':>18}{'at 70 %: delivery p50/p99 ms':>31}"
    lines = [f"{'work':<5}{'sends/s':>9}{'deliveries/s':>14}{heads}"]
    for row in rows:
        ack, delivery = row["ack_ms"], row["open"]["delivery_ms"]
        lines.append(
            f"{row['work']:<5}{row['sends_s']:>9}{row['deliveries_s']:>14}"
            f"{ack['p50']:>10.1f} /{ack['p99']:>6.1f}{delivery['p50']:>22.1f} /{delivery['p99']:>7.1f}"
        )
    return "\n".join(lines)


def main() -> int:
    """Measure and print. Returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("works", nargs="*", default=list(WORKS), choices=list(WORKS), metavar="W1|W2")
    parser.add_argument(
        "--api", help="address of an edge's API, ends in /api/; default: the demo's first edge"
    )
    parser.add_argument("--data", type=Path, help="data folder of the demo, when several run")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    given = parser.parse_args()
    try:
        demo = registry.find(given.data)
        load = json.loads((demo.data_dir / "load.json").read_text(encoding="utf-8"))
    except (registry.NoDemoError, OSError) as error:
        sys.stderr.write(f"{error}; start one with --load 100:1:100,1000:200:5\n")
        return 2
    api = given.api or first_api(demo)
    try:
        rows = [uvloop.run(measure(work, api, load, given.seconds)) for work in given.works]
    except LookupError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    facts = {"machine": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    sys.stdout.write(
        json.dumps({"machine": facts, "results": rows}) + "\n" if given.json else table(rows) + "\n"
    )
    return 0


def first_api(demo: registry.Running) -> str:
    """The API of the first edge, as `status` shows it."""
    rows = control.ask(demo, {"do": "status"})["processes"]
    address = next(row["address"] for row in rows if row["plane"] == "edge")
    return f"{address}/api/"


if __name__ == "__main__":
    sys.exit(main())
