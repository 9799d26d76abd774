"""Puts the edge together: the one place where services, adapters and doors meet."""

import asyncio
import json
import random
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from accord.clock import SystemClock
from accord.encoding import unb64url
from accord.errors import InvalidError
from accord.runtime.logs import error_place, get_logger
from accord.runtime.metrics import Metrics
from accord.runtime.renewal import Renewal, load_own
from accord.runtime.rpc_client import open_channel
from accord.runtime.serve import Lifespan
from accord.runtime.settings import SettingsError
from accord.signing import KeyRing, RingKey, key_id_of
from accord.wire.cell.v1 import gateway_pb2 as wire
from edge.adapters.cells.pool import CellPool
from edge.adapters.directory.client import DirectoryClient
from edge.adapters.directory.parsing import parse_delta
from edge.adapters.local.files import BundleFile, JournalFiles
from edge.domain.journal import JournalBrokenError
from edge.entrypoints.http.api import Api
from edge.entrypoints.http.app import make_app
from edge.entrypoints.http.files import FileDoor
from edge.entrypoints.http.server import HttpServer
from edge.entrypoints.http.sign_in import SignInDoor
from edge.entrypoints.http.webhooks import WebhookDoor
from edge.entrypoints.socket.server import SocketDoor
from edge.services.calls import Calls
from edge.services.orders import Orders
from edge.services.policies import Policies
from edge.services.routing import Routing
from edge.services.sign_in import LookupKey, SignIn
from edge.services.sockets import Sockets
from edge.services.tokens import Tokens
from edge.settings import EdgeSettings

DRAIN_S = 5.0
TIME_MAX_S = 2**53

# Attempts to sign in under each profile of limits, as multiples of the setting.
ATTEMPTS_TIMES = {"default": 1, "test": 20, "off": 1_000_000}

events = get_logger()


class EdgeProcess:
    """Everything of one edge. `start`, then `stop`."""

    def __init__(self, settings: EdgeSettings, secrets_dir: Path | None) -> None:
        node = settings.node
        faults = (
            [] if node.jurisdiction and node.region else ["node: an edge has a jurisdiction and a region"]
        )
        keys_file = settings.sign_in.lookup_keys_file or (secrets_dir and secrets_dir / "lookup_keys.json")
        lookup_keys = read_lookup_keys(keys_file, faults)
        routes_ring = directory_ring(settings.directory.routes_keys, "directory.routes_keys", faults)
        bundle_ring = directory_ring(settings.directory.bundle_keys, "directory.bundle_keys", faults)
        if faults:
            raise SettingsError(faults)
        self.settings = settings
        self.metrics = Metrics()
        self._clock = SystemClock()
        self._background: set[asyncio.Task[None]] = set()
        self._draining = False
        self._urls = ("", "")
        self._mtls, self._trust = load_own(settings.mtls)
        self._renewal = Renewal(settings.mtls, self._mtls, self._trust, self._renewed)
        ring = KeyRing()
        self.directory = DirectoryClient(
            node.name,
            settings.directory.addresses,
            self._mtls,
            self._trust,
            settings.directory.trust_domain,
            lambda: self.policies.version,
        )
        self.routing = self._make_routing(ring, routes_ring)
        self.policies = self._make_policies(bundle_ring)
        self.tokens = Tokens(ring, self._clock, node.name)
        self.sockets = self._make_sockets()
        self.cells = CellPool(
            self._open_cell,
            self._hello,
            self.sockets,
            links=settings.links,
            calls_max=settings.calls.concurrency_max,
            told=self._cell_told,
            jitter=random.random,
            bundle_version=lambda: self.policies.version,
        )
        self.sockets.attach(self.cells)
        self.calls = Calls(
            self.routing,
            self.cells,
            self.policies,
            self._clock,
            wait_s=settings.calls.wait_for_stream_ms / 1_000,
            deadline_s=settings.calls.deadline_ms / 1_000,
        )
        self._doors(lookup_keys)

    def _make_routing(self, ring: KeyRing, routes_ring: KeyRing) -> Routing:
        settings, node = self.settings, self.settings.node
        return Routing(
            JournalFiles(node.data_dir / "routes"),
            self.directory,
            ring,
            parse_delta,
            self._clock,
            signers=routes_ring,
            age_s_max=settings.routes.age_h_max * 3_600,
            miss_kept_s=settings.routes.miss_kept_s,
            compact_bytes=settings.routes.compact_mib * 1024 * 1024,
            backoff_s_max=settings.directory.watch_backoff_s_max,
            changed=self._routes_changed,
            refused=lambda why: self._count("colink_routes_refused_total", "route_refused", why),
            lost=lambda why: events.info("watch_lost", why=why),
            jitter=random.random,
        )

    def _make_policies(self, bundle_ring: KeyRing) -> Policies:
        settings, node = self.settings, self.settings.node
        return Policies(
            BundleFile(node.data_dir / "bundle"),
            self.directory,
            bundle_ring,
            self._clock,
            name=node.name,
            region=node.region or "",
            edges=lambda: list(self.routing.table.edges.values()),
            age_s_max=node.bundle_age_h_max * 3_600,
            backoff_s_max=settings.directory.watch_backoff_s_max,
            told=lambda word: events.info("bundle", state=word, bundle_version=self.policies.version),
            decided=lambda point, code: self.metrics.count("colink_decisions_total", point=point, code=code),
            jitter=random.random,
        )

    def _make_sockets(self) -> Sockets:
        bounds = self.settings.sockets
        closed = self.metrics.counter
        frames = self.metrics.counter("colink_socket_frames_total")
        return Sockets(
            self.routing,
            self.policies,
            now_s=self._clock.monotonic_s,
            held=self.metrics.counter("colink_queue_refused_total", queue="sends").inc,
            soon=lambda flush: asyncio.get_running_loop().call_soon(flush),
            spawn=self._spawn,
            retry_ms=lambda: round(random.random() * bounds.retry_ms_max),  # noqa: S311 - spreads load, keeps no secret
            country=lambda: self.policies.country,
            queue_bytes_max=bounds.send_queue_kib_max * 1024,
            sockets_max=bounds.sockets_max,
            wait_s=self.settings.calls.wait_for_stream_ms / 1_000,
            closed=lambda why: closed("colink_sockets_closed_total", reason=why).inc(),
            wrote=frames.inc,
        )

    def _doors(self, lookup_keys: list[LookupKey]) -> None:
        settings, node = self.settings, self.settings.node
        cookie = f"colink-{node.name}"

        def country() -> str:
            return self.policies.country

        orders = Orders(self.calls)
        sign_in = SignIn(
            self.calls,
            orders,
            self.cells,
            self.directory,
            lambda: list(self.routing.table.cells.values()),
            self._clock,
            lookup_keys,
            jurisdiction=node.jurisdiction or "",
            attempts_per_minute=settings.sign_in.attempts_per_minute
            * ATTEMPTS_TIMES[settings.limits.profile],
        )
        secure = settings.listen.tls_certificate_file is not None or settings.public.url.startswith("https:")
        sign_in_door = SignInDoor(
            sign_in, self.calls, self.tokens, orders, cookie=cookie, secure=secure, country=country
        )
        file_door = FileDoor(
            self.calls,
            self.tokens,
            self.cells,
            bytes_max=settings.limits.file_gib_max * 1024**3,
            cookie=cookie,
            country=country,
        )
        self.api = Api(
            self.calls,
            self.tokens,
            orders,
            self.metrics,
            country=country,
            body_bytes_max=settings.limits.body_mib_max * 1024 * 1024,
        )
        webhook_door = WebhookDoor(
            self.calls,
            self.metrics,
            country=country,
            home=lambda: f"{self._urls[0]}/",
            body_bytes_max=settings.limits.body_mib_max * 1024 * 1024,
        )
        app = make_app(
            self.api,
            webhook_door,
            self.metrics,
            self.missing,
            [sign_in_door.mount, file_door.mount],
            settings.calls.requests_max,
        )
        tls = (settings.listen.tls_certificate_file, settings.listen.tls_key_file)
        self.http = HttpServer(app, settings.listen.http, *tls, span_s=settings.calls.slow_body_s)
        self.socket = SocketDoor(
            self.sockets,
            self.tokens,
            settings.listen.socket,
            ping_s=settings.sockets.ping_s,
            certificate_file=tls[0],
            key_file=tls[1],
        )

    def missing(self) -> list[str]:
        """Parts without which nothing may be sent here."""
        self._gauges()
        parts = {
            "routes": self.routing.ready,
            "bundle": self.policies.ready,
            "cells": not self.routing.ready or bool(self.cells.ready_streams()),
            "draining": not self._draining,
        }
        return [name for name, there in parts.items() if not there]

    async def start(self) -> None:
        """Serve from what is on disk, follow the directory, open the doors.

        Raises:
            JournalBrokenError: the route journal cannot be trusted. OSError: a port is taken.
        """
        self.policies.start()
        self.routing.start()
        self._spawn(self._keep(self.routing.watch))
        self._spawn(self._keep(self.policies.watch))
        self._spawn(self._keep(self._renewal.run))
        socket_port = await self.socket.start()
        http_port = await self.http.start()
        self._urls = self._public(http_port, socket_port)
        self._routes_changed()
        events.info("edge_started", address=self._urls[0], count=len(self.routing.table))

    async def stop(self) -> None:
        """Not ready, sockets told, calls under way finished, everything closed."""
        self._draining = True
        socket_end = asyncio.ensure_future(self.socket.stop())
        until_s = self._clock.monotonic_s() + DRAIN_S
        while self.api.under_way and self._clock.monotonic_s() < until_s:  # noqa: ASYNC110 - bounded, once
            await asyncio.sleep(0.02)
        await self.http.stop()
        await socket_end
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.cells.stop()
        await self.directory.close()

    # --- inside --------------------------------------------------------------------------------

    def _public(self, http_port: int, socket_port: int) -> tuple[str, str]:
        public, listen = self.settings.public, self.settings.listen
        letter = "s" if listen.tls_certificate_file else ""
        http_host, socket_host = listen.http.rpartition(":")[0], listen.socket.rpartition(":")[0]
        url = public.url or f"http{letter}://{http_host}:{http_port}"
        return url, public.socket_url or f"ws{letter}://{socket_host}:{socket_port}"

    def _hello(self) -> wire.EdgeHello:
        node = self.settings.node
        return wire.EdgeHello(
            edge=node.name,
            jurisdiction=node.jurisdiction or "",
            region=node.region or "",
            bundle_version=self.policies.version,
            url=self._urls[0],
            socket_url=self._urls[1],
        )

    def _open_cell(self, cell: str, address: str) -> Any:
        return open_channel(address, self._mtls, self._trust, f"{cell}.{self.settings.node.federation}")

    def _routes_changed(self) -> None:
        self.policies.forget()
        federation = self.settings.node.federation
        admitted = {f"{c.name}.{federation}": c.authority for c in self.routing.table.cells.values()}
        self._trust.admit({domain: pem for domain, pem in admitted.items() if pem})
        if self._urls[0]:
            self.cells.follow(self.routing.table.cells)

    def _renewed(self, own: bool, withdrawn: bool) -> None:
        self.directory.renew()
        self.cells.renew(own, withdrawn)

    def _cell_told(self, cell: str, word: str) -> None:
        if word == "ready":
            self.calls.reached(cell)
        events.info("cell_stream", cell=cell, state=word)

    def _count(self, metric: str, event: str, why: str) -> None:
        self.metrics.count(metric, reason=why)
        events.warning(event, why=why)

    def _gauges(self) -> None:
        now_s = self._clock.monotonic_s()
        self.metrics.set_to("colink_sockets", len(self.sockets))
        self.metrics.set_to("colink_routes", len(self.routing.table))
        self.metrics.set_to("colink_bundle_version", self.policies.version)
        if self.routing.heard_at_s is not None:
            self.metrics.set_to("colink_routes_age_seconds", now_s - self.routing.heard_at_s)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._ended)

    async def _keep(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a watch for ever: a defect in it is logged and costs a second, not the edge."""
        while True:
            try:
                await work()
            except Exception as error:
                events.error("watch_failed", error=type(error).__name__, error_at=error_place(error))
            await asyncio.sleep(1)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            events.error("task_failed", error=type(error).__name__, error_at=error_place(error))


def directory_ring(keys: tuple[str, ...], name: str, faults: list[str]) -> KeyRing:
    """A ring of the directory's public keys, given as 64 hex digits each."""
    found: list[RingKey] = []
    for text in keys:
        try:
            public = bytes.fromhex(text)
        except ValueError:
            public = b""
        if len(public) != 32:
            faults.append(f"{name}: a key has 64 hex digits")
            continue
        found.append(RingKey("directory", "*", key_id_of(public), public, 0, TIME_MAX_S))
    try:
        return KeyRing(found)
    except InvalidError:
        faults.append(f"{name}: the same key twice")
        return KeyRing()


def read_lookup_keys(file: Path | None, faults: list[str]) -> list[LookupKey]:
    """The keys of blind indexes: a JSON list of {"attribute", "jurisdiction", "key_id", "key"
    (base64url)}.
    """
    if file is None:
        faults.append("sign_in.lookup_keys_file: missing, and there is no secrets folder")
        return []
    try:
        rows = json.loads(file.read_bytes())
        keys = [
            LookupKey(row["attribute"], row["jurisdiction"], row["key_id"], unb64url(row["key"]))
            for row in rows
        ]
    except OSError as error:
        faults.append(f"{file}: {error.strerror or 'not readable'}")
        return []
    except (ValueError, KeyError, TypeError, RecursionError, InvalidError):
        faults.append(f"{file}: not a list of lookup keys")
        return []
    if not keys or any(len(key.key) < 32 for key in keys):
        faults.append(f"{file}: no key, or one of fewer than 32 bytes")
    return keys


async def serve(settings: EdgeSettings, secrets_dir: Path | None, lifespan: Lifespan) -> None:
    """Run an edge until it is asked to end."""
    edge = EdgeProcess(settings, secrets_dir)
    try:
        await edge.start()
    except JournalBrokenError as error:
        raise SettingsError([f"{settings.node.data_dir}/routes: {error}"]) from None
    lifespan.mark_started()
    await lifespan.draining.wait()
    await edge.stop()
