"""`Policies` over gRPC."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc.aio

from accord.errors import NotReadyError
from accord.runtime.logs import get_logger
from accord.wire.directory.v1 import directory_pb2 as pb
from accord.wire.directory.v1 import directory_pb2_grpc
from directory.entrypoints.grpc.forms import (
    bundle_to_wire,
    integer,
    orders_to_wire,
    piece_from_wire,
    require_context,
    shadow_to_wire,
    unlawful_from_wire,
)
from directory.entrypoints.grpc.peers import Callers
from directory.ports.outside import Bell
from directory.services.bundles import BundleService
from directory.services.halts import HaltService
from directory.services.shadows import ShadowService
from directory.services.traffic import TrafficService
from directory.services.unlawful import UnlawfulService

Context = grpc.aio.ServicerContext[Any, Any]

LOOK_S = 1.0
"""How often a stream looks for a bundle that another process of the directory adopted."""


class PoliciesServicer(directory_pb2_grpc.PoliciesServicer):
    """The active bundle to everybody who belongs, and who has taken it over."""

    def __init__(
        self,
        bundles: BundleService,
        halts: HaltService,
        traffic: TrafficService,
        shadows: ShadowService,
        unlawful: UnlawfulService,
        callers: Callers,
        bell: Bell,
        draining: asyncio.Event,
    ) -> None:
        self._bundles = bundles
        self._halts = halts
        self._traffic = traffic
        self._shadows = shadows
        self._unlawful = unlawful
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
        """The active bundle, the orders and the shadow at once, whatever the node holds, then whenever one of
        them is new.
        """
        require_context(request.context)
        peer = self._callers.current()
        sent = told = 0
        shown: tuple[int, bytes] | None = None
        while not self._draining.is_set():
            rung = self._bell.rung()
            orders = await self._halts.current()
            shadow = await self._shadows.standing()
            fresh = (orders is not None and orders.version > told) or shadow != shown
            bundle = await self._bundles.newer(peer, 0 if fresh else sent)
            if bundle is not None:
                answer = pb.WatchBundleResponse(bundle=bundle_to_wire(bundle))
                if orders is not None:
                    answer.orders.CopyFrom(orders_to_wire(orders))
                    told = orders.version
                if shadow is not None:
                    base_version, bundle_hash = shadow
                    answer.shadow.CopyFrom(pb.Shadow(base_version=base_version, bundle_hash=bundle_hash))
                shown = shadow
                yield answer
                sent = bundle.version
            await self._bell.wait(rung, LOOK_S)
        raise NotReadyError(what="draining")

    async def FetchShadow(self, request: pb.FetchShadowRequest, context: Context) -> pb.FetchShadowResponse:
        require_context(request.context)
        shadow = await self._shadows.fetch(self._callers.current(), request.bundle_hash)
        return pb.FetchShadowResponse(bundle=shadow_to_wire(shadow))

    async def Acknowledge(self, request: pb.AcknowledgeRequest, context: Context) -> pb.AcknowledgeResponse:
        require_context(request.context)
        version = integer(request.bundle_version, "bundle_version")
        settled = await self._bundles.acknowledge(
            self._callers.current(), request.node, version, request.bundle_hash, request.checkpoint
        )
        if request.HasField("shadow"):
            state = request.shadow
            await self._shadows.acknowledge(self._callers.current(), state.bundle_hash, state.refused)
        get_logger().info("bundle_acknowledged", name=request.node, bundle_version=version)
        return pb.AcknowledgeResponse(settled_version=settled)

    async def ReportTraffic(
        self, request: pb.ReportTrafficRequest, context: Context
    ) -> pb.ReportTrafficResponse:
        require_context(request.context)
        position = await self._traffic.report(self._callers.current(), piece_from_wire(request))
        return pb.ReportTrafficResponse(position=position)

    async def ReportUnlawful(
        self, request: pb.ReportUnlawfulRequest, context: Context
    ) -> pb.ReportUnlawfulResponse:
        require_context(request.context)
        await self._unlawful.report(self._callers.current(), unlawful_from_wire(request))
        return pb.ReportUnlawfulResponse()
