"""Killed, drained and frozen processes lose nothing that was acknowledged, and nobody needs to help."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.clients import Plain, whole_history
from tests.support.federation import RunningDemo
from tests.support.history import findings, rows, stream_findings
from tests.support.posting import Posters
from tests.support.rooms import Person, person, room
from tests.support.sockets import ChatSocket, open_socket
from tests.support.waiting import until

POSTERS = 6
WARM = 60
DRAIN_S = 10.0
RECOVER_S = 60.0


def kill(demo: RunningDemo, name: str) -> None:
    """No chance to say goodbye."""
    assert demo.kill(name) == -9
    demo.companion("start", name)


def drain(demo: RunningDemo, name: str) -> None:
    """A wish to end, which takes at most ten seconds."""
    assert demo.kill(name, "TERM", DRAIN_S) == 0
    demo.companion("start", name)


def freeze(demo: RunningDemo, name: str) -> None:
    """Three seconds of standing still."""
    demo.companion("kill", name, "--signal", "STOP")
    time.sleep(3)
    demo.companion("kill", name, "--signal", "CONT")


@contextlib.contextmanager
def load(demo: RunningDemo, channel: str, people: list[Person]) -> Iterator[Posters]:
    """People who post all the time through both edges."""
    edges = [demo.edge("fra"), demo.edge("iad")]
    with Posters(edges, [person.token for person in people], channel, "load") as posters:
        until(lambda: posters.acknowledged >= WARM, 60, "posts are acknowledged")
        yield posters
        before = posters.acknowledged
        until(lambda: posters.acknowledged >= before + WARM, RECOVER_S, "posts are acknowledged again")
    posters.settle()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("fault", "name"),
    [(kill, "de-fra"), (drain, "de-fra"), (freeze, "de-fra"), (kill, "fra"), (drain, "iad")],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_nothing_acknowledged_is_lost(hurt: RunningDemo, fault: Any, name: str) -> None:
    people = [person(hurt, place=place) for place in range(POSTERS)]
    channel = room(hurt, *people)
    listener = person(hurt, place=POSTERS)
    with Plain(hurt.edge("fra"), people[0].token) as plain:
        plain.done("conversations.invite", channel=channel, users=listener.user)
    first = {edge: open_socket(hurt.edge(edge), listener.token) for edge in ("fra", "iad")}
    marks = {edge: socket.resume() for edge, socket in first.items()}
    with load(hurt, channel, people) as posters:
        fault(hurt, name)
    reads = []
    for edge in ("fra", "iad"):
        with Plain(hurt.edge(edge), listener.token) as plain:
            reads.append(rows(whole_history(plain, channel)))
    assert findings(posters.history.attempts, *reads) == []
    assert posters.history.unsettled() == set()
    last = reads[0][-1].text
    for edge, socket in first.items():
        other = "iad" if edge == "fra" else "fra"
        frames = _heard(hurt, socket, other, listener, marks[edge], last)
        assert stream_findings(*frames) == []
        told = {row["client_msg_id"] for part in frames for row in part if "client_msg_id" in row}
        if not any(part[0].get("x_resync") for part in frames):
            assert set(posters.history.acknowledged()) - told == set()


def _heard(
    demo: RunningDemo, socket: ChatSocket, other: str, listener: Person, mark: str, last: str
) -> list[list[dict[str, Any]]]:
    """What a device was told: by its socket and, when that ended, by the next, at another edge."""
    with socket:
        socket.drain(1.0)
    if socket.closed is None:
        assert any(frame.get("text") == last for frame in socket.frames)
        return [socket.frames]
    assert socket.closed[0] in (1006, 1012), socket.closed
    marks = [frame["x_resume"] for frame in socket.frames if frame.get("type") == "x_mark"]
    with open_socket(demo.edge(other), listener.token, marks[-1] if marks else mark) as again:
        if not again.frames[0].get("x_resync"):
            again.until(lambda frame: frame.get("text") == last, 30)
        again.drain(0.5)
        return [socket.frames, again.frames]


def test_a_drain_says_goodbye_and_when_to_come_back(hurt: RunningDemo) -> None:
    anna = person(hurt)
    for name, edge in (("de-fra", "iad"), ("fra", "fra")):
        with open_socket(hurt.edge(edge), anna.token) as socket:
            drain(hurt, name)
            code, _ = socket.ended()
            goodbye = socket.frames[-1]
            assert goodbye["type"] == "goodbye"
            assert isinstance(goodbye["x_retry_ms"], int)
            assert code == 1012


def test_the_other_cell_does_not_notice(hurt: RunningDemo) -> None:
    bob = person(hurt, "globex", place=1)
    channel = room(hurt, bob, edge="iad")
    hurt.kill("de-fra")
    try:
        with Plain(hurt.edge("fra"), person(hurt).token) as plain:
            answer = plain.call("auth.test")
            assert (answer.status, answer.error) == (503, "service_unavailable")
            assert int(answer.headers["retry-after"]) >= 1
        for edge in ("iad", "fra"):
            with Plain(hurt.edge(edge), bob.token) as plain:
                began_s = time.monotonic()
                assert plain.call("chat.postMessage", channel=channel, text=edge).fields["ok"] is True
                assert time.monotonic() - began_s < 2
    finally:
        hurt.companion("start", "de-fra")
