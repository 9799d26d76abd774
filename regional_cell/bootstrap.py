"""Where the parts of a cell meet: made once, in order, and taken down in the opposite order.

Invariants
    1. Nothing listens before the keys are there, the schema is ours and what is known of the directory was proven.
    2. Draining: health says so, edges are told, calls under way get `GRACE_S`, the writer finishes, the stores close.
"""

import asyncio
import os
import random
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from accord.clock import SystemClock
from accord.errors import InvalidError
from accord.identity import KeyRing, RingKey, key_id_of
from accord.ids import new_id, new_uuid
from accord.runtime.logs import error_place, get_logger
from accord.runtime.metrics import Metrics, health_app
from accord.runtime.mtls import MtlsFiles, Trust
from accord.runtime.rpc_server import RpcServer
from accord.runtime.serve import Lifespan
from accord.runtime.settings import SettingsError
from accord.wire.cell.v1 import gateway_pb2 as wire
from accord.wire.cell.v1 import gateway_pb2_grpc, operations_pb2_grpc
from regional_cell.adapters.directory.client import DirectoryClient
from regional_cell.adapters.directory.door import DirectoryWriter
from regional_cell.adapters.directory.lookup import LookupKeys, read_lookup_keys
from regional_cell.adapters.directory.policies import BundlePolicies
from regional_cell.adapters.directory.records import RecordFiles
from regional_cell.adapters.directory.routes import RouteTable
from regional_cell.adapters.directory.watch import Watches
from regional_cell.adapters.local.doorbell import LocalDoorbell
from regional_cell.adapters.local.hasher import Argon2Hasher
from regional_cell.adapters.local.keys import CellKeys
from regional_cell.adapters.local.lead import Lead
from regional_cell.adapters.local.ledger import FolderLedger
from regional_cell.adapters.local.resume import ResumeSealer
from regional_cell.adapters.local.sealer import LocalSealer
from regional_cell.adapters.sql import schema_version
from regional_cell.adapters.sql.database import Checkpointer, Database
from regional_cell.adapters.sql.log import SqlLog
from regional_cell.adapters.sql.records import SqlPendingLeases, SqlSpentTickets
from regional_cell.adapters.sql.views import SqlViews
from regional_cell.domain.cursors import CursorKey
from regional_cell.domain.transfers import Place
from regional_cell.entrypoints.allow import allow_table
from regional_cell.entrypoints.gateway.calls import Calls
from regional_cell.entrypoints.gateway.doors import Doors
from regional_cell.entrypoints.gateway.exchange import Exchange
from regional_cell.entrypoints.gateway.servicer import GatewayServicer
from regional_cell.entrypoints.operations.health import HealthServer
from regional_cell.entrypoints.operations.service import OperationsServicer
from regional_cell.entrypoints.provisioning.service import ProvisioningServicer
from regional_cell.entrypoints.web_api.dispatch import WebApi
from regional_cell.entrypoints.web_api.limits import RateLimits
from regional_cell.entrypoints.web_api.services import Services
from regional_cell.entrypoints.workers import jobs
from regional_cell.services.claims import Claims
from regional_cell.services.commits.writer import GroupCommits
from regional_cell.services.conversations import Conversations
from regional_cell.services.edge_passages import EdgePassages
from regional_cell.services.egress import Egress
from regional_cell.services.find import People
from regional_cell.services.imports import Imports
from regional_cell.services.live import Live
from regional_cell.services.messages.posting import Messages
from regional_cell.services.messages.reading import MessageReader
from regional_cell.services.provisioning import Provisioning
from regional_cell.services.reactions import Reactions
from regional_cell.services.reads import Reads
from regional_cell.services.residents import Residents
from regional_cell.services.sign_in import SignIn
from regional_cell.services.sockets import Sockets
from regional_cell.services.tails import TailRunner
from regional_cell.services.tokens import Tokens
from regional_cell.services.users import Users
from regional_cell.settings import CellSettings, lookup_keys_file

SOFTWARE = "colink"
GRACE_S = 3.0
DRAIN_NOTICE_S = 5.0
CHECKPOINT_S = 2.0
SETTLE_S = 10.0
DRIFT_S = 3_600.0
BACKGROUND_MAX = 100_000
TIME_MAX_S = 2**53


class Cell:
    """Everything of one process of a cell. `start`, then `stop`.

    Args:
        process: number of this process among those that share the store; 0 is the first.
    """

    def __init__(self, settings: CellSettings, lookup: LookupKeys, lifespan: Lifespan, process: int) -> None:
        self.settings, self.lookup, self.lifespan, self.process = settings, lookup, lifespan, process
        self.metrics, self.clock = Metrics(), SystemClock()
        self.mtls = MtlsFiles.load(settings.mtls.certificate_file, settings.mtls.key_file)
        self.trust = Trust.load(settings.mtls.trust_dir)
        self.name, self.data_dir = settings.node.name, settings.node.data_dir
        self.process_name = new_uuid()
        self._background: set[asyncio.Task[None]] = set()
        self._serving = False
        self._stores()
        self._directory()
        self._services()
        self._doors()

    # --- making ------------------------------------------------------------------------------------

    def _stores(self) -> None:
        settings = self.settings
        wrapping = settings.keys.wrapping_key()
        self.sealer = LocalSealer(CellKeys(wrapping))
        self.resume = ResumeSealer(wrapping)
        self.cursors = CursorKey(settings.keys.signing_key().sign("cursors", b"key")[:32])
        self.database = Database(settings.sql_url)
        self.log, self.views = SqlLog(self.database, self.sealer), SqlViews(self.database, self.sealer)
        self.spent, self.leases = SqlSpentTickets(self.database, self.clock), SqlPendingLeases(self.database)
        run = self.data_dir / "run"
        self.doorbell, self.lead = LocalDoorbell(run, f"process-{self.process}"), Lead(run)
        self.checkpointer = Checkpointer(settings.sql_url)
        own = f"-{self.process}" if self.process else ""
        origin = f"{settings.trust_domain}/ledger{own}"
        self.ledger = FolderLedger(
            self.data_dir / f"ledger{own}", origin, settings.keys.ledger_key(), os.urandom
        )
        self.commits = GroupCommits(
            self.log,
            self.views,
            self.sealer,
            self.clock,
            doorbell=self.doorbell,
            batch_max=settings.writer.batch_max,
            queue_max=settings.writer.queue_max,
            shared=self.process > 0 or settings.node.processes > 1,
        )

    def _directory(self) -> None:
        node, directory = self.settings.node, self.settings.directory
        faults: list[str] = []
        routes_ring = _ring(directory.routes_keys, "directory.routes_keys", faults)
        bundle_ring = _ring(directory.bundle_keys, "directory.bundle_keys", faults)
        if faults:
            raise SettingsError(faults)
        folder = self.data_dir / "routes"
        files = RecordFiles(folder / f"process-{self.process}" if self.process else folder)
        age_s_max = node.bundle_age_h_max * 3600.0
        self.routes = RouteTable(routes_ring, self.name)
        self.policies = BundlePolicies(
            files, bundle_ring, self.clock, node.region, node.jurisdiction.partition("-")[0], age_s_max
        )
        self.client = DirectoryClient(
            directory.addresses, self.mtls, self.trust, directory.trust_domain, lambda: self.policies.version
        )
        key = self.settings.keys.signing_key()
        self.directory_door = DirectoryWriter(self.client, key, self.lookup, self.name)
        self.watches = Watches(
            self.client,
            self.routes,
            self.policies,
            files,
            self.metrics,
            cell=self.name,
            software=SOFTWARE,
            backoff_s_max=directory.watch_backoff_s_max,
            checkpoint=self.ledger.checkpoint,
            load=lambda: self.commits.pending / self.settings.writer.queue_max,
            jitter=random.random,
        )

    def _services(self) -> None:
        node, commits, views = self.settings.node, self.commits, self.views
        key = self.settings.keys.signing_key()
        country = node.jurisdiction.partition("-")[0]
        self.tokens = Tokens(commits, self.routes.key_ring, key, self.name, self.clock, os.urandom)
        self.egress = Egress(
            Place(self.name, node.region, country, node.operator),
            self.policies,
            self.ledger,
            self.clock,
            new_uuid,
            os.urandom,
        )
        self.passages = EdgePassages(
            self.egress,
            self.ledger,
            self.policies,
            self.routes,
            self.clock.now_us,
            new_uuid,
            self.spawn,
        )
        self.live = Live(commits, self.spawn, self._live_failed, commits.pin, commits.unpin)
        commits.set_live(self.live)
        self.reader = MessageReader(commits, views)
        self.messages = Messages(commits, views, self.reader, new_id)
        self.reactions = Reactions(commits, views)
        self.sockets = Sockets(
            self.tokens,
            commits,
            self.live,
            self.spent,
            self.resume,
            self.messages,
            self.clock,
            moved=self.routes.moved,
            resume_events_max=self.settings.sockets.resume_events_max,
        )
        self.hasher = Argon2Hasher()
        self.sign_in = SignIn(
            commits, self.tokens, self.routes, self.hasher, self.spent, self.clock, os.urandom, self.name
        )
        residents = Residents(commits, self.log, self.sealer, self.directory_door, self.leases, self.clock)
        self.provisioning = Provisioning(commits, residents, self.tokens, self.hasher, os.urandom)
        self.imports = Imports(commits, self.messages, self.reactions)
        self.claims = Claims(
            commits, self.log, self.directory_door, self.leases, self.clock, self._claim_refused
        )
        self.tails: list[TailRunner] = []

    def _doors(self) -> None:
        node, commits = self.settings.node, self.commits
        services = Services(
            commits=commits,
            messages=self.messages,
            reader=self.reader,
            conversations=Conversations(commits, self.views, new_id),
            users=Users(commits, self.clock),
            reactions=self.reactions,
            reads=Reads(commits, self.views),
            sessions=self.tokens,
            cursors=self.cursors,
            draw_word=lambda: os.urandom(3).hex(),
        )
        limits = RateLimits(self.settings.limits.profile, self.clock)
        self.web_api = WebApi(services, limits, self.clock, self.name)
        calls = Calls(
            commits,
            self.tokens,
            Doors(self.sign_in),
            self.web_api,
            self.passages,
            self.routes.moved,
            node.jurisdiction,
        )
        self.exchange = Exchange(
            calls,
            self.sockets,
            People(commits, self.log, self.lookup, self.clock),
            self.routes,
            self.web_api,
            self._hello,
            self.metrics,
            node.federation,
            body_bytes_max=self.settings.limits.body_mib_max * 1024 * 1024,
        )
        self.rpc = RpcServer(
            self.name,
            self.settings.listen.grpc,
            self.mtls,
            self.trust,
            allow_table(self.routes, node.federation, self.name),
            metrics=self.metrics,
        )
        self.rpc.add(
            lambda server: gateway_pb2_grpc.add_GatewayServicer_to_server(
                GatewayServicer(self.exchange), server
            )
        )
        provisioning = ProvisioningServicer(self.provisioning, self.imports)
        self.rpc.add(
            lambda server: operations_pb2_grpc.add_ProvisioningServicer_to_server(provisioning, server)
        )
        operations = OperationsServicer(
            self.name,
            self.log,
            self.ledger,
            missing=self.missing,
            bundle_version=lambda: self.policies.version,
            behind=lambda: {tail.name: tail.lag_events for tail in self.tails},
            sockets=lambda: len(self.sockets),
            drain=self.lifespan.drain,
        )
        self.rpc.add(lambda server: operations_pb2_grpc.add_OperationsServicer_to_server(operations, server))
        address = self.settings.listen.health or self.settings.listen.metrics
        self.health = HealthServer(health_app(self.metrics, self.missing), address) if address else None

    # --- living ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start everything; afterwards calls are served, and readiness follows the directory."""
        schema_version.require_current(self.settings.sql_url)
        await self.ledger.open()
        await self.doorbell.open()
        self.watches.start()
        await self.commits.start()
        if self.health is not None:
            await self.health.start()
        self.port = await self.rpc.start()
        self._serving = True
        self.spawn(self.watches.run())
        self.spawn(self.passages.run())
        self.spawn(self._lead())
        self.spawn(jobs.run(jobs.Job("marks", self.settings.sockets.mark_s, self.sockets.mark_all)))

    async def _lead(self) -> None:
        """Upkeep by one process of the cell, for as long as it lives."""
        await self.lead.wait()
        for tail in self.tails:
            await tail.start()
        self.spawn(jobs.run(jobs.Job("checkpoint", CHECKPOINT_S, self._checkpoint)))
        self.spawn(jobs.run(jobs.Job("claims", SETTLE_S, self.claims.settle)))
        self.spawn(jobs.run(jobs.Job("claims_drift", DRIFT_S, self.claims.drift)))

    async def _checkpoint(self) -> None:
        await asyncio.to_thread(self.checkpointer.run)

    async def stop(self) -> None:
        """Take everything down, within the ten seconds that a process has."""
        self._serving = False
        self.exchange.drain(int((time.time() + DRAIN_NOTICE_S) * 1000))
        await self.exchange.flushed(GRACE_S)
        await self.rpc.stop(1.0)
        for tail in self.tails:
            await tail.stop()
        await self.commits.stop()
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.passages.flush()
        await self.ledger.close()
        await self.client.close()
        self.doorbell.close()
        self.checkpointer.close()
        self.lead.give_back()
        self.database.close()
        if self.health is not None:
            await self.health.stop()

    def missing(self) -> list[str]:
        """What keeps this process from being sent work."""
        faults = {
            "serving": self._serving and not self.lifespan.draining.is_set(),
            "routes": self.routes.ready,
            "admission": self.routes.cell(self.name) is not None,
            "policies": self.policies.version > 0,
        }
        return [name for name, well in faults.items() if not well]

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run beside, and keep it until it is over."""
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: "asyncio.Task[None]") -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            get_logger().error("background_failed", error=type(error).__name__, error_at=error_place(error))

    def _hello(self) -> wire.CellHello:
        return wire.CellHello(
            cell=self.name, software=SOFTWARE, bundle_version=self.policies.version, process=self.process_name
        )

    def _live_failed(self, what: str, error: BaseException) -> None:
        get_logger().error("live_failed", kind=what, error=type(error).__name__, error_at=error_place(error))

    def _claim_refused(self, resident: str, error: Exception) -> None:
        get_logger().error("claim_refused", resident=resident, error=type(error).__name__)


def _ring(keys: tuple[str, ...], name: str, faults: list[str]) -> KeyRing:
    found: dict[str, RingKey] = {}
    for text in keys:
        try:
            public = bytes.fromhex(text)
        except ValueError:
            public = b""
        if len(public) != 32:
            faults.append(f"{name}: a key has 64 hex digits")
            continue
        key_id = key_id_of(public)
        found[key_id] = RingKey("directory", "*", key_id, public, 0, TIME_MAX_S)
    try:
        return KeyRing(found.values())
    except InvalidError:
        faults.append(f"{name}: not a set of keys")
        return KeyRing()


def read_secrets(settings: CellSettings, secrets_dir: Path | None) -> LookupKeys:
    """Lookup keys of the cell's jurisdiction. Raises SettingsError: a cell without keys does not start."""
    file = lookup_keys_file(secrets_dir)
    if file is None:
        raise SettingsError(["lookup_keys.json: there is no secrets folder"])
    faults: list[str] = []
    lookup = read_lookup_keys(file, settings.node.jurisdiction, faults)
    if faults:
        raise SettingsError(faults)
    return lookup


async def run(
    settings: CellSettings,
    secrets_dir: Path | None,
    lifespan: Lifespan,
    process: int,
    made: Callable[[Cell], None] = lambda cell: None,
) -> None:
    """Run one process of a cell until it is asked to end. `made` is handed the parts (tests)."""
    cell = Cell(settings, read_secrets(settings, secrets_dir), lifespan, process)
    made(cell)
    try:
        await cell.start()
        lifespan.mark_started()
        await lifespan.draining.wait()
    finally:
        await cell.stop()
