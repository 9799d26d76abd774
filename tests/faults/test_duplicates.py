"""What is delivered more than once, in another order or too late has one effect."""

import asyncio
import json
import random
import uuid
from collections import defaultdict
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from accord.wire.cell.v1 import gateway_pb2 as wire
from tests.support.clients import Plain, whole_history
from tests.support.device import shown
from tests.support.federation import RunningDemo
from tests.support.load import Load
from tests.support.rooms import person, room
from tests.support.sockets import open_socket
from tests.support.wire import EdgeStream, certificate, channel

TRY_AGAIN = {"service_unavailable", "fatal_error", "ratelimited"}
COPIES_MAX, MOVED_MAX = 5, 100
ANSWERED_S_MAX, EACH_S_MAX, PAUSE_S, DEADLINE_MS = 120.0, 0.1, 0.5, 60_000
EDGES = (("fra", "DE", "eu-central-1"), ("iad", "US", "us-east-1"))
CALL_EPOCH, PAST, FUTURE = 1, 0, 2
Answered = dict[str, Any]


@dataclass(slots=True)
class Copies:
    """One call, its copies and what they were answered; `epochs`: what each copy says."""

    method: str
    arguments: dict[str, Any]
    epochs: list[int]
    answers: list[tuple[int, Answered]] = field(default_factory=list)

    @property
    def done(self) -> list[Answered]:
        """Those of the current epoch that settle it; others were refused for now, or are unknown."""
        said = [answer for epoch, answer in self.answers if epoch == CALL_EPOCH]
        return [answer for answer in said if answer.get("error") not in TRY_AGAIN]


class Astray:
    """Streams of two edges that deliver calls again, in another order and at other epochs."""

    def __init__(self, token: str, resident: str, dice: random.Random) -> None:
        self._token, self._resident, self._dice = token, resident, dice
        self._streams: list[EdgeStream] = []

    async def open(self, demo: RunningDemo, stack: AsyncExitStack) -> None:
        """Connect both."""
        for edge, *where in EDGES:
            mtls = certificate(demo, edge, "edge")
            opened = await stack.enter_async_context(
                channel(demo, demo.cell("de-fra")["grpc"], "de-fra", mtls)
            )
            stream = EdgeStream(opened)
            await stream.hello(edge, *where)
            self._streams.append(stream)

    def copies(self, method: str, **arguments: Any) -> Copies:
        """One to five of the current epoch, and perhaps some of another."""
        epochs = [CALL_EPOCH] * self._dice.randint(1, COPIES_MAX)
        return Copies(
            method, arguments, epochs + self._dice.choices((PAST, FUTURE), k=self._dice.randint(0, 2))
        )

    async def deliver(self, calls: list[Copies]) -> None:
        """All copies of these calls, and then one of those that no copy settled, until one does."""
        async with asyncio.timeout(ANSWERED_S_MAX + EACH_S_MAX * len(calls)):
            await self._deliver_once(calls)
            while calls := [call for call in calls if not call.done]:
                await asyncio.sleep(PAUSE_S)
                for call in calls:
                    call.epochs = [CALL_EPOCH]
                await self._deliver_once(calls)

    async def _deliver_once(self, calls: list[Copies]) -> None:
        """Each copy up to a hundred places from where it belongs, until all are answered."""
        mixed = sorted(
            (
                (at + self._dice.uniform(0, MOVED_MAX), call, epoch)
                for at, call in enumerate(calls)
                for epoch in call.epochs
            ),
            key=lambda row: row[0],
        )
        waiting: list[dict[int, tuple[Copies, int]]] = [{} for _ in self._streams]
        batches: list[list[wire.EdgeFrame]] = [[] for _ in self._streams]
        for _, call, epoch in mixed:
            place = self._dice.randrange(len(self._streams))
            body = json.dumps(call.arguments).encode()
            number, frames = self._streams[place].frames_of(
                self._token, self._resident, epoch, call.method, body, DEADLINE_MS
            )
            waiting[place][number] = (call, epoch)
            batches[place] += frames
        async with asyncio.TaskGroup() as tasks:
            for stream, frames, numbers in zip(self._streams, batches, waiting, strict=True):
                tasks.create_task(stream.send(*frames))
                tasks.create_task(self._answers(stream, numbers))

    @staticmethod
    async def _answers(stream: EdgeStream, waiting: dict[int, tuple[Copies, int]]) -> None:
        while waiting:
            answer = (await stream.until("answer")).answer
            call, epoch = waiting.pop(answer.id)
            call.answers.append((epoch, json.loads(answer.body)))


@pytest.mark.fault("F18")
@pytest.mark.parametrize(
    "count", [60, pytest.param(3_000, marks=[pytest.mark.long, pytest.mark.timeout(1_500)])]
)
def test_calls_that_come_again_in_another_order_and_late_have_one_effect(
    hurt: RunningDemo, fault: str, count: int
) -> None:
    """Under load: each call up to five times over the streams of two edges, up to a hundred places early or
    late, also for an epoch that is over or was never. One key is one message and all its answers are alike;
    what comes for another epoch does nothing; who comes after a deletion changes nothing. The verdict is
    clean.
    """
    with Load(hurt, fault, writers=2, pause_s=0.05) as load:
        with load.fault("again, late, for other epochs", "fra, iad to de-fra"):
            asyncio.run(deliver(hurt, load, count))
        load.goes_on()
    assert load.verdict().violations == [], load.story


async def deliver(demo: RunningDemo, load: Load, count: int) -> None:
    """Posts, edits and deletions of one person, recorded; then all of it again."""
    author, where = load.people[0], load.channels[0]
    resident, dice = str(demo.workspace("acme")["id"]), random.Random(f"{count}")
    about = {"device": "astray", "user": author.user, "workspace": resident, "channel": where}
    async with AsyncExitStack() as stack:
        astray = Astray(author.token, resident, dice)
        await astray.open(demo, stack)
        posts, keys = list[Copies](), [str(uuid.uuid4()) for _ in range(count)]
        begun = []
        for number, key in enumerate(keys):
            text = f"again {number} {uuid.uuid4().hex[:10]}"
            posts.append(astray.copies("chat.postMessage", channel=where, text=text, client_msg_id=key))
            begun.append(load.recorder.begin("send", f"astray {key}", **about, key=key, value=shown(text)))
        await astray.deliver(posts)
        for post, number in zip(posts, begun, strict=True):
            assert {answer["ok"] for answer in post.done} == {True}, post
            (ts,) = {answer["ts"] for answer in post.done}
            load.recorder.end(number, "send", "ok", ts=ts)
            refused_elsewhere(post)
        gone = posts[: count // 2]
        deletions = [astray.copies("chat.delete", channel=where, ts=post.done[0]["ts"]) for post in gone]
        begun = [
            load.recorder.begin(
                "delete", f"astray deletes {one.arguments['ts']}", **about, ts=one.arguments["ts"]
            )
            for one in deletions
        ]
        await astray.deliver(deletions)
        for deletion, number in zip(deletions, begun, strict=True):
            # The first to come does it, the others find nothing.
            assert {answer.get("error", "") for answer in deletion.done} <= {"", "message_not_found"}
            load.recorder.end(number, "delete", "ok")
            refused_elsewhere(deletion)
        late = [astray.copies("chat.postMessage", **post.arguments) for post in posts]
        edits = [
            astray.copies("chat.update", channel=where, ts=post.done[0]["ts"], text="nobody says this")
            for post in gone
        ]
        await astray.deliver([*late, *edits])
        for post, again in zip(posts, late, strict=True):
            assert {answer.get("ts", post.done[0]["ts"]) for answer in again.done} == {post.done[0]["ts"]}
        assert {answer["ok"] for edit in edits for answer in edit.done} == {False}


def refused_elsewhere(call: Copies) -> None:
    """What came for another epoch was told that this cell is not the home then."""
    others = [answer for epoch, answer in call.answers if epoch != CALL_EPOCH]
    assert all(answer == {"ok": False, "error": "service_unavailable"} for answer in others), others


@pytest.mark.fault("F18")
def test_a_frame_that_a_socket_says_again_is_one_message(hurt: RunningDemo) -> None:
    """The very frame five times over one socket, and under the same key over another edge: one message."""
    author, told = person(hurt), defaultdict[str, set[str]](set)
    where, keys = room(hurt, author), [str(uuid.uuid4()) for _ in range(10)]
    for edge in ("fra", "iad"):
        with open_socket(hurt.edge(edge), author.token) as socket:
            for number, key in enumerate(keys, 1):
                said = {"id": number, "type": "message", "channel": where, "client_msg_id": key}
                for _ in range(COPIES_MAX):
                    socket.send(json.dumps({**said, "text": f"said again {number}"}))
            for _ in range(len(keys) * COPIES_MAX):
                reply = socket.until(lambda frame: "reply_to" in frame, ANSWERED_S_MAX)
                assert reply["ok"] is True, reply
                told[keys[reply["reply_to"] - 1]].add(reply["ts"])
    with Plain(hurt.edge("iad"), author.token) as plain:
        found = {m["client_msg_id"]: {m["ts"]} for m in whole_history(plain, where) if "client_msg_id" in m}
    assert told == found
