"""Claims and leases in memory."""

from collections.abc import Callable, Sequence

from directory.adapters.memory.state import State
from directory.domain.claims import Claim, HeldClaim, Lease, LeaseState, Name


class MemoryClaims:
    """`directory.ports.ClaimWriter` over a state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def match(self, names: Sequence[Name]) -> list[HeldClaim]:
        return [it for it in self._all() if it.claim.name in names]

    def list_of(self, cell: str, after: tuple[str, str, str, bytes] | None, limit: int) -> list[HeldClaim]:
        found = [it for it in self._all() if it.lease.cell == cell]
        if after is not None:
            found = [it for it in found if (it.lease.jurisdiction, *it.claim.name) > after]
        return found[:limit]

    def held(self, jurisdiction: str, names: Sequence[Name]) -> dict[Name, HeldClaim]:
        found = {}
        for name in names:
            row = self._state.claims.get((jurisdiction, name))
            if row is not None:
                found[name] = HeldClaim(row[0], self._state.leases[row[1]])
        return found

    def lease(self, lease_id: str) -> Lease | None:
        return self._state.leases.get(lease_id)

    def size_of(self, lease_id: str) -> int:
        return sum(it == lease_id for _, it in self._state.claims.values())

    def put_lease(self, lease: Lease) -> None:
        self._state.leases[lease.lease_id] = lease

    def put_claims(self, lease: Lease, claims: Sequence[Claim]) -> None:
        for claim in claims:
            assert (lease.jurisdiction, claim.name) not in self._state.claims
            self._state.claims[lease.jurisdiction, claim.name] = claim, lease.lease_id

    def remove_claims(self, lease_id: str) -> None:
        self._keep(lambda claim, held_by: held_by != lease_id)

    def remove_claims_of(self, resident: str) -> None:
        self._keep(lambda claim, held_by: claim.resident != resident)

    def expired(self, now_s: int, limit: int) -> list[Lease]:
        over = [
            it
            for it in self._state.leases.values()
            if it.state is LeaseState.LEASED and it.expires_s <= now_s
        ]
        return sorted(over, key=lambda it: (it.expires_s, it.lease_id))[:limit]

    def drop_leases(self, before_s: int) -> int:
        holding = {held_by for _, held_by in self._state.claims.values()}
        old = [
            it.lease_id
            for it in self._state.leases.values()
            if it.state is not LeaseState.LEASED and it.expires_s < before_s and it.lease_id not in holding
        ]
        for lease_id in old:
            del self._state.leases[lease_id]
        return len(old)

    def _all(self) -> list[HeldClaim]:
        return [
            HeldClaim(claim, self._state.leases[held_by])
            for _, (claim, held_by) in sorted(self._state.claims.items(), key=lambda row: row[0])
        ]

    def _keep(self, wanted: Callable[[Claim, str], bool]) -> None:
        self._state.claims = {key: row for key, row in self._state.claims.items() if wanted(*row)}
