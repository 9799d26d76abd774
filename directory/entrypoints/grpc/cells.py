"""`Cells` over gRPC."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc.aio

from accord.runtime.logs import get_logger
from accord.wire.directory.v1 import directory_pb2 as pb
from accord.wire.directory.v1 import directory_pb2_grpc
from directory.domain.cells import Room
from directory.entrypoints.grpc import forms
from directory.entrypoints.grpc.peers import Callers
from directory.services.cells import Announcement, CellService, CellStatus

Context = grpc.aio.ServicerContext[Any, Any]


class CellsServicer(directory_pb2_grpc.CellsServicer):
    """Admission by operators, announcements by cells, the list for everybody who belongs.

    Args:
        admitted: called after an admission, so that connections of the new authority are believed.
        held: see `WatchService.held`.
    """

    def __init__(
        self,
        cells: CellService,
        callers: Callers,
        admitted: Callable[[], Awaitable[None]],
        held: Callable[[], Mapping[str, int]],
    ) -> None:
        self._held = held
        self._cells = cells
        self._callers = callers
        self._admitted = admitted

    async def Admit(self, request: pb.AdmitRequest, context: Context) -> pb.AdmitResponse:
        forms.require_context(request.context)
        keys = [forms.key_from_wire(key) for key in request.keys]
        version = await self._cells.admit(self._callers.current(), forms.cell_from_wire(request.cell), keys)
        await self._admitted()
        get_logger().info("cell_admitted", cell=request.cell.name, region=request.cell.region)
        return pb.AdmitResponse(version=version)

    async def AdmitEdge(self, request: pb.AdmitEdgeRequest, context: Context) -> pb.AdmitEdgeResponse:
        forms.require_context(request.context)
        version = await self._cells.admit_edge(self._callers.current(), forms.edge_from_wire(request.edge))
        get_logger().info("edge_admitted", edge=request.edge.name, region=request.edge.region)
        return pb.AdmitEdgeResponse(version=version)

    async def Announce(self, request: pb.AnnounceRequest, context: Context) -> pb.AnnounceResponse:
        forms.require_context(request.context)
        said = Announcement(
            request.node,
            request.software,
            request.state,
            forms.integer(request.bundle_version, "bundle_version"),
            request.checkpoint,
            tuple((it.resident, forms.integer(it.epoch, "epochs")) for it in request.epochs),
            _room(request),
        )
        state, bundle_version = await self._cells.announce(self._callers.current(), said)
        return pb.AnnounceResponse(state=forms.state_to_wire(state), bundle_version=bundle_version)

    async def Drain(self, request: pb.SetCellStateRequest, context: Context) -> pb.SetCellStateResponse:
        forms.require_context(request.context)
        version = await self._cells.drain(self._callers.current(), request.cell)
        get_logger().info("cell_draining", cell=request.cell)
        return pb.SetCellStateResponse(version=version)

    async def Retire(self, request: pb.SetCellStateRequest, context: Context) -> pb.SetCellStateResponse:
        forms.require_context(request.context)
        version = await self._cells.retire(self._callers.current(), request.cell)
        get_logger().info("cell_retired", cell=request.cell)
        return pb.SetCellStateResponse(version=version)

    async def List(self, request: pb.ListCellsRequest, context: Context) -> pb.ListCellsResponse:
        forms.require_context(request.context)
        everybody = await self._cells.list_all(self._callers.current())
        return pb.ListCellsResponse(
            cells=[_status_to_wire(it) for it in everybody.cells],
            edges=[forms.edge_to_wire(it) for it in everybody.edges],
            bundle_version=everybody.bundle_version,
            watch_version=everybody.watch_version,
            held=self._held(),
        )


def _room(request: pb.AnnounceRequest) -> Room | None:
    if not request.HasField("room"):
        return None
    room = request.room
    return Room(forms.integer(room.free_bytes, "room"), forms.integer(room.held_bytes, "room"))


def _status_to_wire(it: CellStatus) -> pb.CellStatus:
    room = it.report.room if it.report else None
    return pb.CellStatus(
        cell=forms.cell_to_wire(it.cell),
        software=it.report.software if it.report else "",
        bundle_version=it.report.bundle_version if it.report else 0,
        announced_s=it.report.announced_s if it.report else 0,
        residents=it.residents,
        room=pb.CellRoom(free_bytes=room.free_bytes, held_bytes=room.held_bytes) if room else None,
    )
