"""A federation whose nodes are hosts of their own."""

from dataclasses import dataclass

from tests.support.faults.network import Network
from tests.support.federation import RunningDemo


@dataclass(frozen=True, slots=True)
class Wired:
    """A demo, and the network between its nodes."""

    demo: RunningDemo
    network: Network
