"""One real edge process between a fake directory and fake cells, over mutual TLS. Nothing of this ships."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from accord.encoding import b64url
from accord.identity import mint, new_token_id
from accord.ids import new_id
from accord.runtime.mtls import Authority, MtlsFiles, Trust, issue, make_authority
from accord.runtime.rpc_server import RpcServer
from accord.wire.cell.v1 import gateway_pb2_grpc as cell_stubs
from accord.wire.directory.v1 import directory_pb2 as wire
from accord.wire.directory.v1 import directory_pb2_grpc as stubs
from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents
from residency_policies.bundle import Bundle
from tests.edge.support_fakes import FakeCell, FakeDirectory, placed, until

ROOT = Path(__file__).resolve().parents[2]
LOOKUP_KEY = bytes(range(32))
GATEWAY = "/accord.wire.cell.v1.Gateway/"
DIRECTORY = "/accord.wire.directory.v1."
NOW_S = 1_700_000_000
# For a machine with other things to do; an edge that starts takes a second or two.
ENDED_S = 60.0


class World:
    """Directory, cells `de-fra` and `us-iad`, and edge `fra` in Germany."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.directory = FakeDirectory()
        self.home = FakeCell("de-fra", "DE", "eu-central-1")
        self.other = FakeCell("us-iad", "US", "us-east-1")
        self.second = FakeCell("de-ham", "DE", "eu-central-1")
        self.team, self.american = new_id("T"), new_id("T")
        self.settings: dict[str, dict[str, Any]] = {}
        self.links: dict[str, float] = {}
        self.url = self.socket_url = ""
        self._authorities: dict[str, Authority] = {}
        self._servers: dict[str, RpcServer] = {}
        self._ports: dict[str, int] = {}
        self._edge: asyncio.subprocess.Process | None = None
        self.http: aiohttp.ClientSession | None = None

    # --- parts ---------------------------------------------------------------------------------

    async def start(self) -> None:
        for name in ("directory", "de-fra", "us-iad", "de-ham", "fra"):
            self._authorities[f"{name}.demo"] = make_authority(name, f"{name}.demo")
        await self.serve_directory()
        for cell in (self.home, self.other, self.second):
            await self.serve_cell(cell)
        self.strict = new_id("T")
        documents = (*builtin_documents(), strict_policy(self.strict))
        bundle = Bundle(1, documents, BUILTIN_REGIONS)
        self.directory.bundle = bundle.canonical_bytes
        self.directory.cells = [self.home, self.other, self.second]
        self.directory.edges = [
            wire.Edge(name="fra", jurisdiction="DE", region="eu-central-1", url="http://fra.test"),
            wire.Edge(name="iad", jurisdiction="US", region="us-east-1", url="http://iad.test"),
        ]
        for entry in (placed(self.team, self.home), placed(self.american, self.other, establishment="US")):
            self.directory.placements[entry.resident] = entry
        self.http = aiohttp.ClientSession()

    def _trust(self) -> Trust:
        return Trust({domain: authority.cert_pem for domain, authority in self._authorities.items()})

    async def _serve(self, name: str, adders: list[Any], allow: list[str]) -> int:
        cert, key = issue(self._authorities[f"{name}.demo"], "p1", f"{name}.demo")
        rows = {method: lambda peer: peer.node == "fra" for method in allow}
        address = f"127.0.0.1:{self._ports.get(name, 0)}"
        server = RpcServer(name, address, MtlsFiles(cert, key), self._trust(), rows)
        for add in adders:
            server.add(add)
        self._servers[name] = server
        self._ports[name] = await server.start()
        return self._ports[name]

    async def serve_directory(self) -> None:
        names = ["Resolve", "Find", "Watch"]
        rows = [f"{DIRECTORY}Directory/{name}" for name in names]
        rows += [f"{DIRECTORY}Policies/{name}" for name in ("WatchBundle", "Acknowledge")]
        await self._serve(
            "directory",
            [
                lambda server: stubs.add_DirectoryServicer_to_server(self.directory, server),
                lambda server: stubs.add_PoliciesServicer_to_server(self.directory, server),
            ],
            rows,
        )

    async def serve_cell(self, cell: FakeCell) -> None:
        rows = [GATEWAY + name for name in ("Exchange", "Upload", "Download")]
        adders = [lambda server: cell_stubs.add_GatewayServicer_to_server(cell, server)]
        cell.address = f"127.0.0.1:{await self._serve(cell.name, adders, rows)}"

    async def stop_server(self, name: str) -> None:
        await self._servers.pop(name).stop(0)

    # --- the edge ------------------------------------------------------------------------------

    def _write_settings(self) -> Path:
        home = self.folder / "edge"
        trust = self.folder / "trust"
        for folder in (home, trust):
            folder.mkdir(exist_ok=True)
        for domain, authority in self._authorities.items():
            (trust / f"{domain}.pem").write_bytes(authority.cert_pem)
        self.renew_certificate()
        rows = [{"attribute": "email", "jurisdiction": "DE", "key_id": "k1", "key": b64url(LOOKUP_KEY)}]
        (home / "lookup_keys.json").write_text(json.dumps(rows))
        if not self.url:
            self.url, self.socket_url = (f"127.0.0.1:{free_port()}" for _ in range(2))
        sections: dict[str, dict[str, Any]] = {
            "node": {"name": "fra", "plane": "edge", "jurisdiction": "DE", "region": "eu-central-1"},
            "listen": {"http": self.url, "socket": self.socket_url},
            "mtls": {
                "ca_file": str(trust / "fra.demo.pem"),
                "certificate_file": str(home / "cert.pem"),
                "key_file": str(home / "key.pem"),
                "trust_dir": str(trust),
            },
            "directory": {
                "addresses": [f"127.0.0.1:{self._ports['directory']}"],
                "routes_keys": [self.directory.routes_key.public.hex()],
                "bundle_keys": [self.directory.bundle_key.public.hex()],
                "watch_backoff_s_max": 0.5,
            },
            "links": self.links,
        }
        sections["node"]["data_dir"] = str(home / "data")
        for name, values in self.settings.items():
            sections.setdefault(name, {}).update(values)
        file = home / "edge.toml"
        file.write_text(toml(sections))
        return file

    def renew_certificate(self) -> None:
        """Give the edge another certificate of the same name."""
        cert, key = issue(self._authorities["fra.demo"], "edge", "fra.demo")
        (self.folder / "edge" / "cert.pem").write_bytes(cert)
        (self.folder / "edge" / "key.pem").write_bytes(key)

    async def start_edge(self, *, ready: bool = True) -> None:
        """Start the process; wait until it is ready."""
        file = self._write_settings()
        environ = dict(os.environ, PYTHONPATH=str(ROOT), COLINK_SECRETS_DIR=str(file.parent))
        self._edge = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "edge", "--config", str(file),
            env=environ, stderr=(file.parent / "log").open("ab"),
        )  # fmt: skip
        if ready:
            await self.until_ready()

    async def until_ready(self, seconds: float = 120.0) -> None:
        end = asyncio.get_running_loop().time() + seconds
        status, body = 0, ""
        while asyncio.get_running_loop().time() < end:
            assert self._edge is not None
            if self._edge.returncode is not None:
                raise AssertionError(self.log())
            try:
                status, body = await self.get("/readyz")
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
                continue
            if status == 200:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{status} {body}\n{self.log()}")

    def log(self) -> str:
        return (self.folder / "edge" / "log").read_text()[-4_000:]

    async def end_edge(self, number: signal.Signals = signal.SIGKILL) -> int:
        assert self._edge is not None
        if self._edge.returncode is None:
            self._edge.send_signal(number)
        return await asyncio.wait_for(self._edge.wait(), ENDED_S)

    async def wait_edge(self) -> int:
        assert self._edge is not None
        return await asyncio.wait_for(self._edge.wait(), ENDED_S)

    async def stop(self) -> None:
        if self._edge is not None:
            await self.end_edge()
        if self.http is not None:
            await self.http.close()
        for name in list(self._servers):
            await self.stop_server(name)

    # --- as a client ---------------------------------------------------------------------------

    def token(self, resident: str = "", cell: FakeCell | None = None) -> str:
        payload = {"i": new_token_id(), "r": resident or self.team, "u": new_id("U"), "t": NOW_S}
        return mint((cell or self.home).key, "xoxp-", payload)

    def ticket(self, purpose: str = "rtm", resident: str = "", **fields: object) -> str:
        payload: dict[str, object] = {
            "i": new_token_id(),
            "r": resident or self.team,
            "edge": "fra",
            "x": int(time.time()) + 25,
        }
        return mint(self.home.key, purpose, payload | fields, ticket=True)

    async def get(self, path: str, **more: Any) -> tuple[int, str]:
        assert self.http is not None
        async with self.http.get(f"http://{self.url}{path}", allow_redirects=False, **more) as answer:
            return answer.status, await answer.text()

    async def api(
        self, method: str, token: str | None = None, **more: Any
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        assert self.http is not None
        headers = {"authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        url = f"http://{self.url}/api/{method}"
        async with self.http.post(url, headers=headers, allow_redirects=False, **more) as answer:
            found = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status, json.loads(await answer.text()), found

    async def open_socket(self, ticket: str = "") -> aiohttp.ClientWebSocketResponse:
        assert self.http is not None
        return await self.http.ws_connect(
            f"http://{self.socket_url}/rtm/{ticket or self.ticket()}", autoping=False
        )


def strict_policy(workspace: str) -> str:
    """The policy of India for one workspace, without use from abroad."""
    text = next(one for one in builtin_documents() if "id: default/in\n" in one)
    text = text.replace("id: default/in", "id: strict/in")
    text = text.replace('establishment: "IN"', f'workspaces: [{workspace}]\n  establishment: "IN"')
    text = text.replace("to_not: [US_COUNTRIES_OF_CONCERN]", 'to: ["IN"]')
    head, _, _ = text.partition("\ntests:")
    return head + "\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def toml(sections: dict[str, dict[str, Any]]) -> str:
    """JSON scalars and arrays are TOML ones."""
    lines: list[str] = []
    for section, values in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{json.dumps(name)} = {json.dumps(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


@asynccontextmanager
async def running_world(folder: Path, **settings: dict[str, Any]) -> AsyncIterator[World]:
    """A world with its edge ready."""
    world = World(folder)
    world.settings = settings
    try:
        await world.start()
        await world.start_edge()
        await until(lambda: world.home.sessions and world.other.sessions and world.second.sessions)
        yield world
    finally:
        await world.stop()
