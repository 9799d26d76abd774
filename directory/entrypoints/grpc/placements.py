"""`Residents` over gRPC."""

from typing import Any

import grpc.aio

from accord.runtime.logs import get_logger
from accord.wire.directory.v1 import directory_pb2 as pb
from accord.wire.directory.v1 import directory_pb2_grpc
from directory.entrypoints.grpc.forms import asked_from_wire, integer, placement_to_wire, require_context
from directory.entrypoints.grpc.peers import Callers
from directory.services.placements import PlacementService

Context = grpc.aio.ServicerContext[Any, Any]


class ResidentsServicer(directory_pb2_grpc.ResidentsServicer):
    """Place and Close, by cells."""

    def __init__(self, placements: PlacementService, callers: Callers) -> None:
        self._placements = placements
        self._callers = callers

    async def Place(self, request: pb.PlaceRequest, context: Context) -> pb.PlaceResponse:
        require_context(request.context)
        placement = await self._placements.place(self._callers.current(), asked_from_wire(request))
        get_logger().info(
            "resident_placed", resident=placement.resident, cell=placement.cell, epoch=placement.epoch
        )
        return pb.PlaceResponse(placement=placement_to_wire(placement))

    async def Close(self, request: pb.CloseRequest, context: Context) -> pb.CloseResponse:
        require_context(request.context)
        epoch = integer(request.epoch, "epoch")
        version = await self._placements.close(self._callers.current(), request.resident, epoch)
        get_logger().info("resident_closed", resident=request.resident, epoch=epoch)
        return pb.CloseResponse(version=version)
