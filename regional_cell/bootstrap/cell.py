"""One process of a cell: its parts, made once, in order, and taken down in the opposite order.

Invariants
    1. Nothing listens before the keys are there, the schema is ours and what is known of the directory was
       proven.
    2. Draining: health says so, edges are told, calls under way get `GRACE_S`, the writer finishes, the
       stores close.
"""

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import grpc.aio

from accord.clock import SystemClock
from accord.ids import new_uuid
from accord.runtime.logs import error_place, get_logger
from accord.runtime.metrics import Metrics, health_app
from accord.runtime.renewal import LOOK_S, Renewal, load_own
from accord.runtime.rpc_client import open_channel
from accord.runtime.rpc_server import RpcServer
from accord.runtime.serve import Lifespan
from accord.wire.cell.v1 import channel_pb2_grpc, gateway_pb2_grpc, operations_pb2_grpc
from accord.wire.cell.v1 import gateway_pb2 as wire
from regional_cell.adapters.cells.peers import CellPeers
from regional_cell.adapters.directory.lookup import LookupKeys
from regional_cell.adapters.sql import schema_version
from regional_cell.bootstrap.chat import Chat
from regional_cell.bootstrap.directory import SOFTWARE, DirectorySide, read_secrets
from regional_cell.bootstrap.gatherings import make_gatherings
from regional_cell.bootstrap.keys import key_files, make_keys
from regional_cell.bootstrap.overload import Overload
from regional_cell.bootstrap.people import PeopleSide
from regional_cell.bootstrap.realtime import Realtime
from regional_cell.bootstrap.stores import Stores
from regional_cell.bootstrap.tails import make_tails
from regional_cell.bootstrap.traffic import keep_the_rest, make_traffic, traffic_job
from regional_cell.bootstrap.upkeep import Upkeep
from regional_cell.domain.transfers import Place
from regional_cell.entrypoints.allow import allow_table
from regional_cell.entrypoints.channel.service import ChannelService
from regional_cell.entrypoints.gateway.calls import Calls
from regional_cell.entrypoints.gateway.doors import Doors
from regional_cell.entrypoints.gateway.exchange import Exchange
from regional_cell.entrypoints.gateway.file_bytes import FileBytes
from regional_cell.entrypoints.gateway.servicer import GatewayServicer
from regional_cell.entrypoints.gateway.webhooks import WebhookDoor
from regional_cell.entrypoints.operations.health import HealthServer
from regional_cell.entrypoints.operations.service import OperationsServicer
from regional_cell.entrypoints.provisioning.service import ProvisioningServicer
from regional_cell.entrypoints.web_api.dispatch import WebApi
from regional_cell.entrypoints.web_api.limits import RateLimits
from regional_cell.entrypoints.workers import jobs
from regional_cell.services.commits.writer import GroupCommits
from regional_cell.services.edge_passages import EdgePassages
from regional_cell.services.egress import Egress
from regional_cell.services.find import People
from regional_cell.services.imports import Imports
from regional_cell.services.live import Live
from regional_cell.services.presence import SWEEP_S
from regional_cell.services.search.answering import Answering
from regional_cell.services.search.asking import Asking
from regional_cell.services.search.local import LocalSearch
from regional_cell.services.search.quarantine import Quarantine
from regional_cell.services.tokens import Tokens
from regional_cell.settings import CellSettings

GRACE_S = 3.0
DRAIN_NOTICE_S = 5.0
# No upload lasts longer; younger remains may belong to a process beside this one.
PARTIAL_S = 3600.0
PEERS_S = 5.0


class Cell:
    """Everything of one process of a cell. `start`, then `stop`.

    Args:
        process: number of this process among those that share the store; 0 is the first.
    """

    def __init__(
        self,
        settings: CellSettings,
        secrets_dir: Path | None,
        lookup: LookupKeys,
        lifespan: Lifespan,
        process: int,
    ) -> None:
        self.settings, self.lookup, self.lifespan, self.process = settings, lookup, lifespan, process
        self.metrics, self.clock = Metrics(), SystemClock()
        self.mtls, self.trust = load_own(settings.mtls)
        self.renewal = Renewal(settings.mtls, self.mtls, self.trust, self._renewed)
        self.name, self.data_dir = settings.node.name, settings.node.data_dir
        self.process_name = new_uuid()
        self._background: set[asyncio.Task[None]] = set()
        self._serving = False
        self.stores = Stores(settings, self.clock, self.metrics, process)
        self.commits = self._make_commits()
        self.directory = self._make_directory()
        self.routes, self.policies = self.directory.routes, self.directory.policies
        self.key_files = key_files(settings, secrets_dir, self.stores, self.directory.signing, self.metrics)
        self._services()
        self._sockets()
        self._crossings()
        self._doors()

    # --- making ------------------------------------------------------------------------------------

    def _make_commits(self) -> GroupCommits:
        writer, stores = self.settings.writer, self.stores
        return GroupCommits(
            stores.log,
            stores.views,
            stores.sealer,
            self.clock,
            doorbell=stores.doorbell,
            batch_max=writer.batch_max,
            queue_max=writer.queue_max,
            wait_s=writer.wait_ms / 1_000,
            shared=self.process > 0 or self.settings.node.processes > 1,
        )

    def _make_directory(self) -> DirectorySide:
        return DirectorySide(
            self.settings,
            self.lookup,
            self.mtls,
            self.trust,
            self.clock,
            self.metrics,
            self.process,
            self.stores.ledger.checkpoint,
            lambda: self.commits.pending / self.settings.writer.queue_max,
        )

    def _services(self) -> None:
        node, commits, stores = self.settings.node, self.commits, self.stores
        country = node.jurisdiction.partition("-")[0]
        self.tokens = Tokens(
            commits, self.routes.key_ring, self.directory.signing, self.name, self.clock, os.urandom
        )
        self.keys = make_keys(self.name, stores, self.directory, commits, self.metrics)
        self.traffic = make_traffic(stores, self.directory, self.clock)
        self.egress = Egress(
            Place(self.name, node.region, country, node.operator), self.policies, self.stores.ledger,
            self.clock, new_uuid, os.urandom,
            lambda point, code: self.metrics.count("colink_decisions_total", point=point, code=code),
            self.traffic.count,
        )  # fmt: skip
        self.passages = EdgePassages(
            self.egress, stores.ledger, self.policies, self.routes, self.clock.now_us, new_uuid, self.spawn,
            self.traffic.count,
        )  # fmt: skip
        # What passed before belongs to what was evaluated then.
        self.directory.shadow.changing = self.passages.count
        self.keeps_traffic = traffic_job(self.traffic, self.passages)
        self.gatherings, self.unlawful = make_gatherings(
            commits, stores, self.egress, self.directory, self.metrics, self.clock
        )
        self.live = Live(commits, self.spawn, self._live_failed, commits.pin, commits.unpin)
        self.chat = Chat(
            self.settings, stores, commits, self.tokens, self.clock, self.metrics, self.live, self.process,
            self.spawn,
        )  # fmt: skip
        people = PeopleSide(
            self.name, stores, commits, self.tokens, self.directory, self.clock, self._claim_refused,
            self.settings.passwords,
        )  # fmt: skip
        self.hasher, self.claims, placing = people.hasher, people.claims, people.placing
        self.sign_in, self.sessions, self.provisioning = people.sign_in, people.sessions, people.provisioning
        self.imports = Imports(commits, self.chat.messages, self.chat.reactions)
        self.tails = make_tails(stores)
        self.upkeep = Upkeep(
            stores, self.tails, self.chat, self.claims, placing, self.gatherings, self.traffic, self.unlawful,
            self.clock, self.spawn,
        )  # fmt: skip
        commits.feed(self.live, *self.tails)

    def _sockets(self) -> None:
        self.realtime = Realtime(
            self.settings.sockets,
            self.stores,
            self.commits,
            self.tokens,
            self.live,
            self.chat,
            self.clock,
            self.metrics,
            self.routes.moved,
            self._live_failed,
        )
        self.sockets = self.realtime.sockets

    def _crossings(self) -> None:
        """What leads to other cells, and what answers them."""
        commits, stores = self.commits, self.stores
        local = LocalSearch(commits, stores.views, stores.index, self.clock.now_us)
        self.peers = CellPeers(
            self._open_peer, self._addresses_of, links=self.settings.links, region_of=self.routes.region_of
        )
        deadlines = self.settings.search
        self.asking = Asking(
            commits,
            local,
            self.egress,
            self.routes,
            self.peers,
            self.tokens.identify,
            self.clock.monotonic_s,
            first_answer_ms=deadlines.first_answer_ms,
            tail_ms=deadlines.tail_ms,
        )
        self.answering = Answering(
            commits, local, self.egress, self.routes, self.tokens.prove_identity, self.spawn
        )

    def _open_peer(self, cell: str, address: str) -> grpc.aio.Channel:
        return open_channel(address, self.mtls, self.trust, f"{cell}.{self.settings.node.federation}")

    def _addresses_of(self, cell: str) -> tuple[str, ...]:
        route = self.routes.cell(cell)
        return route.addresses if route is not None and route.serving else ()

    def _doors(self) -> None:
        node, commits = self.settings.node, self.commits
        limits = RateLimits(self.settings.limits.profile, self.clock)
        self.web_api = WebApi(self.chat.api(self.sessions, self.asking), limits, self.clock, self.name)
        calls = Calls(
            commits,
            self.tokens,
            Doors(self.sign_in, self.sessions),
            WebhookDoor(self.chat.webhooks, limits, self.web_api.lost),
            self.web_api,
            self.passages,
            self.routes.moved,
            node.jurisdiction,
        )
        self.exchange = Exchange(
            calls,
            self.sockets,
            People(commits, self.stores.log, self.lookup, self.clock),
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
        file_bytes = FileBytes(self.chat.files, calls, self.tokens, self.routes.edge, node.federation)
        gateway = GatewayServicer(self.exchange, file_bytes)
        self.rpc.add(lambda server: gateway_pb2_grpc.add_GatewayServicer_to_server(gateway, server))
        provisioning = ProvisioningServicer(self.provisioning, self.imports, self.chat.webhooks)
        self.rpc.add(
            lambda server: operations_pb2_grpc.add_ProvisioningServicer_to_server(provisioning, server)
        )
        quarantine = Quarantine(self.clock.monotonic_s, self._peer_quarantined)
        channel = ChannelService(self.answering, quarantine)
        self.rpc.add(lambda server: channel_pb2_grpc.add_ControlledChannelServicer_to_server(channel, server))
        operations = OperationsServicer(
            self.name,
            self.stores.log,
            self.stores.ledger,
            self.keys,
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
        self.stores.files.clean(time.time() - PARTIAL_S)
        await self.stores.open()
        self.directory.watches.start()
        await self.commits.start()
        await self.gatherings.begin()
        if self.health is not None:
            await self.health.start()
        self.port = await self.rpc.start()
        self._serving = True
        self.spawn(self.directory.watches.run())
        self.spawn(jobs.run(jobs.Job("renewal", LOOK_S, self._look)))
        self.spawn(self.passages.run())
        self.spawn(jobs.run(jobs.Job("peers", PEERS_S, self._warm_peers)))
        self.spawn(jobs.run(self.keeps_traffic))
        self.spawn(self.upkeep.lead())
        self.spawn(jobs.run(jobs.Job("presence", SWEEP_S, self.chat.presence.sweep)))
        overload = Overload(self.commits.queue, self.exchange, self.web_api.admission, self.metrics)
        self.spawn(jobs.run(overload.job()))
        for job in self.realtime.jobs():
            self.spawn(jobs.run(job))

    async def _look(self) -> None:
        self.renewal.look()
        for file in self.key_files:
            file.look()

    def _renewed(self, own: bool, withdrawn: bool) -> None:
        self.directory.client.renew()
        self.peers.renew()

    async def _warm_peers(self) -> None:
        await self.peers.warm([cell.name for cell in self.routes.cells() if cell.name != self.name])

    async def stop(self) -> None:
        """Take everything down, within the ten seconds that a process has."""
        self._serving = False
        self.exchange.drain(int((time.time() + DRAIN_NOTICE_S) * 1000))
        await self.exchange.flushed(GRACE_S)
        self.chat.presence.leave()
        await self.rpc.stop(1.0)
        # Before what may take long: a process that does not end in time is ended.
        await self.passages.flush()
        await keep_the_rest(self.keeps_traffic)
        for tail in self.tails:
            await tail.stop()
        await self.commits.stop()
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.peers.close()
        await self.directory.client.close()
        await self.stores.close()
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

    def _peer_quarantined(self, peer: str) -> None:
        self.metrics.count("colink_peers_quarantined_total")
        get_logger().warning("peer_quarantined", peer=peer)

    def _claim_refused(self, resident: str, error: Exception) -> None:
        get_logger().error("claim_refused", resident=resident, error=type(error).__name__)


async def run(
    settings: CellSettings,
    secrets_dir: Path | None,
    lifespan: Lifespan,
    process: int,
    made: Callable[[Cell], None] = lambda cell: None,
) -> None:
    """Run one process of a cell until it is asked to end. `made` is handed the parts (tests)."""
    cell = Cell(settings, secrets_dir, read_secrets(settings, secrets_dir), lifespan, process)
    made(cell)
    try:
        await cell.start()
        lifespan.mark_started()
        await lifespan.draining.wait()
    finally:
        await cell.stop()
