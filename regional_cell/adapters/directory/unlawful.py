"""Telling the directory of unlawful conversations. Keeps the promises of `ports.UnlawfulDoor`."""

from collections.abc import Sequence

from accord.wire.directory.v1 import directory_pb2 as wire
from accord.wire.directory.v1 import directory_pb2_grpc as stubs
from regional_cell.adapters.directory.client import DirectoryClient
from regional_cell.ports.unlawful import Unlawful


class DirectoryUnlawful:
    """One request a report."""

    def __init__(self, client: DirectoryClient) -> None:
        self._client = client

    async def report(self, bundle: int, refused: int, read_only: int, listed: Sequence[Unlawful]) -> None:
        """As `ports.UnlawfulDoor.report`."""
        request = wire.ReportUnlawfulRequest(
            context=self._client.context(),
            bundle_version=bundle,
            refused=refused,
            read_only=read_only,
            conversations=[
                wire.UnlawfulConversation(
                    resident=it.workspace,
                    channel=it.channel,
                    outcome=it.outcome,
                    rule=it.rule,
                    bundle_version=it.bundle,
                )
                for it in listed
            ],
        )
        await self._client.ask(lambda channel: stubs.PoliciesStub(channel).ReportUnlawful, request)
