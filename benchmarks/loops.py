"""Two ways to offer sends: a closed loop finds the rate, an open loop at a fixed rate finds the latency."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.sockets import Member, now_us

DRAIN_TICK_S, DRAIN_TICKS_MAX = 0.05, 600
TICK_S = 0.001


@dataclass(frozen=True, slots=True)
class Counts:
    """What members saw until a moment."""

    at_s: float
    accepted: int
    refused: int
    delivered: int

    def rate_since(self, before: "Counts") -> tuple[float, float]:
        """Accepted sends and deliveries a second."""
        passed_s = self.at_s - before.at_s
        return (self.accepted - before.accepted) / passed_s, (self.delivered - before.delivered) / passed_s


def counts(rooms: Iterable[Sequence[Member]]) -> Counts:
    """The sums over all members now."""
    members = [member for room in rooms for member in room]
    refused = sum(member.refused for member in members)
    answered = sum(member.answered for member in members)
    return Counts(
        time.perf_counter(), answered - refused, refused, sum(member.delivered for member in members)
    )


class Window:
    """Keeps one sender's window of unanswered messages full, one write for all that an arrival answered."""

    def __init__(self, member: Member, size: int) -> None:
        self._member, self._size = member, size

    def open(self) -> None:
        """Send until closed."""
        self._member.on_answers = self._again
        self._member.send(now_us(), self._size)

    def close(self) -> None:
        """Send nothing more."""
        self._member.on_answers = None

    def _again(self, answers: int) -> None:
        self._member.send(now_us(), answers)


async def closed_loop(
    rooms: Sequence[Sequence[Member]],
    senders: Sequence[Member],
    window: int,
    warm_s: float,
    seconds: float,
    cpu_s: Callable[[], float],
) -> dict[str, float]:
    """Rates with every window full, and CPU of the servers per send and per delivery."""
    windows = [Window(sender, window) for sender in senders]
    for one in windows:
        one.open()
    await asyncio.sleep(warm_s)
    before, used_s = counts(rooms), cpu_s()
    await asyncio.sleep(seconds)
    after, used_s = counts(rooms), cpu_s() - used_s
    for one in windows:
        one.close()
    await drained(rooms)
    sends, deliveries = after.rate_since(before)
    accepted, delivered = after.accepted - before.accepted, after.delivered - before.delivered
    return {
        "sends": sends,
        "deliveries": deliveries,
        "cpu_per_send_us": used_s * 1e6 / max(1, accepted),
        "cpu_per_delivery_us": used_s * 1e6 / max(1, delivered),
    }


async def open_loop(
    rooms: Sequence[Sequence[Member]], senders: Sequence[Member], rate: float, seconds: float
) -> list[int]:
    """Microseconds from each message's intended time to its arrival, at a rate; a late tick sends what was
    due.
    """
    for room in rooms:
        for member in room:
            member.times_us.clear()
    began_us = now_us()
    sent, wanted = 0, int(rate * seconds)
    while sent < wanted:
        due = min(wanted, int((now_us() - began_us) * rate / 1e6) + 1)
        for number in range(sent, due):
            senders[number % len(senders)].send(began_us + int(number * 1e6 / rate))
        sent = max(sent, due)
        await asyncio.sleep(TICK_S)
    await drained(rooms)
    return [one for room in rooms for member in room for one in member.times_us]


async def drained(rooms: Sequence[Sequence[Member]]) -> bool:
    """Wait until every send is answered and every accepted one is with every member of its room."""
    for _ in range(DRAIN_TICKS_MAX):
        if not faults_of(rooms):
            return True
        await asyncio.sleep(DRAIN_TICK_S)
    return False


def faults_of(rooms: Sequence[Sequence[Member]]) -> list[str]:
    """What is wrong with what the members saw: an end, unanswered, missing, doubled, or in another order.
    Nothing is asked of a member after its socket's end.
    """
    faults: list[str] = []
    for room in rooms:
        sent, answered = sum(member.sent for member in room), sum(member.answered for member in room)
        accepted = answered - sum(member.refused for member in room)
        if sent != answered:
            faults.append(f"{sent - answered} sends without an answer")
        ended = sum(member.lost.done() for member in room)
        if ended:
            faults.append(f"{ended} of {len(room)} sockets ended")
        seen = [member.delivered for member in room if not member.lost.done()] or [accepted]
        if min(seen) < accepted:
            faults.append(f"{accepted - min(seen)} of {accepted} messages missing")
        if max(seen) > accepted:
            faults.append(f"{max(seen) - accepted} more than the {accepted} accepted messages")
        if len({member.order for member in room if member.timed and member.delivered == accepted}) > 1:
            faults.append("members of one room saw two orders")
    return faults
