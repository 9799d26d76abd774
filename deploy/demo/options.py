"""Options of `demo`, read and checked before anything starts."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.demo.catalogue import DEFAULT_CELLS, SITES, edge_names
from deploy.demo.nodes import Node, NodesRefusedError, read_nodes

PORT_BASE = 7400
PROFILES = ("default", "test", "off")


class OptionsRefusedError(Exception):
    """The options cannot be had together, or one is malformed; the text says which."""


@dataclass(frozen=True, slots=True)
class LoadPart:
    """`PEOPLE:CHANNELS:MEMBERS` of `--load`: so many people and channels, each channel with so many of the
    people.
    """

    people: int
    channels: int
    members: int


@dataclass(frozen=True, slots=True)
class Options:
    """What the demo was asked to run."""

    cells: tuple[str, ...]
    load: tuple[LoadPart, ...]
    rate_limits: str
    policies: Path | None
    processes: int
    edges: int
    latency: bool
    keep: Path | None
    port_base: int
    any_port: bool
    as_json: bool
    seed: int
    nodes: Mapping[str, Node] = field(default_factory=dict)

    def node(self, name: str) -> Node:
        """Where a node runs."""
        return self.nodes.get(name, Node())


def parser() -> argparse.ArgumentParser:
    """The command line of `demo`."""
    made = argparse.ArgumentParser(
        prog="colink demo",
        description="Start a whole federation on this machine: directory, cells and edges, each a process.",
    )
    made.add_argument(
        "--cells",
        metavar="NAME[,NAME]",
        default=",".join(DEFAULT_CELLS),
        help=f"cells to run, each with an edge of its own (built in: {', '.join(SITES)})",
    )
    made.add_argument(
        "--load",
        metavar="PEOPLE:CHANNELS:MEMBERS[,...]",
        default="",
        help="add a workspace `load` in the first cell for measuring",
    )
    made.add_argument(
        "--rate-limits", choices=PROFILES, default="default", help="profile of the API's limits"
    )
    made.add_argument(
        "--policies", metavar="DIR", type=Path, help="policy documents instead of the built-in ones"
    )
    made.add_argument(
        "--processes", metavar="N", type=int, default=1, help="API processes per cell (default 1)"
    )
    made.add_argument("--edges", metavar="N", type=int, default=1, help="edges per cell (default 1)")
    made.add_argument("--no-latency", action="store_true", help="no simulated distance between cells")
    made.add_argument(
        "--keep", metavar="DIR", type=Path, help="keep the data in DIR and go on from it next time"
    )
    made.add_argument(
        "--port-base",
        metavar="N",
        type=int,
        default=PORT_BASE,
        help=f"first of the ports (default {PORT_BASE})",
    )
    made.add_argument("--any-port", action="store_true", help="take whatever ports are free")
    made.add_argument(
        "--nodes", metavar="FILE", type=Path, help="JSON: address, name, command and environment of nodes"
    )
    made.add_argument("--seed", metavar="N", type=int, default=1, help="other made-up people and texts")
    made.add_argument("--json", action="store_true", help="one JSON object a line on standard output")
    made.add_argument(
        "--no-browser", action="store_true", help="accepted for scripts; this version opens no browser"
    )
    return made


def parse(arguments: list[str]) -> Options:
    """Read the command line. Raises OptionsRefusedError; argparse ends the process on words that it does
    not know.
    """
    given = parser().parse_args(arguments)
    cells = tuple(name.strip() for name in given.cells.split(",") if name.strip())
    if unknown := [name for name in cells if name not in SITES]:
        raise OptionsRefusedError(
            f"--cells: there is no cell {unknown[0]!r}; built in are {', '.join(SITES)}"
        )
    if not cells or len(set(cells)) != len(cells):
        raise OptionsRefusedError("--cells: name each cell once, and at least one")
    if not 1 <= given.processes <= 8 or not 1 <= given.edges <= 8:
        raise OptionsRefusedError("--processes and --edges take a number from 1 to 8")
    if not 1024 <= given.port_base <= 65_000:
        raise OptionsRefusedError("--port-base takes a number from 1024 to 65000")
    if given.policies is not None and not given.policies.is_dir():
        raise OptionsRefusedError(f"--policies: {given.policies} is not a folder")
    return Options(
        cells=cells,
        load=_load(given.load),
        rate_limits=given.rate_limits,
        policies=given.policies.resolve() if given.policies else None,
        processes=given.processes,
        edges=given.edges,
        latency=not given.no_latency,
        keep=given.keep.resolve() if given.keep else None,
        port_base=given.port_base,
        any_port=given.any_port,
        as_json=given.json,
        seed=given.seed,
        nodes=_nodes(given.nodes, cells, given.edges),
    )


def _nodes(file: Path | None, cells: tuple[str, ...], edges: int) -> dict[str, Node]:
    if file is None:
        return {}
    names = [name for cell in cells for name in (cell, *edge_names(SITES[cell], edges))]
    try:
        return read_nodes(file, ["directory", *names])
    except NodesRefusedError as error:
        raise OptionsRefusedError(f"--nodes: {error}") from None


def _load(text: str) -> tuple[LoadPart, ...]:
    parts: list[LoadPart] = []
    for word in filter(None, text.split(",")):
        try:
            people, channels, members = (int(number) for number in word.split(":"))
        except ValueError:
            raise OptionsRefusedError(f"--load: {word!r} is not PEOPLE:CHANNELS:MEMBERS") from None
        if not (1 <= people <= 100_000 and 0 <= channels <= 10_000 and 1 <= members <= people):
            raise OptionsRefusedError(
                f"--load: {word!r}: 1 to 100000 people, up to 10000 channels, members among them"
            )
        parts.append(LoadPart(people, channels, members))
    return tuple(parts)


def refuse(text: str) -> int:
    """Say on standard error why nothing was started. Returns the exit status."""
    sys.stderr.write(f"colink demo: {text}\n")
    return 2
