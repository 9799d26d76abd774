"""`Claims` over gRPC."""

from typing import Any

import grpc.aio

from accord.errors import ConflictError
from accord.runtime.metrics import Metrics
from accord.wire.directory.v1 import directory_pb2 as pb
from accord.wire.directory.v1 import directory_pb2_grpc
from directory.domain.claims import LeaseState
from directory.entrypoints.grpc.forms import claim_from_wire, claim_to_wire, require_context
from directory.entrypoints.grpc.peers import Callers
from directory.services.claims import ClaimService

Context = grpc.aio.ServicerContext[Any, Any]


class ClaimsServicer(directory_pb2_grpc.ClaimsServicer):
    """Lease, Commit, Release and List, by cells. Indexes reach neither logs nor metrics."""

    def __init__(self, claims: ClaimService, callers: Callers, metrics: Metrics) -> None:
        self._claims = claims
        self._callers = callers
        self._metrics = metrics

    async def Lease(self, request: pb.LeaseRequest, context: Context) -> pb.LeaseResponse:
        require_context(request.context)
        asked = [claim_from_wire(claim) for claim in request.claims]
        try:
            lease = await self._claims.lease(self._callers.current(), asked)
        except ConflictError:
            self._metrics.count("colink_claims_total", outcome="conflict")
            raise
        self._metrics.count("colink_claims_total", outcome="leased")
        return pb.LeaseResponse(lease_id=lease.lease_id, expires_s=lease.expires_s)

    async def Commit(self, request: pb.CommitLeaseRequest, context: Context) -> pb.CommitLeaseResponse:
        require_context(request.context)
        await self._claims.commit(self._callers.current(), request.lease_id)
        self._metrics.count("colink_claims_total", outcome="committed")
        return pb.CommitLeaseResponse()

    async def Release(self, request: pb.ReleaseLeaseRequest, context: Context) -> pb.ReleaseLeaseResponse:
        require_context(request.context)
        await self._claims.release(self._callers.current(), request.lease_id)
        self._metrics.count("colink_claims_total", outcome="released")
        return pb.ReleaseLeaseResponse()

    async def List(self, request: pb.ListClaimsRequest, context: Context) -> pb.ListClaimsResponse:
        require_context(request.context)
        held, cursor = await self._claims.list_held(self._callers.current(), request.cursor, request.limit)
        listed = [
            pb.ListedClaim(
                claim=claim_to_wire(it.claim),
                lease_id=it.lease.lease_id,
                committed=it.lease.state is LeaseState.COMMITTED,
                expires_s=it.lease.expires_s,
            )
            for it in held
        ]
        return pb.ListClaimsResponse(claims=listed, cursor=cursor)
