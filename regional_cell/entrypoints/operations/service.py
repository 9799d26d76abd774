"""`Operations` over gRPC: what state the cell is in, draining it, and its keys."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import grpc.aio

from accord.wire.cell.v1 import operations_pb2 as pb
from accord.wire.cell.v1 import operations_pb2_grpc
from regional_cell.ports.crossings import Ledger
from regional_cell.ports.keys import Progress
from regional_cell.ports.log import Log
from regional_cell.services.keys import Keys

Context = grpc.aio.ServicerContext[Any, Any]


class OperationsServicer(operations_pb2_grpc.OperationsServicer):
    """Status, Drain and the keys.

    Args:
        missing: parts that are not ready; behind: tail to how many events it is behind.
        drain: begins the end of this process.
    """

    def __init__(
        self,
        cell: str,
        log: Log,
        ledger: Ledger,
        keys: Keys,
        *,
        missing: Callable[[], list[str]],
        bundle_version: Callable[[], int],
        behind: Callable[[], Mapping[str, int]],
        sockets: Callable[[], int],
        drain: Callable[[str], None],
    ) -> None:
        self._cell, self._log, self._ledger, self._keys = cell, log, ledger, keys
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

    async def Keys(self, request: pb.KeysRequest, context: Context) -> pb.KeysResponse:
        status = await self._keys.status()
        return pb.KeysResponse(
            cell=self._cell,
            signing=[
                pb.SigningKey(
                    key_id=key.key_id,
                    public_key=key.public,
                    held=key.held,
                    signs=key.signs,
                    state=key.state,
                    purposes=key.purposes,
                    not_before_s=key.not_before_s,
                    not_after_s=key.not_after_s,
                )
                for key in status.signing
            ],
            sealing=[
                pb.SealingKey(key_id=key.key_id, wraps=key.wraps, data_keys=key.data_keys)
                for key in status.sealing
            ],
            lost=status.lost,
        )

    async def WrapAgain(
        self, request: pb.WrapAgainRequest, context: Context
    ) -> AsyncIterator[pb.KeysProgress]:
        async for progress in self._keys.wrap_again():
            yield _progress(progress)

    async def RotateDataKeys(
        self, request: pb.RotateDataKeysRequest, context: Context
    ) -> AsyncIterator[pb.KeysProgress]:
        async for progress in self._keys.rotate_data_keys(request.residents):
            yield _progress(progress)


def _progress(progress: Progress) -> pb.KeysProgress:
    return pb.KeysProgress(done=progress.done, changed=progress.changed, failed=progress.failed)
