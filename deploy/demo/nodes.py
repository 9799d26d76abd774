"""Where the nodes of a demo run: all at 127.0.0.1, unless a file says otherwise for some of them.

    {"de-fra": {"address": "10.7.2.2", "name": "de-fra.test", "under": ["ip", "netns", "exec", "de-fra"],
                "environ": {"COLINK_SOCKETS__PING_S": "5"}}}

With it the nodes can be spread over network namespaces, control groups or processors of one machine.
"""

import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
BYTES_MAX = 1024 * 1024
MEMBERS = {"address", "name", "under", "environ"}
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII)


class NodesRefusedError(Exception):
    """The file of nodes cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node: the directory, a cell or an edge.

    Attributes:
        address: IPv4 address at which its processes listen.
        name: host name by which others dial it; empty: its address.
        under: a command that is put before that of each process, and becomes the process.
        environ: further environment of its processes; settings in it win over the configuration file.
    """

    address: str = HOST
    name: str = ""
    under: tuple[str, ...] = ()
    environ: tuple[tuple[str, str], ...] = ()

    @property
    def dialled(self) -> str:
        """The host that other nodes connect to."""
        return self.name or self.address

    @property
    def shown(self) -> str:
        """The host in addresses for clients."""
        return "localhost" if self.address == HOST else self.address


def read_nodes(file: Path, known: Iterable[str]) -> dict[str, Node]:
    """The nodes that a file names, by name.

    Raises:
        NodesRefusedError: it cannot be read, names a node that the demo does not have, or is malformed.
    """
    try:
        data = file.read_bytes()
        rows = json.loads(data) if len(data) <= BYTES_MAX else None
    except (OSError, ValueError, RecursionError) as error:
        raise NodesRefusedError(f"{file}: {type(error).__name__}") from None
    if not isinstance(rows, dict):
        raise NodesRefusedError(f"{file}: not an object with a member for each node")
    names = list(known)
    if strange := sorted(set(rows) - set(names)):
        raise NodesRefusedError(f"{file}: there is no node {strange[0]!r}; there are {', '.join(names)}")
    return {name: _node(f"{file}: {name}", row) for name, row in rows.items()}


def _node(where: str, row: Any) -> Node:
    if not isinstance(row, dict):
        raise NodesRefusedError(f"{where}: not an object")
    if strange := sorted(set(row) - MEMBERS):
        raise NodesRefusedError(f"{where}: there is no member {strange[0]!r}")
    address, name = row.get("address", HOST), row.get("name", "")
    under, environ = row.get("under", []), row.get("environ", {})
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        raise NodesRefusedError(f"{where}: address is no IPv4 address") from None
    if name != "" and not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise NodesRefusedError(f"{where}: name is no host name")
    if not isinstance(under, list) or not all(isinstance(word, str) for word in under):
        raise NodesRefusedError(f"{where}: under is no list of words")
    if not isinstance(environ, Mapping) or not all(isinstance(value, str) for value in environ.values()):
        raise NodesRefusedError(f"{where}: environ holds what is no text")
    return Node(address, name, tuple(under), tuple(environ.items()))
