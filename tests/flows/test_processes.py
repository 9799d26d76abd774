"""Two API processes of one cell are one cell: either takes posts, both tell them, and one is enough."""

import asyncio
import contextlib
import json
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from accord.wire.cell.v1 import gateway_pb2 as wire
from tests.support.clients import Plain, whole_history
from tests.support.federation import RunningDemo
from tests.support.listening import frames_told_wrongly
from tests.support.load import Load
from tests.support.rooms import person, room
from tests.support.scheduling import AHEAD_S, require_once, said, schedule
from tests.support.sockets import open_socket, socket_url
from tests.support.waiting import until
from tests.support.wire import EdgeStream, channel, own_certificate


@pytest.fixture(scope="module")
def pair() -> Iterator[RunningDemo]:
    """One cell of two API processes."""
    options = ("--cells", "de-fra", "--processes", "2", "--rate-limits", "off", "--no-latency")
    with RunningDemo(*options) as running:
        yield running


def pids(demo: RunningDemo) -> dict[str, int]:
    """Process name to id, as they are now."""
    rows_now = demo.companion("status")["processes"]
    return {row["name"]: row["pid"] for row in rows_now if row["plane"] == "regional_cell"}


def addresses(demo: RunningDemo) -> list[str]:
    """Where each API process listens: the first as the ready line says, the second as it was started."""
    environ = Path(f"/proc/{pids(demo)['de-fra/2']}/environ").read_bytes().split(b"\0")
    second = next(item for item in environ if item.startswith(b"COLINK_LISTEN__GRPC="))
    return [demo.cell("de-fra")["grpc"], second.decode().partition("=")[2]]


@contextlib.asynccontextmanager
async def streams(demo: RunningDemo) -> AsyncIterator[list[EdgeStream]]:
    """A stream to each process, as the edge would open them."""
    mtls = own_certificate(Path(demo.edge("fra")["data_dir"]).parent, "edge")
    async with contextlib.AsyncExitStack() as stack:
        made = []
        for address in addresses(demo):
            opened = await stack.enter_async_context(channel(demo, address, "de-fra", mtls))
            stream = EdgeStream(opened)
            await stream.hello("fra", "DE", "eu-central-1")
            made.append(stream)
        yield made


async def heard(stream: EdgeStream, texts: set[str]) -> list[dict[str, Any]]:
    """Event frames of a stream until all texts were told."""
    told: list[dict[str, Any]] = []
    async with asyncio.timeout(15):
        while texts - {frame.get("text") for frame in told}:
            event = (await stream.until("event")).event
            start = event.data.index(b"{")
            told.append(json.loads(event.data[start:]))
    return told


async def test_posts_through_either_process_reach_the_sockets_of_both(pair: RunningDemo) -> None:
    anna, jonas = person(pair), person(pair, place=1)
    place, team = room(pair, anna, jonas), pair.workspace("acme")["id"]
    assert len(pair.cell("de-fra")["processes"]) == 2
    async with streams(pair) as both:
        with open_socket(pair.edge("fra"), jonas.token) as socket:
            for number, stream in enumerate(both):
                ticket = socket_url(pair.edge("fra"), jonas.token).rpartition("/")[2]
                opening = wire.OpenSocket(socket=900 + number, ticket=ticket, epoch=1, viewer_country="DE")
                await stream.send(wire.EdgeFrame(open_socket=opening))
                await stream.until("socket_opened")
            posted = []
            for number in range(10):
                text = f"through {number % 2}, {number}"
                body = {"channel": place, "text": text, "client_msg_id": str(uuid.uuid4())}
                answer = await both[number % 2].call(
                    anna.token, team, 1, "chat.postMessage", json.dumps(body).encode()
                )
                assert json.loads(answer.body)["ok"] is True, answer.body
                posted.append(text)
            for stream in both:
                told = await heard(stream, set(posted))
                assert [frame["text"] for frame in told if frame.get("text") in posted] == posted
                assert frames_told_wrongly((told, "")) == []
            await asyncio.to_thread(socket.message, posted[-1])
            own = [frame["text"] for frame in socket.frames if frame.get("text") in posted]
            assert own == posted
    with Plain(pair.edge("fra"), jonas.token) as plain:
        shown = [message["text"] for message in whole_history(plain, place)]
    assert shown[: len(posted)] == posted[::-1]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["de-fra", "de-fra/2"])
def test_the_other_process_goes_on_when_one_is_killed(pair: RunningDemo, name: str) -> None:
    with Load(pair, "F01", edges=("fra",)) as load:
        with load.fault("kill", name):
            # The companion takes a name of the cell for all of its processes.
            os.kill(pids(pair)[name], signal.SIGKILL)
            assert pair.wait_for("exited", 10)["of"] == name
            load.goes_on()
            pair.companion("start", "de-fra")
        load.goes_on()
    assert load.verdict().violations == [], load.story


@pytest.mark.timeout(900)
def test_scheduled_messages_are_posted_once_when_the_process_that_posts_them_is_killed(
    pair: RunningDemo,
) -> None:
    owner = person(pair)
    place = room(pair, owner)
    texts = schedule(pair, owner, place, int(time.time()) + AHEAD_S)
    until(lambda: said(pair, owner, place), 60, "the first is posted")
    os.kill(leader(pair), signal.SIGKILL)
    pair.wait_for("exited", 10)
    require_once(pair, owner, place, texts)
    pair.companion("start", "de-fra")


def leader(demo: RunningDemo) -> int:
    """The process that holds the lead (Linux): it has the lock's file open."""
    for pid in pids(demo).values():
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if os.readlink(entry).endswith("/run/leader.lock"):
                    return pid
    raise AssertionError("no process leads")


async def test_sockets_of_one_process_hear_of_presence_and_whispers_at_the_other(pair: RunningDemo) -> None:
    anna, jonas = person(pair), person(pair, place=1)
    place, team = room(pair, anna, jonas), pair.workspace("acme")["id"]
    async with streams(pair) as both:
        for number, (stream, who) in enumerate(zip(both, (anna, jonas), strict=True)):
            ticket = socket_url(pair.edge("fra"), who.token).rpartition("/")[2]
            opening = wire.OpenSocket(socket=800 + number, ticket=ticket, epoch=1, viewer_country="DE")
            await stream.send(wire.EdgeFrame(open_socket=opening))
            await stream.until("socket_opened")
        asked = json.dumps({"type": "presence_sub", "ids": [jonas.user]}).encode()
        await both[0].send(wire.EdgeFrame(socket_frame=wire.SocketFrame(socket=800, data=asked)))
        change = {"type": "presence_change", "presence": "active", "user": jonas.user}
        assert change in await own_frames(both[0], change)
        body = {"channel": place, "user": jonas.user, "text": "psst"}
        answer = await both[0].call(anna.token, team, 1, "chat.postEphemeral", json.dumps(body).encode())
        ts = json.loads(answer.body)["message_ts"]
        frames = await own_frames(both[1], {"ts": ts})
        assert [frame["text"] for frame in frames if frame.get("ts") == ts] == ["psst"]
        away = await both[1].call(jonas.token, team, 1, "users.setPresence", b'{"presence":"away"}')
        assert json.loads(away.body) == {"ok": True}
        gone = {**change, "presence": "away"}
        assert gone in await own_frames(both[0], gone)
        shown = await both[0].call(
            anna.token, team, 1, "users.getPresence", json.dumps({"user": jonas.user}).encode()
        )
        assert json.loads(shown.body)["presence"] == "away"
        auto = await both[0].call(jonas.token, team, 1, "users.setPresence", b'{"presence":"auto"}')
        assert json.loads(auto.body) == {"ok": True}


async def own_frames(stream: EdgeStream, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """Frames for single sockets, until one has these members."""
    told: list[dict[str, Any]] = []
    async with asyncio.timeout(40):
        while not any(wanted.items() <= frame.items() for frame in told):
            data = (await stream.until("socket_frame")).socket_frame.data
            told.append(json.loads(data[data.index(b"{") :]))
    return told
