"""Speaking to the planes' own ports as a peer of the federation, with certificates from a demo's folder."""

from pathlib import Path
from typing import Any

import grpc.aio

from accord.runtime.mtls import Authority, MtlsFiles, Trust, issue, make_authority
from accord.runtime.rpc_client import open_channel
from accord.wire.cell.v1 import gateway_pb2 as wire
from accord.wire.cell.v1 import gateway_pb2_grpc
from deploy.demo.operator import Operator
from tests.support.federation import RunningDemo

FEDERATION = "demo"


def operator(demo: RunningDemo) -> Operator:
    """Calls as the operator of a demo. Close it."""
    return Operator(certificate(demo, "operator", "deploy"), Trust.load(demo.data_dir / "trust"), FEDERATION)


def certificate(demo: RunningDemo, domain: str, process: str) -> MtlsFiles:
    """A fresh certificate that the authority of a trust domain of the demo signs."""
    folder = demo.data_dir / "authorities" / f"{domain}.{FEDERATION}"
    authority = Authority((folder / "authority.pem").read_bytes(), (folder / "authority.key").read_bytes())
    return MtlsFiles(*issue(authority, process, f"{domain}.{FEDERATION}"))


def own_certificate(folder: Path, process: str) -> MtlsFiles:
    """The certificate that a process of the demo shows itself."""
    return MtlsFiles.load(folder / "tls" / f"{process}.pem", folder / "tls" / f"{process}.key")


def foreign_certificate(domain: str, process: str) -> MtlsFiles:
    """A certificate with a name of the federation, signed by an authority that nobody trusts."""
    full = f"{domain}.{FEDERATION}"
    return MtlsFiles(*issue(make_authority("a stranger", full), process, full))


def channel(demo: RunningDemo, address: str, expect: str, mtls: MtlsFiles) -> grpc.aio.Channel:
    """A channel to a process of the demo."""
    return open_channel(address, mtls, Trust.load(demo.data_dir / "trust"), f"{expect}.{FEDERATION}")


async def refused(opened: grpc.aio.Channel) -> grpc.StatusCode:
    """How an edge's stream is answered on this channel."""
    while True:
        code, details = await _answered(opened)
        # The client's library has no better word for a stream that ended before it had written.
        if details != "Internal error from Core":
            return code


async def _answered(opened: grpc.aio.Channel) -> tuple[grpc.StatusCode, str | None]:
    stub = gateway_pb2_grpc.GatewayStub(opened)
    call: Any = stub.Exchange(timeout=5)
    hello = wire.EdgeHello(edge="fra", jurisdiction="DE", region="eu-central-1", url="http://localhost:1")
    try:
        await call.write(wire.EdgeBatch(frames=[wire.EdgeFrame(hello=hello)]))
        assert await call.read() is grpc.aio.EOF
    except grpc.aio.AioRpcError as error:
        return error.code(), error.details()
    return await call.code(), await call.details()


class EdgeStream:
    """The batched stream of an edge to a cell, spoken by hand."""

    def __init__(self, opened: grpc.aio.Channel) -> None:
        stub = gateway_pb2_grpc.GatewayStub(opened)
        self._stream: Any = stub.Exchange()
        self._number = 0
        self.frames: list[wire.CellFrame] = []

    async def hello(self, edge: str, jurisdiction: str, region: str) -> None:
        """The first frame of an edge."""
        hello = wire.EdgeHello(
            edge=edge,
            jurisdiction=jurisdiction,
            region=region,
            url="http://localhost:1",
            socket_url="ws://localhost:1",
        )
        await self.send(wire.EdgeFrame(hello=hello))
        await self.until("hello")

    async def send(self, *frames: wire.EdgeFrame) -> None:
        """Write one batch."""
        await self._stream.write(wire.EdgeBatch(frames=frames))

    async def call(self, token: str, resident: str, epoch: int, method: str, body: bytes) -> wire.Answer:
        """One call; its answer."""
        number, frames = self.frames_of(token, resident, epoch, method, body)
        await self.send(*frames)
        while True:
            answer: wire.Answer = (await self.until("answer")).answer
            if answer.id == number:
                return answer

    def frames_of(
        self,
        token: str,
        resident: str,
        epoch: int,
        method: str,
        body: bytes,
        deadline_ms: int = 5_000,
    ) -> tuple[int, list[wire.EdgeFrame]]:
        """The number of one call, and its frames."""
        self._number += 1
        call = wire.Call(
            id=self._number,
            slot=self._number,
            resident=resident,
            epoch=epoch,
            method=method,
            content_type="application/json",
            body=body,
            deadline_ms=deadline_ms,
            request_id=f"by-hand-{self._number}",
            viewer_country="DE",
        )
        slot = wire.PrincipalSlot(slot=self._number, token=token)
        return self._number, [wire.EdgeFrame(principal=slot), wire.EdgeFrame(call=call)]

    async def until(self, kind: str) -> wire.CellFrame:
        """The next frame of a kind. Raises AssertionError when the stream ended first."""
        while True:
            for place, frame in enumerate(self.frames):
                if frame.WhichOneof("frame") == kind:
                    return self.frames.pop(place)
            batch = await self._stream.read()
            assert batch is not grpc.aio.EOF, "the stream ended"
            self.frames += batch.frames
