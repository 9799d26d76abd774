"""Killed and drained processes lose nothing that was acknowledged, and nobody needs to help."""

import time
from typing import Any

import pytest

from tests.support.clients import Plain
from tests.support.federation import RunningDemo
from tests.support.load import Load
from tests.support.patience import SPARE_S
from tests.support.rooms import person, room
from tests.support.sockets import open_socket

DRAIN_S, SERVED_S = 10.0, 2.0


def kill(demo: RunningDemo, name: str) -> None:
    """No chance to say goodbye."""
    assert demo.kill(name) == -9
    demo.companion("start", name)


def drain(demo: RunningDemo, name: str) -> None:
    """A wish to end, which takes at most ten seconds."""
    assert demo.kill(name, "TERM", DRAIN_S + SPARE_S) == 0
    demo.companion("start", name)


@pytest.mark.parametrize(
    ("harm", "name"),
    [
        pytest.param(kill, "de-fra", marks=pytest.mark.fault("F01")),
        pytest.param(drain, "de-fra", marks=pytest.mark.fault("F01")),
        pytest.param(kill, "fra", marks=pytest.mark.fault("F08")),
        pytest.param(drain, "iad", marks=pytest.mark.fault("F08")),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_nothing_acknowledged_is_lost(hurt: RunningDemo, fault: str, harm: Any, name: str) -> None:
    """Under load: killed and drained; it goes on by itself, and the verdict is clean."""
    with Load(hurt, fault) as load:
        with load.fault(harm.__name__, name):
            harm(hurt, name)
        load.goes_on()
    assert load.verdict().violations == [], load.story


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


@pytest.mark.fault("F01")
def test_the_other_cell_does_not_notice(hurt: RunningDemo) -> None:
    """The dead cell's people get `service_unavailable` and when to come back; the other's answers in 2 s."""
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
                assert time.monotonic() - began_s < SERVED_S + SPARE_S
    finally:
        hurt.companion("start", "de-fra")
