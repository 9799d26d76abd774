"""Telling the directory what was counted. Keeps the promises of `ports.TrafficDoor`."""

from dataclasses import asdict

from accord.wire.directory.v1 import directory_pb2 as wire
from accord.wire.directory.v1 import directory_pb2_grpc as stubs
from regional_cell.adapters.directory.client import DirectoryClient
from regional_cell.ports.traffic import Piece


class DirectoryTraffic:
    """One request a piece."""

    def __init__(self, client: DirectoryClient) -> None:
        self._client = client

    async def report(self, piece: Piece) -> int:
        """As `ports.TrafficDoor.report`."""
        request = wire.ReportTrafficRequest(
            context=self._client.context(),
            since_us=piece.since_us,
            after=piece.after,
            position=piece.position,
            kinds=[wire.TrafficKind(number=number, kind=kind) for number, kind in piece.kinds.items()],
            counts=[
                wire.TrafficCount(number=it.number, start_s=it.start_s, flows=it.flows, shadow=it.shadow)
                for it in piece.counts
            ],
            until_s=piece.until_s,
            differences=[wire.TrafficDifference(**asdict(it)) for it in piece.differences],
        )
        answer = await self._client.ask(lambda channel: stubs.PoliciesStub(channel).ReportTraffic, request)
        return int(answer.position)
