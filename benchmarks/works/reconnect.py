"""Everybody comes back after a restart of the home cell: clients that resume, and wait as long as the server
told them.

Four of five members of each room are away while the fifth sends. Then the cell is killed and started. From
the moment at which it is ready all ask for a ticket, open a socket with their resume token and wait until
they hold what they missed. Whoever had a socket when the cell died was given a moment to return; the others
draw theirs up to the largest of those.
"""

import asyncio
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import http
from benchmarks.figures import Results, figures_of, quantile
from benchmarks.loops import drained
from benchmarks.product import Room
from benchmarks.setting import Setting
from benchmarks.sockets import Member, connect, now_us, open_socket

MEMBERS = 5
MISSED = 20
MARK_S_MAX = 60
BACK_S_MAX = 120.0
PAUSE_S = 0.1
RESUME = re.compile(rb'"x_resume":"([^"]+)"')
RETRY = re.compile(rb'"x_retry_ms":(\d+)')
UNITS = {
    "down_s": "s",
    "back_p50_s": "s",
    "back_p99_s": "s",
    "all_back_s": "s",
    "attempts_max": "",
    "resynced": "",
}


@dataclass
class _Client:
    """One client over its sockets: the newest resume token, and when it may return."""

    room: Room
    token: str
    resume: str = ""
    retry_ms: int | None = None
    attempts: int = 1
    has: int = 0
    resynced: bool = False

    def hear(self, data: bytes) -> None:
        """Keep what the server says about coming back."""
        if found := RESUME.findall(data):
            self.resume = found[-1].decode()
        if told := RETRY.search(data):
            self.retry_ms = int(told[1])
        self.resynced |= b'"x_resync":true' in data


async def measure(setting: Setting) -> Results:
    """One restart per run."""
    chosen = setting.demo.choose(setting.clients // MEMBERS, MEMBERS)
    runs = [await _run(setting, chosen) for _ in range(setting.repeat)]
    faults = [f"reconnect: {run['resynced']:.0f} clients could not resume" for run in runs if run["resynced"]]
    return Results(figures_of("reconnect", runs, UNITS), faults=faults)


async def _run(setting: Setting, chosen: Sequence[Room]) -> dict[str, float]:
    rooms = await connect(setting.apis, chosen, 0)
    clients = [[_Client(room, token) for token in room.tokens] for room in chosen]
    for members, known in zip(rooms, clients, strict=True):
        for member, client in zip(members, known, strict=True):
            member.on_text = client.hear
    # With traffic a mark comes every five seconds; whoever leaves without one could not resume.
    await _say(rooms)
    for _ in range(MARK_S_MAX):
        await asyncio.sleep(1.0)
        if all(client.resume for known in clients for client in known):
            break
    else:
        raise TimeoutError("not every client was given a resume token")
    for members in rooms:
        for member in members[1:]:
            member.close()
    await asyncio.sleep(1.0)
    for _ in range(MISSED):
        await _say([members[:1] for members in rooms])
    down_s = await asyncio.to_thread(setting.demo.restart, setting.demo.home)
    ready_s = time.perf_counter()
    told_ms = [client.retry_ms for known in clients for client in known if client.retry_ms is not None]
    chance = random.SystemRandom()
    members_back: list[Member] = []

    async def back(client: _Client, place: int) -> float:
        told = client.retry_ms
        wait_s = (told if told is not None else chance.uniform(0, max(told_ms, default=1_000))) / 1_000
        while True:
            await asyncio.sleep(wait_s)
            try:
                member = await _resume(setting.apis[place % len(setting.apis)], client)
                members_back.append(member)
                try:
                    await member.has(MISSED - client.has if place % MEMBERS else 0)
                finally:
                    client.has += member.delivered
                return time.perf_counter() - ready_s
            except (OSError, ValueError, TimeoutError):
                client.attempts += 1
                wait_s = PAUSE_S * (0.5 + chance.random())

    flat = [client for known in clients for client in known]
    async with asyncio.timeout(BACK_S_MAX):
        times_s = await asyncio.gather(*(back(client, place) for place, client in enumerate(flat)))
    for member in members_back:
        member.close()
    return {
        "down_s": down_s,
        "back_p50_s": quantile(times_s, 0.5),
        "back_p99_s": quantile(times_s, 0.99),
        "all_back_s": max(times_s),
        "attempts_max": float(max(client.attempts for client in flat)),
        "resynced": float(sum(client.resynced for client in flat)),
    }


async def _resume(api: str, client: _Client) -> Member:
    """A ticket, and a socket that goes on where the client's last one ended. Raises OSError, TimeoutError."""
    url = (await http.call(api, "rtm.connect", client.token))["url"]
    member = Member()
    member.on_text = client.hear
    await open_socket(f"{url}{'&' if '?' in url else '?'}x_resume={client.resume}", member)
    return member


async def _say(rooms: Sequence[Sequence[Member]]) -> None:
    """One message in each room. Raises ConnectionError when one is refused, or is not with everybody in
    time.
    """
    for members in rooms:
        members[0].send(now_us())
    if not await drained(rooms) or any(members[0].refused for members in rooms):
        raise ConnectionError("a message of the preparation was refused, or told to nobody")
