"""The only ways out of a cell: everything that its host sends to somewhere else is lost, and counted.

    with Door(wired, "de-fra", "us-iad") as door:
        ...
    assert door.packets()["lost"] == 0

A host has no processes but those of its node, so what it sends is what they send. The door stands in the host
itself, before a packet comes to any network.

Invariants
    1. What passes is an answer on a port that the cell serves, or goes to a port of the directory, to one of
       another cell, or to the name server.
    2. A door that nobody takes away goes with its host, or after `HELD_S_MAX`.
"""

import contextlib
import json
from types import TracebackType
from typing import Self

from tests.support.faults.hosts import run
from tests.support.faults.network import HELD_S_MAX
from tests.support.faults.wired import Wired

COUNTERS = ("directory", "cells", "names", "lost")
TABLE = """\
table inet door {{
{counters}
    chain output {{
        type filter hook output priority 0; policy accept;
        oifname "lo" accept
        meta l4proto != {{ tcp, udp, sctp, dccp, udplite }} accept
        tcp sport {{ {served} }} accept
        ip daddr {directory} tcp dport {directory_port} counter name "directory" accept
        ip daddr {cell} tcp dport {cell_port} counter name "cells" accept
        ip daddr {router} meta l4proto {{ tcp, udp }} th dport 53 counter name "names" accept
        counter name "lost" drop
    }}
}}
"""


class Door:
    """A cell's host that sends to the directory, the other cell and the name server alone."""

    def __init__(self, wired: Wired, cell: str, other: str) -> None:
        self._network, self._cell = wired.network, cell
        ready = wired.demo.ready
        rows = {row["name"]: row for row in ready["cells"]}
        served = {port_of(rows[cell]["grpc"]), port_of(rows[cell]["metrics"].removesuffix("/metrics"))}
        counters = "\n".join(f"    counter {name} {{ packets 0 bytes 0 }}" for name in COUNTERS)
        self._table = TABLE.format(
            counters=counters,
            served=", ".join(map(str, sorted(served))),
            directory=self._network.address("directory"),
            directory_port=port_of(ready["directory"]["grpc"]),
            cell=self._network.address(other),
            cell_port=port_of(rows[other]["grpc"]),
            router=self._network.router,
        )
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        nft = [*self._network.under(self._cell), "nft"]
        delete = [*nft, "delete", "table", "inet", "door"]
        self._open.enter_context(self._network.watchdog.guard(delete, within_s=HELD_S_MAX))
        run([*nft, "-f", "-"], self._table)
        self._open.callback(run, delete)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def packets(self) -> dict[str, int]:
        """How many went which way so far."""
        told = run(
            [*self._network.under(self._cell), "nft", "-j", "list", "counters", "table", "inet", "door"]
        )
        rows = [row["counter"] for row in json.loads(told)["nftables"] if "counter" in row]
        return {row["name"]: int(row["packets"]) for row in rows}


def port_of(address: str) -> int:
    """The port at the end of an address."""
    return int(address.rpartition(":")[2])
