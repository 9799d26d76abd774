"""The gRPC server of every plane: mutual TLS, proven peers, an allow-list per method, typed errors.

Invariants
    1. No call is served without a peer whose name its own authority proved and whom the method's row admits;
       a method without a row is refused.
    2. What a caller learns of an error is its `ErrorDetail`; an unknown exception tells its caller nothing.
       Bytes that are no request are INVALID, and read only after the peer was admitted.
    3. A unary call has a deadline. Handlers are wrapped once per call: a stream pays nothing per message.
    4. A stream ends soon after its peer's certificate or the trust in it: within `PEER_KEPT_S` and
       `PROVEN_AGAIN_S`.
"""

import asyncio
import hashlib
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any, TypeAlias, cast

import grpc
import grpc.aio
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from accord.errors import ColinkError, InternalError, InvalidError, PeerRefusedError, Reason
from accord.runtime.error_detail import METADATA_KEY, error_to_wire
from accord.runtime.logs import error_place, get_logger
from accord.runtime.metrics import Metrics
from accord.runtime.mtls import MtlsFiles, PeerName, Trust, peer_of

MESSAGE_BYTES_MAX = 4 * 1024 * 1024
STREAMS_MAX = 100
PEERS_KEPT_MAX = 1024
PEER_KEPT_S = 10.0
PROVEN_AGAIN_S = 5.0
HEALTH_METHODS = ("/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch")

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Inner = Callable[..., Any]
Allow = Mapping[str, Callable[[PeerName], bool]]

_peer: ContextVar[PeerName] = ContextVar("peer")


def current_peer() -> PeerName:
    """Who calls, proven; only inside a handler.

    Raises:
        PeerRefusedError: called outside one.
    """
    try:
        return _peer.get()
    except LookupError:
        raise PeerRefusedError(why="no call") from None


class RpcServer:
    """One listening address.

    Args:
        name: of the process, for logs.
        address: `host:port`; port 0 lets the system choose.
        mtls: certificate and key; there is no plain-text form.
        trust: whom to believe; may be replaced while the server runs.
        allow: full method name to who may call it.
        metrics: counts by method and reason.
        monotonic_s: for durations and kept proofs.
    """

    def __init__(
        self,
        name: str,
        address: str,
        mtls: MtlsFiles,
        trust: Trust,
        allow: Allow,
        *,
        metrics: Metrics | None = None,
        message_bytes_max: int = MESSAGE_BYTES_MAX,
        streams_max: int = STREAMS_MAX,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._address = address
        self._mtls = mtls
        self._trust = trust
        self._served = self._versions()
        guard = _Guard(trust, {**allow, **dict.fromkeys(HEALTH_METHODS, _anybody)}, metrics, monotonic_s)
        self._server = grpc.aio.server(
            interceptors=[guard],
            options=[
                ("grpc.max_receive_message_length", message_bytes_max),
                ("grpc.max_send_message_length", message_bytes_max),
                ("grpc.max_concurrent_streams", streams_max),
                ("grpc.keepalive_time_ms", 20_000),
                ("grpc.keepalive_timeout_ms", 10_000),
                # Clients ping idle connections too; without this they would be cut off for it.
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
                ("grpc.so_reuseport", 0),
            ],
        )
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)

    def add(self, servicer_adder: Callable[[grpc.aio.Server], object]) -> None:
        """Add a servicer: `server.add(lambda s: add_DirectoryServicer_to_server(servicer, s))`."""
        servicer_adder(self._server)

    async def start(self) -> int:
        """Listen; the bound port.

        Raises:
            RuntimeError: the address is taken or the key does not fit.
        """
        credentials = grpc.dynamic_ssl_server_credentials(
            self._certificates(), self._fetch, require_client_authentication=True
        )
        port = self._server.add_secure_port(self._address, credentials)
        if port == 0:
            raise RuntimeError(f"cannot listen on {self._address}")
        await self._server.start()
        await self._health.set("", health_pb2.HealthCheckResponse.SERVING)
        get_logger().info("rpc_listening", process=self._name, address=self._address)
        return port

    async def stop(self, grace_s: float) -> None:
        """Take no new calls, and end those that run after `grace_s`."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_s)

    def _certificates(self) -> grpc.ServerCertificateConfiguration:
        return grpc.ssl_server_certificate_configuration(
            [(self._mtls.key_pem, self._mtls.certificate_pem)], self._trust.bundle_pem()
        )

    def _versions(self) -> tuple[int, int]:
        return self._mtls.version, self._trust.version

    def _fetch(self) -> Any:  # None: keep the current one; the stubs do not know that
        if self._versions() == self._served:
            return None
        self._served = self._versions()
        return self._certificates()


def _as_it_is(request: Any) -> Any:
    return request


def _anybody(peer: PeerName) -> bool:
    return True


class _Guard(grpc.aio.ServerInterceptor):
    """Wraps each handler once per call: peer, allow-list, deadline, errors, access log."""

    def __init__(
        self, trust: Trust, allow: Allow, metrics: Metrics | None, monotonic_s: Callable[[], float]
    ) -> None:
        self._trust = trust
        self._allow = allow
        self._metrics = metrics
        self._monotonic_s = monotonic_s
        self._peers: dict[bytes, tuple[PeerName, int, float]] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable["Handler | None"]],
        details: grpc.HandlerCallDetails,
    ) -> Handler:
        handler = await continuation(details)
        method = str(details.method)
        if handler is None:
            refusing = self._unary(method, _no_such_method, _as_it_is, unary=False)
            return grpc.unary_unary_rpc_method_handler(refusing)
        encode, decode = handler.response_serializer, handler.request_deserializer
        if handler.request_streaming and handler.response_streaming:
            stream = self._stream(method, cast(Inner, handler.stream_stream), _as_it_is)
            return grpc.stream_stream_rpc_method_handler(stream, decode, encode)
        if handler.request_streaming:
            unary = self._unary(method, cast(Inner, handler.stream_unary), _as_it_is, unary=False)
            return grpc.stream_unary_rpc_method_handler(unary, decode, encode)
        # A single request is read by us: the library's word for one that it cannot read is none of ours.
        read = cast(Inner, decode or _as_it_is)
        if handler.response_streaming:
            stream = self._stream(method, cast(Inner, handler.unary_stream), read)
            return grpc.unary_stream_rpc_method_handler(stream, None, encode)
        unary = self._unary(method, cast(Inner, handler.unary_unary), read, unary=True)
        return grpc.unary_unary_rpc_method_handler(unary, None, encode)

    def _unary(self, method: str, inner: Inner, read: Inner, *, unary: bool) -> Inner:
        async def wrapped(request: Any, context: Context) -> Any:
            begun_s = self._monotonic_s()
            try:
                self._admit(method, context, deadline_required=unary)
                answer = await inner(read(request), context)
            except Exception as error:
                await self._refuse(method, context, error, begun_s)
            else:
                self._note(method, "OK", begun_s)
                return answer

        return wrapped

    def _stream(self, method: str, inner: Inner, read: Inner) -> Callable[..., Any]:
        # A coroutine that writes for itself: what gRPC does with a generator, with no second one around it.
        async def wrapped(request: Any, context: Context) -> None:
            begun_s = self._monotonic_s()
            try:
                self._admit(method, context, deadline_required=False)
                # The library sends headers with the first message; if that is cancelled under way, it sends
                # them again with the end, which fails: the caller would wait for ever.
                await context.send_initial_metadata(())
                answers: AsyncIterator[Any] | Awaitable[None] = inner(read(request), context)
                work = answers if inspect.isawaitable(answers) else _write_all(answers, context)
                await self._while_admitted(method, context, work)
            except Exception as error:
                await self._refuse(method, context, error, begun_s)
            else:
                self._note(method, "OK", begun_s)

        return wrapped

    def _admit(self, method: str, context: Context, *, deadline_required: bool) -> None:
        peer = self._prove(context)
        row = self._allow.get(method)
        if row is None or not row(peer):
            raise PeerRefusedError(why="not for this peer", method=method, peer=peer.trust_domain)
        if deadline_required and context.time_remaining() is None:
            raise InvalidError(field="deadline", why="missing")
        _peer.set(peer)

    async def _while_admitted(self, method: str, context: Context, work: Awaitable[None]) -> None:
        """Run a stream, and end it when its peer would not be admitted any more."""
        running = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({running}, timeout=PROVEN_AGAIN_S))[0]:
                self._admit(method, context, deadline_required=False)
            running.result()
        finally:
            if not running.done():
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    def _prove(self, context: Context) -> PeerName:
        """The peer's name; a proof is kept for ten seconds and not beyond a change of trust."""
        certificate = next(iter(context.auth_context().get("x509_pem_cert", ())), b"")
        digest = hashlib.sha256(certificate).digest()
        kept, now_s = self._peers.get(digest), self._monotonic_s()
        if kept is not None and kept[1] == self._trust.version and now_s < kept[2]:
            return kept[0]
        version = self._trust.version
        peer = peer_of(certificate, self._trust)
        if len(self._peers) >= PEERS_KEPT_MAX:
            self._peers.clear()
        self._peers[digest] = (peer, version, now_s + PEER_KEPT_S)
        return peer

    async def _refuse(self, method: str, context: Context, error: Exception, begun_s: float) -> None:
        if isinstance(error, grpc.aio.AbortError):
            raise error
        if isinstance(error, DecodeError):
            error = InvalidError(field="message", why="not to be read")
        if not isinstance(error, ColinkError):
            kind, place = type(error).__name__, error_place(error)
            get_logger().error("rpc_failed", method=method, error=kind, error_at=place)
            error = InternalError()
        if error.reason is Reason.PEER_REFUSED and self._metrics is not None:
            self._metrics.count("colink_peers_refused_total")
        self._note(method, error.reason.value, begun_s)
        code = grpc.StatusCode[error.rule.grpc_code_name]
        metadata = ((METADATA_KEY, error_to_wire(error)),)
        await context.abort(code, error.reason.value, metadata)

    def _note(self, method: str, reason: str, begun_s: float) -> None:
        took_s = self._monotonic_s() - begun_s
        # A name outside the table is the peer's own text.
        known = method if method in self._allow else "unknown"
        if self._metrics is not None:
            self._metrics.count("colink_rpc_total", method=known, reason=reason)
            self._metrics.observe("colink_rpc_seconds", took_s, method=known)
        level = get_logger().warning if reason == Reason.PEER_REFUSED else get_logger().debug
        level("rpc_served", method=known, reason=reason, duration_ms=round(took_s * 1000, 1))


async def _write_all(answers: AsyncIterator[Any], context: Context) -> None:
    try:
        async for answer in answers:
            await context.write(answer)
    finally:
        close = getattr(answers, "aclose", None)
        if close is not None:
            await close()


async def _no_such_method(request: Any, context: Context) -> None:
    raise PeerRefusedError(why="no such method")
