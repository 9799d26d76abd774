"""Harm to what hosts send each other: cut, refused, slowed, led astray.

    with Network("directory", "de-fra", "fra") as network:
        demo = RunningDemo(..., "--nodes", str(network.nodes_file(folder)))
        with network.cut(("fra", "de-fra")):             both ways, in silence
            ...
        with network.cut(("de-fra", "fra"), one_way=True, how="reject", port=7411):
            ...

All rules stand in the router, so packets are lost between hosts and never within one.

Invariants
    1. Rules that stand are exactly those of the faults whose contexts are open.
    2. A fault that nobody ends is ended by the watchdog after `HELD_S_MAX`.
"""

import contextlib
import itertools
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.support.faults.hosts import ROUTER, Hosts, run

HELD_S_MAX = 900.0
How = Literal["drop", "reject"]
Pair = tuple[str, str]
VERDICTS: dict[How, str] = {"drop": "drop", "reject": "reject with tcp reset"}
REDIRECTED = """\
table ip redirected {{
    chain prerouting {{
        type nat hook prerouting priority -100; policy accept;
        tcp dport {port} counter redirect to :{to}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """Packets from one host to another, all or those of one TCP port, and what becomes of them (nftables)."""

    source: str
    target: str
    verdict: str
    port: int | None = None

    def lines(self, addresses: dict[str, str]) -> Iterator[str]:
        """The rule, for both ends at which the port may stand."""
        way = f"ip saddr {addresses[self.source]} ip daddr {addresses[self.target]}"
        if self.port is None:
            tcp = "meta l4proto tcp " if self.verdict.startswith("reject") else ""
            yield f"{way} {tcp}{self.verdict}"
        else:
            yield f"{way} tcp dport {self.port} {self.verdict}"
            yield f"{way} tcp sport {self.port} {self.verdict}"


class Network(Hosts):
    """Hosts, and what can be done to what they send."""

    def __init__(self, *nodes: str, clients: Sequence[str] = ()) -> None:
        super().__init__(*nodes, clients=clients)
        self._rules: dict[int, list[Rule]] = {}
        self._faults = itertools.count(1)
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def cut(
        self, *pairs: Pair, how: How = "drop", one_way: bool = False, port: int | None = None
    ) -> Iterator[None]:
        """No packets between these hosts: lost in silence, or refused at once.

        Args:
            one_way: those from the first of each pair to the second alone.
            port: those of one TCP port alone, whichever end has it.
        """
        ways = pairs if one_way else tuple(way for a, b in pairs for way in ((a, b), (b, a)))
        with self._standing([Rule(source, target, VERDICTS[how], port) for source, target in ways]):
            yield

    @contextlib.contextmanager
    def slow(self, pair: Pair, kbit_s: int, lost_percent: int) -> Iterator[None]:
        """A link of so many kilobits a second each way, beyond which packets are lost, and some at random."""
        rate = f"limit rate over {kbit_s * 125} bytes/second burst {max(4_000, kbit_s * 25)} bytes drop"
        lost = f"numgen random mod 100 < {lost_percent} drop"
        ways = (pair, pair[::-1])
        with self._standing([Rule(*way, verdict) for way in ways for verdict in (lost, rate)]):
            yield

    @contextlib.contextmanager
    def redirected(self, node: str, port: int, to: int) -> Iterator[Callable[[], int]]:
        """Connections to a port of a host end at another port of it. Gives how many did so far."""
        nft = [*self.under(node), "nft"]
        delete = [*nft, "delete", "table", "ip", "redirected"]
        with self.watchdog.guard(delete, within_s=HELD_S_MAX):
            run([*nft, "-f", "-"], REDIRECTED.format(port=port, to=to))
            try:
                yield lambda: _connections(run([*nft, "-j", "list", "table", "ip", "redirected"]))
            finally:
                run(delete)

    @contextlib.contextmanager
    def _standing(self, rules: list[Rule]) -> Iterator[None]:
        number = next(self._faults)
        heal = [*self.under(ROUTER), "nft", "flush", "chain", "inet", "faults", "forward"]
        with self.watchdog.guard(heal, within_s=HELD_S_MAX):
            try:
                self._set(number, rules)
                yield
            finally:
                self._set(number, [])

    def _set(self, number: int, rules: list[Rule]) -> None:
        with self._lock:
            self._rules.pop(number, None)
            if rules:
                self._rules[number] = rules
            addresses = self.addresses()
            lines = ["flush chain inet faults forward"]
            for standing in self._rules.values():
                for rule in standing:
                    lines += [f"add rule inet faults forward {line}" for line in rule.lines(addresses)]
            run([*self.under(ROUTER), "nft", "-f", "-"], "\n".join(lines) + "\n")


def _connections(listed: str) -> int:
    """What the counters of a listed table say: a rule of that kind sees the first packet of a connection."""
    rules = [row["rule"] for row in json.loads(listed)["nftables"] if "rule" in row]
    parts = [part["counter"] for rule in rules for part in rule["expr"] if "counter" in part]
    return sum(int(part["packets"]) for part in parts)
