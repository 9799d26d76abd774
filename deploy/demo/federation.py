"""A federation on one machine: its layout, its processes, and what the ready line says of them."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from accord.runtime.mtls import Trust
from accord.signing import SigningKey
from accord.wire.directory.v1 import directory_pb2 as pb
from deploy import environment
from deploy.demo import officers
from deploy.demo.authority import Authorities
from deploy.demo.catalogue import FEDERATION, SITES, CellSite, edge_names, links
from deploy.demo.configs import Configs
from deploy.demo.layout import MARK, Layout
from deploy.demo.operator import Operator
from deploy.demo.options import Options
from deploy.demo.ports import Ports
from deploy.demo.processes import Child, Processes
from deploy.demo.screen import Screen
from deploy.demo.seeding import CellDoor

READY_S = 90.0
KEY_DAYS_S = 365 * 24 * 3600


class Federation:
    """One demo's processes. `prepare`, then `start`; `stop` ends everything."""

    def __init__(
        self,
        layout: Layout,
        options: Options,
        ports: Ports,
        screen: Screen,
        on_exit: Callable[[Child, int], None],
    ) -> None:
        self.layout = layout
        self.options = options
        self.ports = ports
        self.sites = [SITES[name] for name in options.cells]
        self.processes = Processes(on_exit)
        self._screen = screen
        self._authorities = Authorities(layout, FEDERATION)
        self._configs = Configs(layout, self._authorities, ports, options)
        self._operator: Operator | None = None

    @property
    def operator(self) -> Operator:
        """Calls as the operator; after `prepare`."""
        assert self._operator is not None
        return self._operator

    def edges_of(self, site: CellSite) -> list[str]:
        """Names of a site's edges: `fra`, `fra-2` ..."""
        return edge_names(site, self.options.edges)

    def prepare(self) -> None:
        """Make keys, certificates and configuration files."""
        self.layout.make()
        mark = {
            "product": "colink",
            "schema": 1,
            "cells": list(self.options.cells),
            "seed": self.options.seed,
        }
        (self.layout.data_dir / MARK).write_text(json.dumps(mark), encoding="utf-8")
        nodes = ["operator", "directory"]
        nodes += [name for site in self.sites for name in (site.name, *self.edges_of(site))]
        for name in nodes:
            self._authorities.authority(name)
        self._authorities.bundle()
        self._authorities.lookup_keys([site.jurisdiction for site in self.sites])
        directory = self._configs.directory()
        self._add("directory", "directory", directory, self.ports.directory_http)
        for site in self.sites:
            config = self._configs.cell(site, self.sites)
            for number in range(self.options.processes):
                name = site.name if number == 0 else f"{site.name}/{number + 1}"
                ports = self.ports.cells[site.name, number]
                self._add(name, "regional_cell", config, ports.health, number, ports.grpc)
            for edge in self.edges_of(site):
                self._add(
                    edge, "edge", self._configs.edge(edge, site, self.sites), self.ports.edges[edge].http
                )
        ledger_keys = {
            site.name: self._authorities.seed("cells", site.name, "keys__ledger_seed").public.hex()
            for site in self.sites
        }
        (self.layout.data_dir / "ledger-keys.json").write_text(json.dumps(ledger_keys), encoding="utf-8")
        log_key = self._authorities.seed("directory", "directory", "keys__log_seed").public.hex()
        door = {"url": self.directory_member()["http"], "log_key": log_key, "grpc": self._directory_address()}
        (self.layout.data_dir / officers.DOOR).write_text(json.dumps(door), encoding="utf-8")
        self._operator = Operator(self._authorities.operator(), Trust.load(self.layout.trust), FEDERATION)

    async def start(self) -> None:
        """Start everything and wait until it is ready. Raises NotReadyError, ColinkError."""
        names = list(self.processes.children)
        for name in names:
            self._screen.started(*self._step(name))
        for name in names:
            await self.processes.start(name)
        await self._ready("directory")
        await self._admit()
        await asyncio.gather(*(self._ready(name) for name in names if name != "directory"))

    async def officers(self) -> list[officers.SeededOfficer]:
        """The demo's officers, enrolled at the first start. Raises ColinkError."""
        found = officers.kept(self.layout.data_dir)
        if not found:
            http = self.directory_member()["http"]
            found = await officers.enrol_all(self.operator, self._directory_address(), http)
            officers.keep(self.layout.data_dir, found)
        return found

    async def start_again(self, name: str) -> list[Child]:
        """Start the stopped processes of a name again and wait until they are ready. Raises KeyError,
        NotReadyError.
        """
        children = self.named(name)
        for child in children:
            await self.processes.start(child.name)
        await asyncio.gather(*(self.processes.ready(child, READY_S) for child in children))
        return children

    def named(self, name: str) -> list[Child]:
        """The processes of a name: all API processes of a cell. Raises KeyError for an unknown one."""
        found = [
            child
            for child in self.processes.children.values()
            if name in (child.name, child.name.partition("/")[0])
        ]
        if not found:
            raise KeyError(name)
        return found

    async def stop(self) -> None:
        """End every process."""
        if self._operator is not None:
            await self._operator.close()
        await self.processes.stop_all()

    def doors(self) -> dict[str, CellDoor]:
        """Each cell as the seed reaches it."""
        return {
            site.name: CellDoor(
                site.name,
                site.jurisdiction,
                self._cell_address(site.name, 0),
                self._edge_url(site.edge) + "/api/",
                self._edge_url(site.edge),
            )
            for site in self.sites
        }

    def directory_member(self) -> dict[str, Any]:
        """`directory` of the ready line."""
        return {
            "name": "directory",
            "pid": self.processes.children["directory"].pid,
            "grpc": self._directory_address(),
            "http": f"http://{self.options.node('directory').shown}:{self.ports.directory_http}",
            "data_dir": str(self.layout.data_of("directory", "directory")),
        }

    def cell_members(self) -> list[dict[str, Any]]:
        """`cells[]` of the ready line, without engines."""
        members = []
        for site in self.sites:
            ports, node = self.ports.cells[site.name, 0], self.options.node(site.name)
            member: dict[str, Any] = {
                "name": site.name,
                "jurisdiction": site.jurisdiction,
                "region": site.region,
                "pid": self.processes.children[site.name].pid,
                "grpc": f"{node.address}:{ports.grpc}",
                "health": f"http://{node.shown}:{ports.health}/readyz",
                "metrics": f"http://{node.shown}:{ports.health}/metrics",
                "data_dir": str(self.layout.data_of("cells", site.name)),
            }
            if self.options.processes > 1:
                member["processes"] = [{"pid": child.pid, "role": "api"} for child in self.named(site.name)]
            members.append(member)
        return members

    def edge_members(self) -> list[dict[str, Any]]:
        """`edges[]` of the ready line."""
        return [
            {
                "name": edge,
                "jurisdiction": site.jurisdiction,
                "pid": self.processes.children[edge].pid,
                "url": self._edge_url(edge),
                "api": self._edge_url(edge) + "/api/",
                "metrics": self._edge_url(edge) + "/metrics",
                "data_dir": str(self.layout.data_of("edges", edge)),
            }
            for site in self.sites
            for edge in self.edges_of(site)
        ]

    def links(self) -> list[dict[str, Any]]:
        """`links[]` of the ready line: the simulated distances that are on."""
        return [
            {**link, "delay_ms": link["delay_ms"] if self.options.latency else 0}
            for link in links(self.sites)
        ]

    async def _ready(self, name: str) -> None:
        child = self.processes.children[name]
        try:
            await self.processes.ready(child, READY_S)
        except Exception as error:
            self._screen.failed(*self._step(name), str(error))
            raise
        self._screen.ready(*self._step(name), child.ready_url.removesuffix("/readyz"))

    def _step(self, name: str) -> tuple[str, str | None]:
        plane = self.processes.children[name].plane
        return {"directory": ("directory", None), "regional_cell": ("cell", name), "edge": ("edge", name)}[
            plane
        ]

    async def _admit(self) -> None:
        """Admit cells and edges to the directory: they serve from then on."""
        cells = self.operator.cells(self._directory_address())
        everybody = await self.operator.ask(cells.List, pb.ListCellsRequest(context=self.operator.context()))
        known = {status.cell.name for status in everybody.cells}
        for site in self.sites:
            host = self.options.node(site.name).dialled
            addresses = [
                f"{host}:{self.ports.cells[site.name, number].grpc}"
                for number in range(self.options.processes)
            ]
            signing = self._authorities.seed("cells", site.name, "keys__signing_seed")
            await self.operator.ask(
                cells.Admit,
                pb.AdmitRequest(
                    context=self.operator.context(),
                    cell=pb.Cell(
                        name=site.name,
                        jurisdiction=site.jurisdiction,
                        region=site.region,
                        addresses=addresses,
                        state=pb.CELL_STATE_ACTIVE,
                        operator="colink-demo",
                        authority=self._authorities.authority(site.name).cert_pem,
                    ),
                    # The keys of a cell that is known may have been exchanged since.
                    keys=[] if site.name in known else [_key(site.name, signing)],
                ),
            )
            for edge in self.edges_of(site):
                await self.operator.ask(
                    cells.AdmitEdge,
                    pb.AdmitEdgeRequest(
                        context=self.operator.context(),
                        edge=pb.Edge(
                            name=edge,
                            jurisdiction=site.jurisdiction,
                            region=site.region,
                            url=self._edge_url(edge),
                        ),
                    ),
                )

    def _add(
        self,
        name: str,
        plane: str,
        config: Any,
        health: int,
        number: int | None = None,
        grpc: int | None = None,
    ) -> None:
        extra: tuple[str, ...] = () if plane == "edge" else ("--migrate",)
        node = self.options.node(name.partition("/")[0])
        environ = {"COLINK_SECRETS_DIR": str(config.parent / "secrets"), **dict(node.environ)}
        if number:
            extra = ("--process", str(number))
            environ["COLINK_LISTEN__GRPC"] = f"{node.address}:{grpc}"
            environ["COLINK_LISTEN__HEALTH"] = f"{node.address}:{health}"
        ready = f"http://{node.address}:{health}/readyz"
        log = self.layout.log(name)
        self.processes.add(Child(name, plane, config, log, ready, extra, environ, node.under))

    def _cell_address(self, cell: str, number: int) -> str:
        return f"{self.options.node(cell).address}:{self.ports.cells[cell, number].grpc}"

    def _directory_address(self) -> str:
        return f"{self.options.node('directory').address}:{self.ports.directory_grpc}"

    def _edge_url(self, edge: str) -> str:
        return f"http://{self.options.node(edge).shown}:{self.ports.edges[edge].http}"


def _key(cell: str, key: SigningKey) -> pb.Key:
    return pb.Key(
        cell=cell,
        purposes=["*"],
        key_id=key.key_id,
        public_key=key.public,
        not_before_s=0,
        not_after_s=2**40,
        state=pb.KEY_STATE_ACTIVE,
    )


def version() -> str:
    """The product's version, as pyproject.toml or the installed package says it."""
    import importlib.metadata
    import tomllib

    try:
        return importlib.metadata.version("colink")
    except importlib.metadata.PackageNotFoundError:
        project = tomllib.loads((environment.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        return str(project["project"]["version"])
