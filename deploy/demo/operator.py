"""The operator of a demo: calls that provision cells and their first residents, over mutual TLS.

Its certificate is of the trust domain `operator.<federation>`, which cells and the directory know.
"""

import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

import grpc.aio

from accord.runtime.mtls import MtlsFiles, Trust
from accord.runtime.rpc_client import call, open_channel
from accord.wire.cell.v1 import operations_pb2_grpc
from accord.wire.common.v1 import common_pb2
from accord.wire.directory.v1 import directory_pb2_grpc

BATCH = 500
DEADLINE_S = 60.0
Item = TypeVar("Item")
Request = TypeVar("Request")
Response = TypeVar("Response")


class Operator:
    """Channels to the directory and the cells, opened when first used. Close it."""

    def __init__(self, mtls: MtlsFiles, trust: Trust, federation: str) -> None:
        self._mtls = mtls
        self._trust = trust
        self._federation = federation
        self._channels: dict[str, grpc.aio.Channel] = {}

    def cells(self, address: str) -> directory_pb2_grpc.CellsStub:
        """`Cells` of the directory."""
        return directory_pb2_grpc.CellsStub(self._channel(address, "directory"))

    def officers(self, address: str) -> directory_pb2_grpc.OfficersStub:
        """`Officers` of the directory."""
        return directory_pb2_grpc.OfficersStub(self._channel(address, "directory"))

    def provisioning(self, address: str, cell: str) -> operations_pb2_grpc.ProvisioningStub:
        """`Provisioning` of a cell."""
        return operations_pb2_grpc.ProvisioningStub(self._channel(address, cell))

    def operations(self, address: str, cell: str) -> operations_pb2_grpc.OperationsStub:
        """`Operations` of a cell."""
        return operations_pb2_grpc.OperationsStub(self._channel(address, cell))

    def context(self, resident: str = "") -> common_pb2.RequestContext:
        """A context of our own: the certificate is the authority."""
        return common_pb2.RequestContext(
            request_id=str(uuid.uuid4()),
            idempotency_key=str(uuid.uuid4()),
            resident=resident,
            purpose="administration",
        )

    async def ask(self, method: Callable[..., Awaitable[Response]], request: Request) -> Response:
        """One unary call. Raises ColinkError."""
        return await call(method, request, DEADLINE_S)

    async def close(self) -> None:
        """Close every channel."""
        for channel in self._channels.values():
            await channel.close()
        self._channels.clear()

    def _channel(self, address: str, node: str) -> grpc.aio.Channel:
        if address not in self._channels:
            self._channels[address] = open_channel(
                address, self._mtls, self._trust, f"{node}.{self._federation}"
            )
        return self._channels[address]


def batches(items: Iterable[Item], size: int = BATCH) -> Iterator[list[Item]]:
    """Lists of at most `size`, in order."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
