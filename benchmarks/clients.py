"""Clients of a measurement: many sockets in one process, as light as Python can have them."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import httpx2
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

MARK = b"~AT:"
CONNECTS_AT_ONCE = 16


@dataclass
class Tally:
    """What all clients saw. Times in microseconds of one monotonic clock."""

    acked: int = 0
    delivered: int = 0
    refused: int = 0
    ack_us: list[int] = field(default_factory=list)
    delivery_us: list[int] = field(default_factory=list)


def now_us() -> int:
    """Microseconds of the process's monotonic clock."""
    return time.perf_counter_ns() // 1_000


class Member(WSListener):
    """One member's socket. Counts what comes; a sender is told of each answer by `on_ack`."""

    def __init__(self, tally: Tally, *, timed: bool) -> None:
        self.tally = tally
        self.timed = timed
        self.transport: WSTransport | None = None
        self.hello: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sent_us: dict[int, int] = {}
        self.on_ack: Callable[[], None] | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The socket is open."""
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """One frame: hello, an answer, or an event."""
        del transport
        if frame.msg_type != WSMsgType.TEXT:
            return
        data = frame.get_payload_as_bytes()
        if b'"reply_to":' in data:
            self._answered(data)
        elif MARK in data:
            self.tally.delivered += 1
            if self.timed:
                place = data.index(MARK) + len(MARK)
                self.tally.delivery_us.append(now_us() - int(data[place : place + 16]))
        elif b'"hello"' in data and not self.hello.done():
            self.hello.set_result(None)

    def send(self, number: int, channel: str, run: str) -> None:
        """Send one message of 200 bytes with its time of sending in it."""
        assert self.transport is not None
        self.sent_us[number] = now_us()
        body = f"~AT:{self.sent_us[number]:016d}".ljust(200, "x")
        frame = (
            f'{{"id":{number},"type":"message","channel":"{channel}",'
            f'"client_msg_id":"{run}-{number}","text":"{body}"}}'
        )
        self.transport.send(WSMsgType.TEXT, frame.encode())

    def _answered(self, data: bytes) -> None:
        answer = json.loads(data)
        sent_us = self.sent_us.pop(answer["reply_to"], None)
        if answer.get("ok") and sent_us is not None:
            self.tally.acked += 1
            self.tally.ack_us.append(now_us() - sent_us)
        else:
            self.tally.refused += 1
        if self.on_ack is not None:
            self.on_ack()


async def connect(api: str, tokens: list[str], tally: Tally, timed: int) -> list[Member]:
    """Open a socket for each token, in order; the first `timed` of them measure deliveries."""
    gate = asyncio.Semaphore(CONNECTS_AT_ONCE)
    async with httpx2.AsyncClient(timeout=30.0) as client:

        async def one(place: int, token: str) -> Member:
            async with gate:
                answer = await client.post(api + "rtm.connect", headers={"Authorization": f"Bearer {token}"})
                url = answer.json()["url"]
                member = Member(tally, timed=place < timed)
                await ws_connect(lambda: member, url)
                await asyncio.wait_for(member.hello, 30)
                return member

        waiting: list[Awaitable[Member]] = [one(place, token) for place, token in enumerate(tokens)]
        return list(await asyncio.gather(*waiting))
