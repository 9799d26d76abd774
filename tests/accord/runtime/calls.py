"""Two trust domains and a server on loopback with a method of each kind, for the tests of calls."""

import asyncio
import datetime
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio

from accord.errors import Moved, NotFoundError, StaleEpochError
from accord.runtime.mtls import Authority, MtlsFiles, PeerName, Trust, issue, make_authority
from accord.runtime.rpc_server import RpcServer, current_peer
from accord.wire.common.v1 import common_pb2 as wire

CANARY = "canary-7f3a-never-leaves"
MOVED = Moved("T000000000001", "us-iad", 7, b'{"signed":1}')
SERVICE = "colink.test.Calls"
CELL, OTHER = "de-fra.demo", "us-iad.demo"


class World:
    """Authorities of two cells, and a server of the first."""

    def __init__(self) -> None:
        self.authorities: dict[str, Authority] = {d: make_authority(d, d) for d in (CELL, OTHER)}
        self.trust = Trust({domain: authority.cert_pem for domain, authority in self.authorities.items()})
        self.own = self.files(CELL, CELL)
        self.server = RpcServer("test", "127.0.0.1:0", self.own, self.trust, ALLOW)
        self.server.add(_add_calls)
        self.port = 0

    def files(
        self, authority: str, domain: str, process: str = "api", valid_days: float = 1, age_days: float = 0
    ) -> MtlsFiles:
        """A certificate that says `domain`, minted by the authority of `authority`."""
        made = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=age_days)
        return MtlsFiles(
            *issue(self.authorities[authority], process, domain, valid_days=valid_days, now=made)
        )


async def echo(request: bytes, context: Any) -> bytes:
    return request + b" from " + str(current_peer()).encode()


async def moved(request: bytes, context: Any) -> bytes:
    raise StaleEpochError("gone", moved=MOVED, retry_after_ms=20, resident=MOVED.resident, epoch=7)


async def broken(request: bytes, context: Any) -> bytes:
    raise RuntimeError(CANARY)


async def hang(request: bytes, context: Any) -> bytes:
    await asyncio.sleep(30)
    return b""


async def count(request: bytes, context: Any) -> AsyncIterator[bytes]:
    for number in range(int(request)):
        yield str(number).encode()
    if int(request) > 5:
        raise NotFoundError(thing="number")


async def cut_short(request: bytes, context: Any) -> None:
    """Fails while its first message is being written."""
    writing = asyncio.ensure_future(context.write(request))
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.wait({writing})
    assert writing.cancelled()
    raise NotFoundError(thing="number")


async def join(requests: AsyncIterator[bytes], context: Any) -> bytes:
    return b",".join([request async for request in requests])


async def chat(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    async for request in requests:
        if request == b"break":
            raise RuntimeError(CANARY)
        yield request.upper()


def _path(name: str) -> str:
    return f"/{SERVICE}/{name}"


def _from_domains(*domains: str) -> Any:
    def allowed(peer: PeerName) -> bool:
        return peer.trust_domain in domains

    return allowed


READ = ("ReadOne", "ReadForMany", "ReadMany", "ReadAndChat")
"""Of each kind one that reads messages."""

ALLOW = {
    _path(name): _from_domains(CELL, OTHER)
    for name in ("Echo", "Moved", "Broken", "Hang", "Count", "CutShort", "Join", "Chat", *READ)
} | {_path("Private"): _from_domains(CELL)}


def _add_calls(server: grpc.aio.Server) -> None:
    unary, streams = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
    handlers: dict[str, Any] = {
        "Echo": unary(echo),
        "Private": unary(echo),
        "Rowless": unary(echo),
        "Moved": unary(moved),
        "Broken": unary(broken),
        "Hang": unary(hang),
        "Count": streams(count),
        "CutShort": streams(cut_short),
        "Join": grpc.stream_unary_rpc_method_handler(join),
        "Chat": grpc.stream_stream_rpc_method_handler(chat),
        "ReadOne": unary(echo, wire.Moved.FromString),
        "ReadForMany": streams(count, wire.Moved.FromString),
        "ReadMany": grpc.stream_unary_rpc_method_handler(join, wire.Moved.FromString),
        "ReadAndChat": grpc.stream_stream_rpc_method_handler(chat, wire.Moved.FromString),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
