"""The certificates and authorities of a running demo, exchanged under its processes' feet."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accord.runtime.mtls import Authority, issue, make_authority, write_private
from tests.support.federation import RunningDemo
from tests.support.waiting import until
from tests.support.wire import FEDERATION

TAKEN_S = 60.0


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a demo: its process's name in certificates, where its files are, which logs it writes."""

    name: str
    process: str
    folder: Path
    logs: tuple[Path, ...]

    @property
    def domain(self) -> str:
        """Its trust domain."""
        return f"{self.name}.{FEDERATION}"

    def put(self, certificate: bytes, key: bytes) -> None:
        """Write a pair where the process reads it."""
        write_private(self.folder / "tls" / f"{self.process}.key", key)
        write_private(self.folder / "tls" / f"{self.process}.pem", certificate)

    def own(self) -> tuple[bytes, bytes]:
        """The pair that stands there."""
        tls = self.folder / "tls"
        return (tls / f"{self.process}.pem").read_bytes(), (tls / f"{self.process}.key").read_bytes()

    def logged(self, event: str) -> list[list[dict[str, Any]]]:
        """What each of its processes logged of an event."""
        return [[row for row in map(_row, lines_of(log)) if row.get("event") == event] for log in self.logs]


def lines_of(log: Path) -> list[str]:
    """Whole lines of a log so far."""
    return log.read_text("utf-8").split("\n")[:-1]


def _row(line: str) -> dict[str, Any]:
    try:
        row: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return row


class Certificates:
    """All nodes of a demo, and the authority of each."""

    def __init__(self, demo: RunningDemo) -> None:
        self._data = demo.data_dir
        directory = demo.ready["directory"]
        rows = [("directory", directory)] + [("edge", row) for row in demo.ready["edges"]]
        rows += [("cell", row) for row in demo.ready["cells"]]
        self.nodes = [self._node(process, row) for process, row in rows]

    def _node(self, process: str, row: dict[str, str]) -> Node:
        name = row.get("name", process)
        logs = sorted((self._data / "logs").glob(f"{name}*.log"))
        kept = [log for log in logs if log.stem == name or log.stem.removeprefix(f"{name}-").isdigit()]
        return Node(name, process, Path(row["data_dir"]).parent, tuple(kept))

    def node(self, name: str) -> Node:
        """One of them."""
        return next(node for node in self.nodes if node.name == name)

    def authority(self, node: Node) -> Authority:
        """The one that a node's certificates are signed by."""
        folder = self._data / "authorities" / node.domain
        return Authority((folder / "authority.pem").read_bytes(), (folder / "authority.key").read_bytes())

    def issue(self, node: Node, **more: float) -> tuple[bytes, bytes]:
        """Another pair for a node."""
        return issue(self.authority(node), node.process, node.domain, **more)  # type: ignore[arg-type]

    def rotate(self, before: dict[str, Authority], authorities: dict[str, Authority]) -> None:
        """Go over from authorities to others, by node: first they are believed beside the old ones, then
        every process shows a certificate of the new, then the old ones are believed no more.
        """
        self._believe({name: [before[name], authorities[name]] for name in before})
        shown = self._renewals()
        for node in self.nodes:
            node.put(*issue(authorities[node.name], node.process, node.domain))
        until(
            lambda: all(now > then for now, then in zip(self._renewals(), shown, strict=True)),
            TAKEN_S,
            "every process shows another certificate",
        )
        self._believe({name: [authorities[name]] for name in before})

    def others(self) -> dict[str, Authority]:
        """A new authority for each node."""
        return {node.name: make_authority(f"another of {node.name}", node.domain) for node in self.nodes}

    def _renewals(self) -> list[int]:
        return [len(rows) for node in self.nodes for rows in node.logged("own_certificate_renewed")]

    def _believe(self, authorities: dict[str, list[Authority]]) -> None:
        """Put these into the folder, and wait until every process believes them and nobody else."""
        for node in self.nodes:
            pem = b"".join(authority.cert_pem for authority in authorities[node.name])
            write_private(self._data / "trust" / f"{node.domain}.pem", pem)
        # The operator's is not among them.
        count = 1 + sum(map(len, authorities.values()))

        def last() -> set[int]:
            logged = [rows for node in self.nodes for rows in node.logged("trust_renewed")]
            return {rows[-1]["count"] if rows else 0 for rows in logged}

        until(lambda: last() == {count}, TAKEN_S, f"every process believes {count} authorities")
