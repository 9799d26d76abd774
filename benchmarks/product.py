"""The running demo that is measured: its addresses, the people of its load file, what its processes use."""

import json
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks import machine
from deploy.demo import control, registry

HOW = "start one: python -m deploy demo --no-latency --rate-limits off --load 100:1:100,1000:200:5"


class NothingToMeasureError(Exception):
    """No demo runs, or its load does not fit; the text says what to start."""


@dataclass(frozen=True, slots=True)
class Room:
    """A channel and its members' tokens."""

    channel: str
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """One demo.

    Attributes:
        apis: `http://host:port/api/` of every edge, the one beside the load's home first.
        home: name of the cell that holds the load.
        rooms: every channel of the load file, smallest first.
    """

    data_dir: Path
    apis: tuple[str, ...]
    home: str
    rooms: tuple[Room, ...]

    def choose(self, count: int, members: int) -> list[Room]:
        """The first `count` channels with at least so many members, cut to them. Raises
        NothingToMeasureError.
        """
        fit = [
            Room(room.channel, room.tokens[:members]) for room in self.rooms if len(room.tokens) >= members
        ]
        if len(fit) < count:
            raise NothingToMeasureError(
                f"{count} channels of {members} are wanted, {len(fit)} are there; {HOW}"
            )
        return fit[:count]

    def pids(self) -> list[int]:
        """The planes' processes now."""
        return machine.pids_with(f"--config\0{self.data_dir}")

    def restart(self, name: str) -> float:
        """Kill a process of the demo and start it again. Returns the seconds until it is ready. Raises
        RefusedError.
        """
        demo = registry.find(self.data_dir)
        control.ask(demo, {"do": "kill", "name": name, "signal": signal.SIGKILL})
        began_s = time.monotonic()
        control.ask(demo, {"do": "start", "name": name})
        return time.monotonic() - began_s


def running(data_dir: Path | None, ready: Path | None = None) -> Product:
    """The demo in the data folder, or the only one; or whichever printed the ready line in a file.

    Raises:
        NothingToMeasureError
    """
    try:
        if ready is not None:
            line = _ready_line(ready)
            data_dir, edges = Path(line["data_dir"]), [row["api"] for row in line["edges"]]
            home = line["cells"][0]["name"]
        else:
            demo = registry.find(data_dir)
            rows = control.ask(demo, {"do": "status"})["processes"]
            data_dir = demo.data_dir
            edges = [f"{row['address']}/api/" for row in rows if row["plane"] == "edge"]
            home = next(row["name"] for row in rows if row["plane"] == "regional_cell")
        load = json.loads((data_dir / "load.json").read_text(encoding="utf-8"))
    except (registry.NoDemoError, control.RefusedError, OSError, ValueError, LookupError) as error:
        raise NothingToMeasureError(f"{type(error).__name__}: {error}; {HOW}") from error
    tokens = {person["user_id"]: person["token"] for person in load["people"]}
    rooms = [
        Room(channel["id"], tuple(tokens[user] for user in channel["members"]))
        for channel in load["channels"]
    ]
    return Product(data_dir, tuple(edges), home, tuple(sorted(rooms, key=lambda room: len(room.tokens))))


def _ready_line(file: Path) -> dict[str, Any]:
    for text in file.read_text(encoding="utf-8").splitlines():
        row: dict[str, Any] = json.loads(text)
        if row.get("event") == "ready":
            return row
    raise LookupError(f"{file} holds no ready line")


def host_of(url: str) -> tuple[str, int, str]:
    """Host, port, and path with query of an address without TLS."""
    parts = urlsplit(url)
    return (
        parts.hostname or "127.0.0.1",
        parts.port or 80,
        parts.path + (f"?{parts.query}" if parts.query else ""),
    )
