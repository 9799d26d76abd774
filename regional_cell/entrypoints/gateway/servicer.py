"""`Gateway` over gRPC: the stream of each edge."""

from typing import Any

import grpc.aio

from accord.runtime.rpc_server import current_peer
from accord.wire.cell.v1 import gateway_pb2_grpc
from regional_cell.entrypoints.gateway.exchange import Exchange

Context = grpc.aio.ServicerContext[Any, Any]


class GatewayServicer(gateway_pb2_grpc.GatewayServicer):
    """The rpcs for edges."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def Exchange(self, request: Any, context: Context) -> None:
        await self._exchange.serve(current_peer(), context)
