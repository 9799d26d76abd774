"""`Operations` over gRPC: what state the cell is in, and draining it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc.aio

from accord.wire.cell.v1 import operations_pb2 as pb
from accord.wire.cell.v1 import operations_pb2_grpc
from regional_cell.ports.crossings import Ledger
from regional_cell.ports.log import Log

Context = grpc.aio.ServicerContext[Any, Any]


class OperationsServicer(operations_pb2_grpc.OperationsServicer):
    """Status and Drain.

    Args:
        missing: parts that are not ready; behind: tail to how many events it is behind.
        drain: begins the end of this process.
    """

    def __init__(
        self,
        cell: str,
        log: Log,
        ledger: Ledger,
        *,
        missing: Callable[[], list[str]],
        bundle_version: Callable[[], int],
        behind: Callable[[], Mapping[str, int]],
        sockets: Callable[[], int],
        drain: Callable[[str], None],
    ) -> None:
        self._cell, self._log, self._ledger = cell, log, ledger
        self._missing, self._bundle_version, self._behind = missing, bundle_version, behind
        self._sockets, self._drain = sockets, drain

    async def Status(self, request: pb.StatusRequest, context: Context) -> pb.StatusResponse:
        records = await self._log.residents()
        checkpoint: Awaitable[str] = self._ledger.checkpoint()
        return pb.StatusResponse(
            cell=self._cell,
            state=",".join(self._missing()) or "ready",
            residents=len(records),
            events=sum(record.head for record in records),
            bundle_version=self._bundle_version(),
            tails_behind=dict(self._behind()),
            sockets=self._sockets(),
            checkpoint=await checkpoint,
        )

    async def Drain(self, request: pb.DrainCellRequest, context: Context) -> pb.DrainCellResponse:
        self._drain("operator")
        return pb.DrainCellResponse()
