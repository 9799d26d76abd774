"""`Gateway` over gRPC: the stream of each edge, and file bytes beside it."""

from typing import Any

import grpc.aio

from accord.runtime.rpc_server import current_peer
from accord.wire.cell.v1 import gateway_pb2_grpc
from regional_cell.entrypoints.gateway.exchange import Exchange
from regional_cell.entrypoints.gateway.file_bytes import FileBytes

Context = grpc.aio.ServicerContext[Any, Any]


class GatewayServicer(gateway_pb2_grpc.GatewayServicer):
    """The rpcs for edges."""

    def __init__(self, exchange: Exchange, files: FileBytes) -> None:
        self._exchange = exchange
        self._files = files

    async def Exchange(self, request: Any, context: Context) -> None:
        await self._exchange.serve(current_peer(), context)

    async def Upload(self, request: Any, context: Context) -> Any:
        return await self._files.upload(current_peer(), request)

    async def Download(self, request: Any, context: Context) -> Any:
        async for response in self._files.download(current_peer(), request):
            yield response
