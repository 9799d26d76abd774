"""Where the parts of the directory meet: made once, in order, and taken down in the opposite order.

Invariants
    1. Nothing listens before the schema is ours, the keys are there and a bundle is active.
    2. Draining: health says so, watches end with UNAVAILABLE, running calls get `GRACE_S`, the store closes.
"""

import asyncio
import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import uvicorn

from accord.clock import SystemClock
from accord.errors import ColinkError
from accord.runtime.logs import get_logger
from accord.runtime.metrics import Metrics
from accord.runtime.mtls import MtlsFiles, Trust
from accord.runtime.passwords import Argon2Hasher
from accord.runtime.renewal import Renewal, load_own
from accord.runtime.rpc_server import RpcServer
from accord.runtime.serve import Lifespan
from accord.runtime.settings import SettingsError
from accord.wire.directory.v1 import directory_pb2_grpc as stubs
from directory.adapters.authorities import TrustedAuthorities
from directory.adapters.memory.bell import LocalBell
from directory.adapters.memory.rates import LocalRate
from directory.adapters.sql import schema_version
from directory.adapters.sql.engine import Engines
from directory.adapters.sql.store import SqlStore
from directory.adapters.totp import SealedTotp
from directory.domain.cells import CellState
from directory.domain.homes import HomeRules
from directory.domain.policy_log import LogPen
from directory.entrypoints.grpc.bundles import PoliciesServicer
from directory.entrypoints.grpc.cells import CellsServicer
from directory.entrypoints.grpc.claims import ClaimsServicer
from directory.entrypoints.grpc.forms import encode_delta
from directory.entrypoints.grpc.officers import OfficersServicer
from directory.entrypoints.grpc.peers import Callers
from directory.entrypoints.grpc.placements import ResidentsServicer
from directory.entrypoints.grpc.watch import DirectoryServicer
from directory.entrypoints.http.app import OfficerDoors, make_app
from directory.entrypoints.workers.policies import roll_out
from directory.entrypoints.workers.sweep import sweep
from directory.ports.store import ReadUnit
from directory.services.bundles import BundleService
from directory.services.cells import CellService
from directory.services.claims import ClaimService
from directory.services.halts import HaltService
from directory.services.officers import OfficerService
from directory.services.placements import PlacementService
from directory.services.policies.evidence import PolicyEvidence
from directory.services.policies.review import PolicyReview
from directory.services.policies.rollout import PolicyRollout
from directory.services.policies.shadow import PolicyShadow
from directory.services.policy_log import PolicyLogService
from directory.services.shadows import ShadowService
from directory.services.traffic import TrafficService
from directory.services.unlawful import UnlawfulService
from directory.services.watch import WatchService
from directory.settings import DirectoryPlaneSettings
from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents, builtin_packs
from residency_policies.decision import Region

GRACE_S = 3.0
DOCUMENT_ENDINGS = frozenset({".yaml", ".yml", ".json"})


class Plane:
    """The services over one store, ready for any face."""

    def __init__(self, settings: DirectoryPlaneSettings, engines: Engines, trust: Trust) -> None:
        clock = SystemClock()
        self.store = SqlStore(engines)
        self.bell = LocalBell()
        self.metrics = Metrics()
        self.trust = trust
        self.regions = regions_of(settings)
        federation = settings.node.federation
        self.callers = Callers(federation)
        authorities = TrustedAuthorities(trust, federation)
        self.placements = PlacementService(self.store, clock, self.bell, HomeRules(self._decided))
        self.claims = ClaimService(
            self.store,
            clock,
            os.urandom,
            LocalRate(settings.claims.find_per_minute),
            settings.claims.lease_s,
        )
        ids = frozenset(region.id for region in self.regions)
        self.cells = CellService(self.store, clock, self.bell, authorities, ids)
        pen = LogPen(settings.keys.log_key(), f"policies.{federation}")
        key = settings.keys.bundle_key()
        self.bundles = BundleService(self.store, clock, self.bell, key, os.urandom, pen)
        self.hasher = Argon2Hasher(settings.officers.memory_mib, settings.officers.passes)
        self.officers = OfficerService(
            self.store,
            clock,
            os.urandom,
            self.hasher,
            SealedTotp(settings.keys.sealing_key()),
            LocalRate(settings.officers.attempts_per_minute),
            pen,
        )
        self.review = PolicyReview(self.store, clock, self.bell, key, os.urandom, pen)
        self.rollout = PolicyRollout(self.store, clock, self.bell, key, os.urandom, pen)
        self.evidence = PolicyEvidence(self.store, clock, self.bell, key, os.urandom, pen)
        self.shadow = PolicyShadow(self.store, clock, self.bell, key, os.urandom, pen)
        self.shadows = ShadowService(self.store, clock)
        acknowledge_s = settings.policies.acknowledge_s
        self.halts = HaltService(self.store, clock, self.bell, key, os.urandom, pen, acknowledge_s)
        self.traffic = TrafficService(self.store, clock)
        self.unlawful = UnlawfulService(self.store, clock, os.urandom, pen)
        self.log = PolicyLogService(self.store)
        self.watch = WatchService(self.store, clock, settings.keys.routes_key(), encode_delta)
        self._federation = federation

    def _decided(self, point: str, code: str) -> None:
        self.metrics.count("colink_decisions_total", point=point, code=code)

    async def believe_admitted(self) -> None:
        """Add the authorities of admitted cells to the given ones; retired cells lose theirs."""

        def work(unit: ReadUnit) -> dict[str, bytes]:
            alive = [it for it in unit.cells.cells() if it.state is not CellState.RETIRED]
            return {f"{it.name}.{self._federation}": it.authority for it in alive}

        self.trust.admit(await self.store.read(work))

    @property
    def doors(self) -> OfficerDoors:
        """What officers are served by."""
        return OfficerDoors(
            self.officers,
            self.review,
            self.rollout,
            self.halts,
            self.log,
            self.evidence,
            self.shadow,
            self.shadows,
            self.unlawful,
        )

    async def readiness(self) -> Mapping[str, bool]:
        """Each dependency by name, and whether it can be used now."""
        try:
            active, _ = await self.bundles.look()
        except ColinkError:
            return {"store": False, "bundle": False}
        return {"store": True, "bundle": active is not None}


def regions_of(settings: DirectoryPlaneSettings) -> tuple[Region, ...]:
    """The catalogue of regions: the settings', else the built-in one."""
    given = tuple(Region(it.id, it.country, it.subdivision, it.operator) for it in settings.regions)
    return given or BUILTIN_REGIONS


def read_documents(folder: Path | None) -> tuple[str, ...]:
    """Texts of the policy documents in the order of their file names; without a folder the built-in ones.

    Packs come with the software: a folder need not hold them and cannot replace them.

    Raises:
        SettingsError: no documents, or one that cannot be read.
    """
    if folder is None:
        return builtin_documents()
    try:
        files = sorted(it for it in folder.iterdir() if it.suffix in DOCUMENT_ENDINGS)
        texts = tuple(it.read_text("utf-8") for it in files)
    except (OSError, ValueError) as error:
        raise SettingsError([f"policies.dir: {type(error).__name__}"]) from None
    if not texts:
        raise SettingsError(["policies.dir: no documents"])
    return texts + tuple(pack for pack in builtin_packs() if pack not in texts)


def open_store(settings: DirectoryPlaneSettings) -> Engines:
    """Connections to the store.

    Raises:
        SettingsError: the URL or the data folder cannot be used. OverloadedError: another process has it.
    """
    try:
        settings.node.data_dir.mkdir(parents=True, exist_ok=True)
        return Engines(settings.sql_url)
    except (OSError, ValueError) as error:
        raise SettingsError([f"stores.sql_url: {type(error).__name__}"]) from None
    except Exception as error:
        if isinstance(error, ColinkError):
            raise
        raise SettingsError([f"stores.sql_url: {type(error).__name__}"]) from None


async def run(settings: DirectoryPlaneSettings, lifespan: Lifespan, migrate_first: bool) -> None:
    """Run the directory until it is asked to drain.

    Raises:
        SettingsError: nothing was started. SchemaError: the store is not ours. PolicyError: every finding.
    """
    mtls, trust = load_own(settings.mtls)
    documents = read_documents(settings.policies.dir)
    if settings.listen.grpc is None:
        raise SettingsError(["listen.grpc: missing"])
    engines = await asyncio.to_thread(open_store, settings)
    try:
        if migrate_first:
            await asyncio.to_thread(schema_version.migrate, engines)
        await asyncio.to_thread(schema_version.require_current, engines)
    except BaseException:
        engines.close()
        raise
    plane = Plane(settings, engines, trust)
    try:
        bundle, passed_over = await plane.bundles.begin(documents, plane.regions)
        if passed_over:
            get_logger().warning("policies_passed_over", bundle_version=bundle.version)
        plane.metrics.set_to("colink_bundle_version", bundle.version)
        await plane.believe_admitted()
        await _serve(settings, plane, mtls, lifespan)
    finally:
        await plane.store.close()
        plane.hasher.close()


async def _serve(settings: DirectoryPlaneSettings, plane: Plane, mtls: MtlsFiles, lifespan: Lifespan) -> None:
    draining = lifespan.draining
    assert settings.listen.grpc is not None
    rpc = RpcServer(
        settings.node.name,
        settings.listen.grpc,
        mtls,
        plane.trust,
        plane.callers.allow(),
        metrics=plane.metrics,
    )
    routes = DirectoryServicer(
        plane.placements, plane.claims, plane.watch, plane.callers, plane.bell, plane.metrics, draining
    )
    residents = ResidentsServicer(plane.placements, plane.callers)
    claims = ClaimsServicer(plane.claims, plane.callers, plane.metrics)
    cells = CellsServicer(plane.cells, plane.callers, plane.believe_admitted, plane.watch.held)
    officers = OfficersServicer(plane.officers, plane.callers)
    policies = PoliciesServicer(
        plane.bundles,
        plane.halts,
        plane.traffic,
        plane.shadows,
        plane.unlawful,
        plane.callers,
        plane.bell,
        draining,
    )
    rpc.add(lambda server: stubs.add_DirectoryServicer_to_server(routes, server))
    rpc.add(lambda server: stubs.add_ResidentsServicer_to_server(residents, server))
    rpc.add(lambda server: stubs.add_ClaimsServicer_to_server(claims, server))
    rpc.add(lambda server: stubs.add_CellsServicer_to_server(cells, server))
    rpc.add(lambda server: stubs.add_OfficersServicer_to_server(officers, server))
    rpc.add(lambda server: stubs.add_PoliciesServicer_to_server(policies, server))
    port = await rpc.start()
    http = _http_server(settings, plane)
    tasks = [
        asyncio.ensure_future(sweep(plane.claims, plane.watch, plane.metrics, draining)),
        asyncio.ensure_future(
            roll_out(plane.rollout, plane.shadow, plane.halts, plane.unlawful, plane.officers, draining)
        ),
    ]
    renewal = asyncio.ensure_future(Renewal(settings.mtls, mtls, plane.trust).run())
    if http is not None:
        tasks.append(asyncio.ensure_future(http.serve()))
    lifespan.mark_started()
    get_logger().info("directory_ready", address=f"{settings.listen.grpc.rpartition(':')[0]}:{port}")
    ended = asyncio.ensure_future(draining.wait())
    await asyncio.wait({ended, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    renewal.cancel()
    lifespan.drain("a part of the directory ended")
    if http is not None:
        http.should_exit = True
    plane.bell.ring()
    await rpc.stop(GRACE_S)
    await asyncio.gather(*tasks)


class _HttpServer(uvicorn.Server):
    """Leaves signals to the process, which drains as a whole."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _http_server(settings: DirectoryPlaneSettings, plane: Plane) -> uvicorn.Server | None:
    if settings.listen.http is None:
        return None
    host, _, port = settings.listen.http.rpartition(":")
    doors = plane.doors if settings.officers_may_enter else None
    app = make_app(plane.cells, plane.bundles, plane.metrics, plane.readiness, doors)
    config = uvicorn.Config(
        app,
        host=host.strip("[]"),
        port=int(port),
        access_log=False,
        log_config=None,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=int(GRACE_S),
    )
    return _HttpServer(config)
