"""Revisions of policies and their approvals in memory."""

from collections.abc import Collection

from directory.adapters.memory.state import State
from directory.domain.policies import Approval, Revision, RevisionState


class MemoryPolicies:
    """`directory.ports.PolicyWriter` over a state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def find(self, number: int) -> Revision | None:
        return self._state.revisions.get(number)

    def page(self, before: int, limit: int) -> list[Revision]:
        numbers = sorted(self._state.revisions, reverse=True)
        return [self._state.revisions[it] for it in numbers if not before or it < before][:limit]

    def of_document(self, document: str) -> list[Revision]:
        return [it for it in self._ordered() if it.document == document]

    def in_states(self, states: Collection[RevisionState]) -> list[Revision]:
        return [it for it in self._ordered() if it.state in states]

    def approvals_of(self, number: int) -> list[Approval]:
        found = [it for it in self._state.approvals.values() if it.revision == number]
        return sorted(found, key=lambda it: (it.approved_s, it.officer))

    def next_number(self) -> int:
        return max(self._state.revisions, default=0) + 1

    def put(self, revision: Revision) -> None:
        self._state.revisions[revision.number] = revision

    def approve(self, approval: Approval) -> None:
        key = approval.revision, approval.hash, approval.officer
        assert key not in self._state.approvals
        self._state.approvals[key] = approval

    def _ordered(self) -> list[Revision]:
        return [self._state.revisions[number] for number in sorted(self._state.revisions)]
