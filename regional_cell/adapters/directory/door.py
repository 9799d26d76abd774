"""Writing to the directory: placements and claims. Keeps the promises of `ports.DirectoryDoor`."""

from collections.abc import Sequence

from accord.errors import NotReadyError
from accord.identity import Handover, sign_handover
from accord.signing import SigningKeys
from accord.wire.directory.v1 import directory_pb2 as wire
from accord.wire.directory.v1 import directory_pb2_grpc as stubs
from regional_cell.adapters.directory.client import DirectoryClient
from regional_cell.adapters.directory.lookup import LookupKeys

LIST_MAX = 500
_KINDS = {
    "T": wire.RESIDENT_KIND_WORKSPACE,
    "E": wire.RESIDENT_KIND_ORGANISATION,
    "P": wire.RESIDENT_KIND_PERSON,
}
# The first state of a log is empty.
EMPTY_ROOT = "0" * 64


class DirectoryWriter:
    """Signs what it places with the cell's key in use."""

    def __init__(self, client: DirectoryClient, keys: SigningKeys, lookup: LookupKeys, cell: str) -> None:
        self._client, self._keys, self._lookup, self._cell = client, keys, lookup, cell

    async def place(
        self, resident: str, establishment: str, subjects: Sequence[str], tags: Sequence[str]
    ) -> int:
        """See `ports.DirectoryDoor`."""
        handover = sign_handover(self._keys.current(), Handover(resident, "", self._cell, 1, EMPTY_ROOT))
        request = wire.PlaceRequest(
            context=self._client.context(f"place-{resident}"),
            resident=resident,
            kind=_KINDS[resident[0]],
            establishment=establishment,
            subjects=subjects,
            tags=tags,
            handover=handover,
        )
        answer = await self._client.ask(lambda channel: stubs.ResidentsStub(channel).Place, request)
        placement = answer.placement
        if (placement.resident, placement.cell) != (resident, self._cell) or placement.epoch < 1:
            raise NotReadyError(why="the directory placed it elsewhere", resident=resident)
        return int(placement.epoch)

    async def is_placed(self, resident: str) -> bool:
        """See `ports.DirectoryDoor`."""
        request = wire.ResolveRequest(context=self._client.context(), residents=[resident])
        answer = await self._client.ask(lambda channel: stubs.DirectoryStub(channel).Resolve, request)
        return [it.resident for it in answer.placements] == [resident]

    async def lease(self, claims: Sequence[tuple[str, str, str]]) -> str:
        """See `ports.DirectoryDoor`."""
        rows = [
            wire.Claim(attribute=name, key_id=key_id, index=index, resident=resident)
            for attribute, value, resident in claims
            for name, key_id, index in self._lookup.claims(attribute, value)
        ]
        request = wire.LeaseRequest(context=self._client.context(), claims=rows)
        answer = await self._client.ask(lambda channel: stubs.ClaimsStub(channel).Lease, request)
        return str(answer.lease_id)

    async def commit_lease(self, lease: str) -> None:
        """See `ports.DirectoryDoor`."""
        request = wire.CommitLeaseRequest(context=self._client.context(), lease_id=lease)
        await self._client.ask(lambda channel: stubs.ClaimsStub(channel).Commit, request)

    async def release_lease(self, lease: str) -> None:
        """See `ports.DirectoryDoor`."""
        request = wire.ReleaseLeaseRequest(context=self._client.context(), lease_id=lease)
        await self._client.ask(lambda channel: stubs.ClaimsStub(channel).Release, request)

    async def claimed(self) -> dict[str, set[str]]:
        """See `ports.DirectoryDoor`."""
        found: dict[str, set[str]] = {}
        cursor = ""
        while True:
            request = wire.ListClaimsRequest(context=self._client.context(), cursor=cursor, limit=LIST_MAX)
            answer = await self._client.ask(lambda channel: stubs.ClaimsStub(channel).List, request)
            for row in answer.claims:
                if row.committed:
                    found.setdefault(row.claim.resident, set()).add(row.claim.attribute)
            cursor = answer.cursor
            if not cursor:
                return found
