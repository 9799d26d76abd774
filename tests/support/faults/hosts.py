"""Hosts of one machine: a network namespace for each node of a federation, joined by a router of its own.

The machine itself is reached as `outside`: the demo's own process and the tests' clients are there. Linux, as
root, with `ip` and `nft`.

Invariants
    1. Nothing stays behind, however the tests end: the watchdog takes everything down.
"""

import contextlib
import ctypes
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.faults.names import Names
from tests.support.faults.watchdog import Watchdog

OUTSIDE, ROUTER = "outside", "router"
COMMAND_S = 20
NETWORKS = range(64, 128)
CLONE_NEWNET = 0x40000000
TABLE = """\
table inet faults {
    chain forward {
        type filter hook forward priority 0; policy accept;
    }
}
"""
_numbers = itertools.count(1)


class CommandFailedError(AssertionError):
    """A tool of the system refused; the text says which and why."""


def run(command: Sequence[str], said: str = "") -> str:
    """What one command wrote. Raises CommandFailedError with what it complained of."""
    done = subprocess.run(command, input=said, capture_output=True, text=True, timeout=COMMAND_S, check=False)
    if done.returncode != 0:
        raise CommandFailedError(f"{' '.join(command)}: {done.returncode}\n{done.stderr.strip()}\n{said}")
    return done.stdout


def unavailable() -> str:
    """Why there can be no hosts here; empty when there can."""
    if sys.platform != "linux":
        return "network namespaces are of Linux"
    if os.geteuid() != 0:
        return "network namespaces need root"
    lacking = [tool for tool in ("ip", "nft") if shutil.which(tool) is None]
    if lacking:
        return f"there is no {' and no '.join(lacking)}: Debian packages iproute2 and nftables"
    probe = f"probe{os.getpid()}"
    try:
        run(["ip", "netns", "add", probe])
        run(["ip", "netns", "exec", probe, "nft", "-f", "-"], TABLE)
    except CommandFailedError as error:
        return f"this machine lets nobody make namespaces and rules: {error}"
    finally:
        subprocess.run(["ip", "netns", "delete", probe], capture_output=True, timeout=COMMAND_S, check=False)
    return ""


class Hosts:
    """The hosts of these nodes, and of further clients. Use as a context manager.

    `watchdog` undoes what tests do to them, `names` is the name server that the nodes ask.
    """

    def __init__(self, *nodes: str, clients: Sequence[str] = ()) -> None:
        self.nodes, self._hosts = nodes, (*nodes, *clients)
        number = next(_numbers)
        self._prefix, self._outer = f"colink{os.getpid()}.{number}-", f"clk{os.getpid()}.{number}"
        self._net = 0
        self._open = contextlib.ExitStack()
        self.watchdog = Watchdog()
        self.names: Names

    def __enter__(self) -> Self:
        try:
            self._make()
            self.names = self._open.enter_context(Names(self.router, self.under(ROUTER)))
            for node in self.nodes:
                self.names.say(self.name(node), self.address(node))
        except BaseException:
            self.watchdog.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._open.close()
        finally:
            self.watchdog.close()

    def namespace(self, host: str) -> str:
        """Name of a host's network namespace."""
        return self._prefix + host

    def address(self, host: str) -> str:
        """IPv4 address of a host."""
        place = 0 if host == OUTSIDE else 1 + self._hosts.index(host)
        return f"10.{self._net}.{place}.2"

    def addresses(self) -> dict[str, str]:
        """All of them."""
        return {host: self.address(host) for host in (OUTSIDE, *self._hosts)}

    @staticmethod
    def name(node: str) -> str:
        """Host name of a node, by which other nodes dial it."""
        return f"{node}.test"

    @property
    def router(self) -> str:
        """Address of the router, as every host reaches it."""
        return f"10.{self._net}.0.1"

    def under(self, host: str) -> list[str]:
        """A command that becomes the one behind it, on that host."""
        return ["ip", "netns", "exec", self.namespace(host)]

    def nodes_file(self, folder: Path, **more: dict[str, Any]) -> Path:
        """The file for `demo --nodes`, with further members for some nodes."""
        rows = {
            node: {
                "address": self.address(node),
                "name": self.name(node),
                "under": self.under(node),
                **more.get(node, {}),
            }
            for node in self.nodes
        }
        path = folder / "nodes.json"
        path.write_text(json.dumps(rows), encoding="utf-8")
        return path

    @contextlib.contextmanager
    def inside(self, host: str) -> Iterator[None]:
        """Sockets that this thread opens meanwhile are of that host, for as long as they live."""
        other = Path("/run/netns", self.namespace(host))
        with Path("/proc/thread-self/ns/net").open("rb") as own, other.open("rb") as its:
            _enter(its.fileno())
            try:
                yield
            finally:
                _enter(own.fileno())

    # --- making ----------------------------------------------------------------------------------------

    def _make(self) -> None:
        self._net = _free_network()
        for host in (ROUTER, *self._hosts):
            namespace = self.namespace(host)
            self.watchdog.at_end(
                ["sh", "-c", f"ip netns pids {namespace} | xargs -r kill -9"],
                ["ip", "netns", "delete", namespace],
                ["rm", "-rf", f"/etc/netns/{namespace}"],
            )
            run(["ip", "netns", "add", namespace])
            resolving = Path("/etc/netns", namespace, "resolv.conf")
            resolving.parent.mkdir(parents=True)
            resolving.write_text(
                f"nameserver {self.router}\noptions timeout:1 attempts:2\n", encoding="utf-8"
            )
            run(["ip", "-netns", namespace, "link", "set", "lo", "up"])
        run([*self.under(ROUTER), "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])
        run([*self.under(ROUTER), "nft", "-f", "-"], TABLE)
        self._join()
        for host in self._hosts:
            self._link(host)

    def _join(self) -> None:
        """The machine itself becomes a host of the network."""
        outer, inner = self._outer, f"10.{self._net}.0"
        self.watchdog.at_end(["ip", "link", "delete", outer])
        router = self.namespace(ROUTER)
        run(["ip", "link", "add", outer, "type", "veth", "peer", "name", "outer", "netns", router])
        run(["ip", "address", "add", f"{inner}.2/24", "dev", outer])
        run(["ip", "link", "set", outer, "up"])
        self._up(ROUTER, "outer", f"{inner}.1")
        run(["ip", "route", "add", f"10.{self._net}.0.0/16", "via", f"{inner}.1", "src", f"{inner}.2"])

    def _link(self, host: str) -> None:
        name, namespace = f"n{self._hosts.index(host)}", self.namespace(host)
        gateway = self.address(host).removesuffix("2") + "1"
        there = ["type", "veth", "peer", "name", "eth0", "netns", namespace]
        run(["ip", "-netns", self.namespace(ROUTER), "link", "add", name, *there])
        self._up(ROUTER, name, gateway)
        self._up(host, "eth0", self.address(host))
        run(["ip", "-netns", namespace, "route", "add", "default", "via", gateway])

    def _up(self, host: str, interface: str, address: str) -> None:
        ip = ["ip", "-netns", self.namespace(host)]
        run([*ip, "address", "add", f"{address}/24", "dev", interface])
        run([*ip, "link", "set", interface, "up"])


def _free_network() -> int:
    """The second number of a 10.x.0.0/16 that no route of this machine knows."""
    routes = run(["ip", "-4", "route"])
    free = [number for number in NETWORKS if f"10.{number}." not in routes]
    assert free, "no network is free"
    return free[os.getpid() % len(free)]


def _enter(descriptor: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "cannot change the network namespace")
