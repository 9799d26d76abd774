"""Links that are slow, and links whose other end is gone without a word."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from tests.faults.test_partitions import MISSING, search_abroad
from tests.support.clients import Plain
from tests.support.faults.wired import Wired
from tests.support.load import Load
from tests.support.patience import SPARE_S
from tests.support.rooms import person
from tests.support.sockets import ChatSocket, socket_url
from tests.support.waiting import until

SOCKETS = 40
SENT_S = 2.0
# What an edge promises as it comes. At `iad` it is some 6 s, on a machine that has nothing else to do.
LET_GO_S = 45 + SPARE_S


@pytest.mark.fault("F16")
@pytest.mark.parametrize("lasts_s", [4, pytest.param(120, marks=pytest.mark.long)])
def test_a_slow_link_between_cells_slows_nobody_at_home(wired: Wired, fault: str, lasts_s: float) -> None:
    """256 kbit/s and 1 % of packets lost between the cells: no post takes more than 2 s, none fails, and a
    search over both cells is whole or says what is missing, and is whole again afterwards. The verdict is
    clean.
    """
    slow = wired.network.slow(("us-iad", "de-fra"), kbit_s=256, lost_percent=1)
    bob = person(wired.demo, "globex")
    channel = wired.demo.workspace("globex")["channels"]["general"]
    with ExitStack() as stack, Load(wired.demo, fault, writers=2, pause_s=0.02) as load:
        plain = stack.enter_context(Plain(wired.demo.edge("iad"), bob.token))
        with load.fault("256 kbit/s", "us-iad to de-fra"), slow:
            ends_s = time.monotonic() + lasts_s
            while time.monotonic() < ends_s:
                states = search_abroad(wired)
                assert states["us-iad"] == "complete"
                assert states["de-fra"] in {"complete", "partial", *MISSING}
                began_s = time.monotonic()
                plain.done("chat.postMessage", channel=channel, text="at home")
                assert time.monotonic() - began_s < SENT_S + SPARE_S
            load.goes_on()
        until(lambda: set(search_abroad(wired).values()) == {"complete"}, 60, "a search over both cells")
    verdict = load.verdict()
    assert verdict.violations == [], load.story
    assert verdict.unknown == 0


def held(wired: Wired, edge: str) -> tuple[float, int]:
    """How many sockets an edge says it has, and how many descriptors it holds."""
    row = wired.demo.edge(edge)
    httpx2.get(row["url"] + "/readyz", timeout=10)
    text = httpx2.get(row["metrics"], timeout=10).text
    (line,) = [line for line in text.splitlines() if line.startswith("colink_sockets ")]
    pids = [r["pid"] for r in wired.demo.companion("status")["processes"] if r["name"] == edge]
    return float(line.split()[1]), len(list(Path(f"/proc/{pids[0]}/fd").iterdir()))


@pytest.fixture
def phones(wired: Wired, edge: str) -> Iterator[list[ChatSocket]]:
    """Sockets of a host of clients at an edge."""
    anna = person(wired.demo)
    with ExitStack() as stack:
        sockets = []
        for _ in range(SOCKETS):
            url = socket_url(wired.demo.edge(edge), anna.token)
            with wired.network.inside("phones"):
                sockets.append(stack.enter_context(ChatSocket(url)))
        yield sockets


@pytest.mark.fault("F17")
@pytest.mark.parametrize("edge", ["iad", pytest.param("fra", marks=pytest.mark.long)])
def test_sockets_whose_clients_are_gone_without_a_word_are_cut(
    wired: Wired, fault: str, edge: str, phones: list[ChatSocket]
) -> None:
    """Forty clients vanish: after three times the time between pings (45 s unless it is set) the edge has let
    all of them go, its sockets and descriptors are as many as before, and who stayed heard everything.
    """
    for socket in phones:
        socket.next()
    _, descriptors = held(wired, edge)
    with Load(wired.demo, fault, edges=(edge,), writers=2) as load:
        others = held(wired, edge)[0] - SOCKETS
        with load.fault("drop", f"phones to {edge}"), wired.network.cut(("phones", edge)):
            until(lambda: held(wired, edge)[0] <= others, LET_GO_S, "the edge lets them go")
            load.goes_on()
    assert load.verdict().violations == [], load.story
    until(lambda: held(wired, edge)[1] < descriptors - SOCKETS + 5, 60, "descriptors are let go")
