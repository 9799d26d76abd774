"""Bundles and acknowledgements in memory."""

from collections.abc import Mapping

from directory.adapters.memory.state import State
from directory.domain.bundles import Acknowledgement, SignedBundle


class MemoryBundles:
    """`directory.ports.BundleWriter` over a state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def active(self) -> SignedBundle | None:
        return self._state.bundles.get(self.active_version())

    def active_version(self) -> int:
        return max(self._state.bundles, default=0)

    def find(self, version: int) -> SignedBundle | None:
        return self._state.bundles.get(version)

    def acknowledged(self) -> Mapping[str, int]:
        return {node: it.bundle_version for node, it in self._state.acknowledged.items()}

    def acknowledgements(self) -> list[Acknowledgement]:
        return [self._state.acknowledged[node] for node in sorted(self._state.acknowledged)]

    def first_acknowledged(self, version: int) -> list[Acknowledgement]:
        found: dict[str, Acknowledgement] = {}
        for (since, node), it in sorted(self._state.first_acknowledged.items()):
            if since >= version:
                found.setdefault(node, it)
        return [found[node] for node in sorted(found)]

    def activated_s(self, version: int) -> int:
        return self._state.activated.get(version, 0)

    def add(self, bundle: SignedBundle, activated_s: int) -> None:
        assert bundle.version not in self._state.bundles
        self._state.activated[bundle.version] = activated_s
        self._state.bundles[bundle.version] = bundle

    def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        self._state.acknowledged[acknowledgement.node] = acknowledgement
        key = acknowledgement.bundle_version, acknowledgement.node
        self._state.first_acknowledged.setdefault(key, acknowledgement)
