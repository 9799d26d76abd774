"""A whole cell in the test's process: real stores in a folder, real TLS, a directory that stands in for
the plane.

The stand-in signs routes and bundles with real keys; placements and claims are kept in memory.
`crash_before_commit`
lets it break off where a crash would hurt.
"""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accord.errors import ConflictError, NotFoundError, NotReadyError
from accord.identity import Handover, SigningKey, sign_handover
from accord.ids import new_uuid
from accord.routes import CHAIN_START, route_record_hash, sign_route
from accord.runtime.mtls import MtlsFiles, Trust, issue, make_authority
from accord.runtime.serve import Lifespan
from accord.runtime.settings import load
from accord.wire.directory.v1 import directory_pb2 as wire
from regional_cell.adapters.directory.lookup import LookupKeys
from regional_cell.adapters.sql import schema_version
from regional_cell.bootstrap.cell import Cell
from regional_cell.bootstrap.directory import DirectorySide
from regional_cell.settings import CellSettings
from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents
from residency_policies.bundle import Bundle

CELL, FEDERATION = "de-fra", "demo"
# A cell that hangs is ended by its own deadlines, later than this.
STOP_S_MAX = 30
LOOKUP = LookupKeys(
    {name: [(f"{name}-1", bytes([place]) * 32)] for place, name in enumerate(("email", "slug"), 1)}
)


@dataclass
class MemoryDirectory:
    """Placements and claims, as `ports.DirectoryDoor` promises them."""

    key: SigningKey
    away: bool = False
    crash_before_commit: bool = False
    placements: dict[str, wire.Placement] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    leases: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    committed: dict[str, set[str]] = field(default_factory=dict)
    cell: Cell | None = None

    async def place(
        self, resident: str, establishment: str, subjects: Sequence[str], tags: Sequence[str]
    ) -> int:
        self._require_here()
        if resident in self.placements:
            raise ConflictError(what="resident")
        handover = sign_handover(self.key, Handover(resident, "", CELL, 1, "0" * 64))
        self.placements[resident] = wire.Placement(
            resident=resident, cell=CELL, epoch=1, version=1, handover=handover, establishment=establishment,
            subjects=subjects, tags=tags,
        )  # fmt: skip
        self.tell([self.placements[resident]])
        return 1

    async def is_placed(self, resident: str) -> bool:
        self._require_here()
        return resident in self.placements

    async def lease(self, claims: Sequence[tuple[str, str, str]]) -> str:
        self._require_here()
        if any(self.names.get((name, value), resident) != resident for name, value, resident in claims):
            raise ConflictError(what="name")
        lease = new_uuid()
        self.leases[lease] = list(claims)
        self.names.update({(name, value): resident for name, value, resident in claims})
        return lease

    async def commit_lease(self, lease: str) -> None:
        self._require_here()
        if self.crash_before_commit:
            raise asyncio.CancelledError
        if lease not in self.leases:
            raise NotFoundError(thing="lease")
        for name, _, resident in self.leases[lease]:
            self.committed.setdefault(resident, set()).add(name)

    async def release_lease(self, lease: str) -> None:
        self._require_here()
        for name, value, _ in self.leases.pop(lease, []):
            self.names.pop((name, value), None)

    async def claimed(self) -> dict[str, set[str]]:
        self._require_here()
        return self.committed

    def _require_here(self) -> None:
        if self.away:
            raise NotReadyError(why="directory away")

    # --- what the watch would bring ----------------------------------------------------------------

    def tell(self, placements: Sequence[wire.Placement], full: bool = False, **more: Any) -> None:
        """Put a signed delta into the cell's table, as its watch would."""
        assert self.cell is not None
        table = self.cell.routes
        previous = CHAIN_START if full or not table.last_hash else table.last_hash
        delta = wire.RouteDelta(
            watch_version=table.watch_version + 1, full=full, placements=placements, **more
        ).SerializeToString()
        signature = sign_route(self.key, previous, delta)
        key_id = bytes.fromhex(self.key.key_id)
        table.take(wire.WatchResponse(nonce=1, delta=delta, key_id=key_id, signature=signature))
        assert table.last_hash == route_record_hash(previous, delta, signature)


class TestedCell(Cell):
    """A cell with the stand-in behind its door to the directory."""

    __test__ = False

    def _make_directory(self) -> DirectorySide:
        side = super()._make_directory()
        self.plane = MemoryDirectory(self.settings.keys.signing_keys()[0], cell=self)
        side.door = self.plane
        return side

    async def admit(self) -> None:
        """What the directory tells a cell that was just admitted: cells, edges, keys, the bundle."""
        key = self.settings.keys.signing_keys()[0]
        keys = [
            wire.Key(
                cell=CELL, purposes=["*"], key_id=key.key_id, public_key=key.public, not_before_s=0,
                not_after_s=2**40, state=wire.KEY_STATE_ACTIVE,
            )
        ]  # fmt: skip
        cells = [
            wire.Cell(name=CELL, jurisdiction="DE", region="eu-central-1", state=wire.CELL_STATE_ACTIVE),
            wire.Cell(name="us-iad", jurisdiction="US", region="us-east-1", state=wire.CELL_STATE_ACTIVE),
        ]
        edges = [
            wire.Edge(name="fra", jurisdiction="DE", region="eu-central-1", url="http://localhost:1"),
            wire.Edge(name="ber", jurisdiction="DE", region="eu-central-1", url="http://localhost:2"),
            wire.Edge(name="iad", jurisdiction="US", region="us-east-1", url="http://localhost:3"),
        ]
        self.plane.tell([], full=True, keys=keys, cells=cells, edges=edges)
        bundle = Bundle(1, tuple(builtin_documents()), tuple(BUILTIN_REGIONS))
        digest = bytes.fromhex(bundle.hash)
        await self.policies.take(
            wire.SignedBundle(
                version=1,
                bundle=bundle.canonical_bytes,
                key_id=key.key_id,
                signature=key.sign("bundle", digest),
            )
        )


@dataclass
class Site:
    """A folder with keys and certificates; cells can be started in it one after another."""

    folder: Path
    grpc: int
    authorities: dict[str, object] = field(default_factory=dict)

    def mtls(self, name: str, process: str) -> MtlsFiles:
        """Certificate and key of a process of trust domain `<name>.demo`."""
        authority = self.authorities[name]
        certificate, key = issue(authority, process, f"{name}.{FEDERATION}")  # type: ignore[arg-type]
        return MtlsFiles(certificate, key)

    @property
    def trust(self) -> Trust:
        """Everybody's authorities."""
        return Trust.load(self.folder / "trust")


def make_site(folder: Path) -> Site:
    """Write keys, certificates and settings."""
    site = Site(folder, free_port())
    (folder / "trust").mkdir(parents=True)
    for name in (CELL, "us-iad", "fra", "ber", "iad", "operator", "directory"):
        authority = make_authority(name, f"{name}.{FEDERATION}")
        site.authorities[name] = authority
        (folder / "trust" / f"{name}.{FEDERATION}.pem").write_bytes(authority.cert_pem)
    files = site.mtls(CELL, "cell")
    (folder / "cell.pem").write_bytes(files.certificate_pem)
    (folder / "cell.key").write_bytes(files.key_pem)
    (folder / "secrets").mkdir()
    for name in ("signing_seed", "cell_key", "ledger_seed"):
        (folder / "secrets" / f"keys__{name}").write_bytes(os.urandom(32).hex().encode())
    seed = bytes.fromhex((folder / "secrets" / "keys__signing_seed").read_text())
    public = SigningKey.from_seed(seed).public.hex()
    (folder / "config.toml").write_text(
        f"""
[node]
name = "{CELL}"
plane = "cell"
jurisdiction = "DE"
region = "eu-central-1"
federation = "{FEDERATION}"
data_dir = "{folder / "data"}"
[listen]
grpc = "127.0.0.1:{site.grpc}"
[mtls]
ca_file = "{folder / "trust" / f"{CELL}.{FEDERATION}.pem"}"
certificate_file = "{folder / "cell.pem"}"
key_file = "{folder / "cell.key"}"
trust_dir = "{folder / "trust"}"
[directory]
addresses = ["127.0.0.1:9"]
routes_keys = ["{public}"]
bundle_keys = ["{public}"]
[limits]
profile = "off"
[passwords]
memory_mib = 19
passes = 2
[sockets]
mark_s = 0.2
resume_events_max = 2000
"""
    )
    (folder / "data").mkdir()
    schema_version.migrate(settings_of(folder).sql_url)
    return site


def settings_of(folder: Path) -> CellSettings:
    """The settings as the program reads them."""
    return load(CellSettings, folder / "config.toml", {}, folder / "secrets")


@asynccontextmanager
async def running(site: Site) -> AsyncIterator[TestedCell]:
    """A cell that serves, until the block ends."""
    lifespan = Lifespan()
    cell = TestedCell(settings_of(site.folder), site.folder / "secrets", LOOKUP, lifespan, 0)
    await cell.admit()
    await cell.start()
    try:
        yield cell
    finally:
        begun_s = time.monotonic()
        await cell.stop()
        assert time.monotonic() - begun_s < STOP_S_MAX


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
