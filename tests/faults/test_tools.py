"""The tools that do harm do what they say, no more, and undo it in any case."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy import environment
from tests.support.faults.hosts import OUTSIDE, unavailable
from tests.support.faults.network import Network
from tests.support.faults.watchdog import Watchdog
from tests.support.waiting import until

PORT, OTHER = 7411, 7412
ENOUGH_S = 0.5


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    """Three hosts, each listening on two ports."""
    if why := unavailable():
        pytest.skip(why)
    with ExitStack() as stack:
        made = stack.enter_context(Network("one", "two", "three"))
        for host in made.nodes:
            for port in (PORT, OTHER):
                with made.inside(host):
                    listening = stack.enter_context(socket.socket())
                listening.bind((made.address(host), port))
                listening.listen(64)
        yield made


def reach(network: Network, source: str, target: str, port: int = PORT) -> str:
    """How a connection ends: made, refused or silence."""
    with ExitStack() as stack:
        if source != OUTSIDE:
            stack.enter_context(network.inside(source))
        link = stack.enter_context(socket.socket())
        link.settimeout(ENOUGH_S)
        try:
            link.connect((network.address(target), port))
        except TimeoutError:
            return "silence"
        except ConnectionRefusedError:
            return "refused"
    return "made"


def test_hosts_reach_each_other_and_the_machine_reaches_them(network: Network) -> None:
    ways = [("one", "two"), ("two", "three"), (OUTSIDE, "one")]
    assert [reach(network, *way) for way in ways] == ["made"] * 3


def test_a_cut_loses_in_silence_or_refuses_and_others_are_not_cut(network: Network) -> None:
    with network.cut(("one", "two")):
        assert (reach(network, "one", "two"), reach(network, "two", "one")) == ("silence", "silence")
        assert (reach(network, "one", "three"), reach(network, OUTSIDE, "two")) == ("made", "made")
        with network.cut(("one", "three"), how="reject"):
            assert (reach(network, "one", "three"), reach(network, "one", "two")) == ("refused", "silence")
        assert reach(network, "one", "three") == "made"
    assert reach(network, "one", "two") == "made"


def test_a_cut_of_one_port_leaves_the_other(network: Network) -> None:
    with network.cut(("one", "two"), port=PORT):
        assert reach(network, "one", "two", PORT) == "silence"
        assert reach(network, "one", "two", OTHER) == "made"


def test_a_cut_of_one_way_lets_through_what_goes_the_other(network: Network) -> None:
    with network.inside("one"):
        link = socket.create_connection((network.address("two"), OTHER), ENOUGH_S)
    with link, network.cut(("one", "two"), one_way=True):
        # Both directions of a new connection need both ways; an open one shows which is cut.
        assert reach(network, "two", "one") == "silence"
        link.send(b"lost")
        assert waiting_to_leave(network, "one"), "nothing leaves"
    with network.cut(("two", "one"), one_way=True):
        assert reach(network, "one", "two") == "silence"


def waiting_to_leave(network: Network, host: str) -> int:
    """Bytes of a host that nobody acknowledged."""
    text = subprocess.run(
        [*network.under(host), "cat", "/proc/net/tcp"], capture_output=True, text=True, timeout=10, check=True
    ).stdout
    return sum(int(line.split()[4].partition(":")[0], 16) for line in text.splitlines()[1:])


def test_a_slow_link_takes_its_time(network: Network) -> None:
    with ExitStack() as stack:
        with network.inside("two"):
            listening = stack.enter_context(socket.socket())
        listening.bind((network.address("two"), 7413))
        listening.listen()
        stack.enter_context(network.slow(("one", "two"), kbit_s=256, lost_percent=1))
        with network.inside("one"):
            link = stack.enter_context(socket.create_connection((network.address("two"), 7413), 10))
        taken = stack.enter_context(listening.accept()[0])
        link.settimeout(30)
        taken.settimeout(30)
        began_s, data = time.monotonic(), b"x" * 128_000
        link.sendall(data)
        got = 0
        while got < len(data):
            got += len(taken.recv(65_536))
        # At 32,000 bytes a second it takes four; a burst comes at once.
        assert time.monotonic() - began_s > 1


@pytest.mark.parametrize("end", ["time", "context", "death"])
def test_a_guarded_harm_is_undone_when_nobody_does(end: str, tmp_path: Path) -> None:
    undone = tmp_path / "undone"
    code = (
        "import os, signal, sys, time\n"
        "from tests.support.faults.watchdog import Watchdog\n"
        "dog, (end, path) = Watchdog(), sys.argv[1:]\n"
        "dog.at_end(['touch', path + '-end'])\n"
        "with dog.guard(['touch', path], within_s=0.2 if end == 'time' else 600):\n"
        "    if end == 'death': os.kill(os.getpid(), signal.SIGKILL)\n"
        "    if end == 'time': time.sleep(600)\n"
    )
    command = [sys.executable, "-P", "-c", code, end, str(undone)]
    with subprocess.Popen(
        command, env={**environment.module_environ(), "PYTHONPATH": str(environment.ROOT)}
    ) as process:
        if end == "time":
            until(undone.exists, 60, "undone in time")
            process.send_signal(signal.SIGKILL)
        process.wait(20)
    until((tmp_path / "undone-end").exists, 60, "what was left for the end is done")
    assert undone.exists() == (end != "context")


def test_nothing_of_a_network_is_left_when_the_tests_are_killed() -> None:
    if why := unavailable():
        pytest.skip(why)
    code = (
        "import os, signal, subprocess\n"
        "from tests.support.faults.network import Network\n"
        "network = Network('one').__enter__()\n"
        "subprocess.Popen([*network.under('one'), 'sleep', '600'], start_new_session=True)\n"
        "print(network.namespace('one'), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environ = {**environment.module_environ(), "PYTHONPATH": str(environment.ROOT)}
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    name = done.stdout.strip()
    assert name, done.stderr
    until(lambda: not Path("/run/netns", name).exists(), 60, "the namespace is gone")
    assert not [pid for pid in sleepers() if name in network_of(pid)]


def sleepers() -> list[int]:
    """Processes that sleep for 600 s."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cmdline").read_bytes() == b"sleep\x00600\x00":
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def network_of(pid: int) -> str:
    """The name of a process's network namespace."""
    command = ["ip", "netns", "identify", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout


def test_a_watchdog_that_is_closed_does_what_was_left_for_the_end(tmp_path: Path) -> None:
    dog = Watchdog()
    dog.at_end(["sh", "-c", f"echo first >> {tmp_path}/said"])
    dog.at_end(["sh", "-c", f"echo second >> {tmp_path}/said"])
    dog.close()
    assert (tmp_path / "said").read_text().split() == ["second", "first"]


def test_the_name_server_lies_as_it_is_told(network: Network) -> None:
    def asked() -> str:
        code = "import socket; print(socket.getaddrinfo('one.test', 1, socket.AF_INET)[0][4][0])"
        command = [*network.under("two"), sys.executable, "-P", "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        return done.stdout.strip() or done.stderr.strip().splitlines()[-1].partition("] ")[2]

    assert asked() == network.address("one")
    answers = {}
    for said in ("absent", "empty", "silent", network.address("three")):
        network.names.say("one.test", said)
        answers[said] = asked()
    network.names.say("one.test", network.address("one"))
    assert list(answers.values()) == [
        "Name or service not known",
        "No address associated with hostname",
        "Temporary failure in name resolution",
        network.address("three"),
    ]


def test_connections_are_led_astray_and_counted(network: Network) -> None:
    with network.redirected("two", 7499, to=PORT) as connections:
        assert (reach(network, "one", "two", 7499), connections()) == ("made", 1)
    assert reach(network, "one", "two", 7499) == "refused"
