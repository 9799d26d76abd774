"""Shadows and who evaluates them, in memory."""

from directory.adapters.memory.state import State
from directory.domain.shadows import Shadow, ShadowAcknowledgement


class MemoryShadows:
    """`directory.ports.ShadowWriter` over a state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def standing(self) -> tuple[int, bytes] | None:
        found = [it for it in self._state.shadows.values() if not it.ended_s]
        return (found[0].base_version, found[0].digest) if found else None

    def find(self, digest: bytes) -> Shadow | None:
        return self._state.shadows.get(digest)

    def of_revision(self, number: int) -> Shadow | None:
        found = [it for it in self._state.shadows.values() if it.revision == number]
        return max(found, key=lambda it: it.version, default=None)

    def acknowledgements(self, digest: bytes) -> list[ShadowAcknowledgement]:
        found = [it for (shadow, _), it in self._state.shadow_acknowledgements.items() if shadow == digest]
        return sorted(found, key=lambda it: it.node)

    def put(self, shadow: Shadow) -> None:
        self._state.shadows[shadow.digest] = shadow

    def acknowledge(self, acknowledgement: ShadowAcknowledgement) -> None:
        key = acknowledgement.shadow, acknowledgement.node
        self._state.shadow_acknowledgements[key] = acknowledgement
