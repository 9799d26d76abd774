"""Ports of a demo: fixed ones in a table, or any that are free; a taken one is named with its owner."""

import socket
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.nodes import HOST


class PortTakenError(Exception):
    """A port of the table is in use; the text names it, its owner where that can be seen, and the flag to
    use.
    """


@dataclass(frozen=True, slots=True)
class CellPorts:
    """Of one API process of a cell."""

    grpc: int
    health: int


@dataclass(frozen=True, slots=True)
class EdgePorts:
    """Of one edge. The socket port speaks WebSocket only."""

    http: int
    socket: int


@dataclass(frozen=True, slots=True)
class Ports:
    """The table: directory, cells by (name, process), edges by name."""

    directory_grpc: int
    directory_http: int
    cells: dict[tuple[str, int], CellPorts]
    edges: dict[str, EdgePorts]

    def all(self) -> list[int]:
        """Every port of the table."""
        cells = [port for ports in self.cells.values() for port in (ports.grpc, ports.health)]
        edges = [port for ports in self.edges.values() for port in (ports.http, ports.socket)]
        return [self.directory_grpc, self.directory_http, *cells, *edges]


def table(base: int, cells: list[str], processes: int, edges: list[str], *, any_port: bool) -> Ports:
    """Lay out the ports: directory from base, cells from base + 10, edges from base + 80.

    Raises PortTakenError when one is in use and `any_port` was not asked for.
    """
    count = 2 + 2 * len(cells) * processes + 2 * len(edges)
    if any_port:
        free = iter(_free(count))
        numbers = iter(free)
        directory = (next(numbers), next(numbers))
        cell_ports = {
            (cell, n): CellPorts(next(numbers), next(numbers)) for cell in cells for n in range(processes)
        }
        return Ports(
            *directory, cell_ports, {edge: EdgePorts(next(numbers), next(numbers)) for edge in edges}
        )
    order = [(cell, n) for n in range(processes) for cell in cells]
    made = Ports(
        base,
        base + 1,
        {name: CellPorts(base + 11 + i, base + 41 + i) for i, name in enumerate(order)},
        {edge: EdgePorts(base + 81 + i, base + 141 + i) for i, edge in enumerate(edges)},
    )
    for port in made.all():
        if not _is_free(port):
            owner = _owner_of(port)
            by = f" by {owner}" if owner else ""
            raise PortTakenError(f"port {port} is in use{by}; use --port-base N or --any-port")
    return made


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _free(count: int) -> list[int]:
    """So many free ports; held open together so that none is given twice."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _owner_of(port: int) -> str:
    """`process NAME (pid N)` of the listener, as far as /proc shows it; empty where it cannot be seen."""
    try:
        inodes = {
            fields[9]
            # A listener on an IPv4 address may be a socket of the other family.
            for table in ("tcp", "tcp6")
            for line in Path("/proc/net", table).read_text(encoding="ascii").splitlines()[1:]
            if (fields := line.split())
            and fields[3] == "0A"
            and int(fields[1].rpartition(":")[2], 16) == port
        }
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if any(
                    f"socket:[{inode}]" == str(link.readlink())
                    for link in (folder / "fd").iterdir()
                    for inode in inodes
                ):
                    return f"{(folder / 'comm').read_text(encoding='utf-8').strip()} (pid {folder.name})"
            except OSError:
                continue
    except OSError:
        pass
    return ""
