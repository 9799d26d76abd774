"""`Officers` over gRPC: what operators do for officers."""

from typing import Any

import grpc.aio

from accord.wire.directory.v1 import directory_pb2 as pb
from accord.wire.directory.v1 import directory_pb2_grpc
from directory.entrypoints.grpc.forms import require_context
from directory.entrypoints.grpc.peers import Callers
from directory.services.officers import OfficerService

Context = grpc.aio.ServicerContext[Any, Any]


class OfficersServicer(directory_pb2_grpc.OfficersServicer):
    """Invitations, over an operator's certificate."""

    def __init__(self, officers: OfficerService, callers: Callers) -> None:
        self._officers, self._callers = officers, callers

    async def Invite(self, request: pb.InviteOfficerRequest, context: Context) -> pb.InviteOfficerResponse:
        require_context(request.context)
        secret, expires_s = await self._officers.invite(
            self._callers.current(), request.officer, list(request.roles), list(request.jurisdictions)
        )
        return pb.InviteOfficerResponse(secret=secret, expires_s=expires_s)
