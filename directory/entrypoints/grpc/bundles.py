"""`Policies` over gRPC."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc.aio

from accord.errors import NotReadyError
from accord.runtime.logs import get_logger
from accord.wire.directory.v1 import directory_pb2 as pb
from accord.wire.directory.v1 import directory_pb2_grpc
from directory.entrypoints.grpc.forms import bundle_to_wire, integer, require_context
from directory.entrypoints.grpc.peers import Callers
from directory.ports.outside import Bell
from directory.services.bundles import BundleService

Context = grpc.aio.ServicerContext[Any, Any]

LOOK_S = 1.0
"""How often a stream looks for a bundle that another process of the directory adopted."""


class PoliciesServicer(directory_pb2_grpc.PoliciesServicer):
    """The active bundle to everybody who belongs, and who has taken it over."""

    def __init__(self, bundles: BundleService, callers: Callers, bell: Bell, draining: asyncio.Event) -> None:
        self._bundles = bundles
        self._callers = callers
        self._bell = bell
        self._draining = draining

    async def FetchBundle(self, request: pb.FetchBundleRequest, context: Context) -> pb.FetchBundleResponse:
        require_context(request.context)
        version = integer(request.version, "version")
        bundle = await self._bundles.fetch(self._callers.current(), version)
        return pb.FetchBundleResponse(bundle=bundle_to_wire(bundle))

    async def WatchBundle(
        self, request: pb.WatchBundleRequest, context: Context
    ) -> AsyncIterator[pb.WatchBundleResponse]:
        """The active bundle at once, whatever the node holds, then each new one."""
        require_context(request.context)
        peer = self._callers.current()
        sent = 0
        while not self._draining.is_set():
            rung = self._bell.rung()
            bundle = await self._bundles.newer(peer, sent)
            if bundle is not None:
                yield pb.WatchBundleResponse(bundle=bundle_to_wire(bundle))
                sent = bundle.version
            await self._bell.wait(rung, LOOK_S)
        raise NotReadyError(what="draining")

    async def Acknowledge(self, request: pb.AcknowledgeRequest, context: Context) -> pb.AcknowledgeResponse:
        require_context(request.context)
        version = integer(request.bundle_version, "bundle_version")
        settled = await self._bundles.acknowledge(
            self._callers.current(), request.node, version, request.bundle_hash, request.checkpoint
        )
        get_logger().info("bundle_acknowledged", name=request.node, bundle_version=version)
        return pb.AcknowledgeResponse(settled_version=settled)
