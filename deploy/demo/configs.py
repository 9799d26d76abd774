"""Configuration files of a demo's processes, and the secrets beside them.

Every process gets a folder with `config.toml`, `tls/` and `secrets/`; its data goes into `data/` below it.
"""

import json
from pathlib import Path
from typing import Any

from deploy.demo.authority import Authorities
from deploy.demo.catalogue import FEDERATION, CellSite, round_trip_ms
from deploy.demo.layout import Layout, write_secret
from deploy.demo.options import Options
from deploy.demo.ports import Ports
from deploy.demo.toml import to_toml

# The seed's passwords are 72 random bits, which no work has to protect: the least that is taken.
PASSWORDS = {"memory_mib": 19, "passes": 2}
# Everything starts at once, the directory too: who asks it too early asks again soon.
WATCH_BACKOFF_S_MAX = 1


class Configs:
    """Writes the files of one demo."""

    def __init__(self, layout: Layout, authorities: Authorities, ports: Ports, options: Options) -> None:
        self._layout = layout
        self._authorities = authorities
        self._ports = ports
        self._options = options
        self._directory = f"{options.node('directory').dialled}:{ports.directory_grpc}"

    def directory(self) -> Path:
        """The directory's configuration. Returns its file."""
        address = self._options.node("directory").address
        self._authorities.certificate("directory", "directory", "directory")
        self._authorities.seed("directory", "directory", "keys__routes_seed")
        self._authorities.seed("directory", "directory", "keys__bundle_seed")
        self._authorities.seed("directory", "directory", "keys__log_seed")
        self._authorities.random_key("directory", "directory", "keys__officers_key")
        return self._write(
            "directory",
            "directory",
            {
                "node": self._node("directory", "directory", "directory"),
                "listen": {
                    "grpc": f"{address}:{self._ports.directory_grpc}",
                    "http": f"{address}:{self._ports.directory_http}",
                },
                "mtls": self._mtls("directory", "directory", "directory"),
                "policies": {"dir": self._options.policies},
                # Nine officers are enrolled at once, from one address.
                "officers": {**PASSWORDS, "attempts_per_minute": 600},
            },
        )

    def cell(self, site: CellSite, sites: list[CellSite]) -> Path:
        """A cell's configuration; all its API processes share it. Returns its file."""
        keys, address = self._directory_keys(), self._options.node(site.name).address
        ports = [self._ports.cells[site.name, number] for number in range(self._options.processes)]
        self._authorities.certificate(site.name, "cell", "cells")
        for name in ("keys__signing_seed", "keys__cell_key", "keys__ledger_seed"):
            self._authorities.random_key("cells", site.name, name)
        self._lookup_keys("cells", site.name, [site.jurisdiction])
        return self._write(
            "cells",
            site.name,
            {
                "node": {
                    **self._node("cell", site.name, "cells"),
                    "jurisdiction": site.jurisdiction,
                    "region": site.region,
                    "processes": self._options.processes,
                },
                "listen": {
                    "grpc": f"{address}:{ports[0].grpc}",
                    "health": f"{address}:{ports[0].health}",
                },
                "mtls": self._mtls("cell", site.name, "cells"),
                "directory": {
                    "addresses": [self._directory],
                    "trust_domain": f"directory.{FEDERATION}",
                    "watch_backoff_s_max": WATCH_BACKOFF_S_MAX,
                    **keys,
                },
                "limits": {"profile": self._options.rate_limits},
                "passwords": PASSWORDS,
                "links": self._links(site, sites),
            },
        )

    def edge(self, name: str, site: CellSite, sites: list[CellSite]) -> Path:
        """An edge's configuration. Returns its file."""
        ports, node = self._ports.edges[name], self._options.node(name)
        self._authorities.certificate(name, "edge", "edges")
        self._lookup_keys("edges", name, [other.jurisdiction for other in sites])
        return self._write(
            "edges",
            name,
            {
                "node": {
                    **self._node("edge", name, "edges"),
                    "jurisdiction": site.jurisdiction,
                    "region": site.region,
                },
                "listen": {
                    "http": f"{node.address}:{ports.http}",
                    "socket": f"{node.address}:{ports.socket}",
                },
                "public": {
                    "url": f"http://{node.shown}:{ports.http}",
                    "socket_url": f"ws://{node.shown}:{ports.socket}",
                },
                "mtls": self._mtls("edge", name, "edges"),
                "directory": {
                    "addresses": [self._directory],
                    "trust_domain": f"directory.{FEDERATION}",
                    "watch_backoff_s_max": WATCH_BACKOFF_S_MAX,
                    **self._directory_keys(),
                },
                "limits": {"profile": self._options.rate_limits},
                "links": self._links(site, sites),
            },
        )

    def _node(self, plane: str, name: str, kind: str) -> dict[str, Any]:
        data = self._layout.data_of(kind, name)
        data.mkdir(parents=True, exist_ok=True)
        return {"name": name, "plane": plane, "federation": FEDERATION, "data_dir": data}

    def _mtls(self, process: str, name: str, kind: str) -> dict[str, Any]:
        tls = self._layout.node(kind, name) / "tls"
        return {
            "ca_file": self._layout.trust / f"{name}.{FEDERATION}.pem",
            "certificate_file": tls / f"{process}.pem",
            "key_file": tls / f"{process}.key",
            "trust_dir": self._layout.trust,
        }

    def _directory_keys(self) -> dict[str, list[str]]:
        """Public keys of the directory that cells and edges believe."""
        routes = self._authorities.seed("directory", "directory", "keys__routes_seed")
        bundle = self._authorities.seed("directory", "directory", "keys__bundle_seed")
        return {"routes_keys": [routes.public.hex()], "bundle_keys": [bundle.public.hex()]}

    def _lookup_keys(self, kind: str, name: str, jurisdictions: list[str]) -> None:
        chosen = [
            key
            for key in self._authorities.lookup_keys(jurisdictions)
            if key["jurisdiction"] in jurisdictions
        ]
        write_secret(
            self._layout.node(kind, name) / "secrets" / "lookup_keys.json", json.dumps(chosen).encode()
        )

    def _links(self, site: CellSite, sites: list[CellSite]) -> dict[str, float] | None:
        if not self._options.latency:
            return None
        return {
            other.name: float(round_trip_ms(site, other)) for other in sites if round_trip_ms(site, other)
        }

    def _write(self, kind: str, name: str, tables: dict[str, dict[str, Any] | None]) -> Path:
        path = self._layout.node(kind, name) / "config.toml"
        path.write_text(to_toml({key: table for key, table in tables.items() if table}), encoding="utf-8")
        return path
