"""Bundles: taking documents into force at start, handing the bundle out, counting who evaluates under it.

Invariants
    1. Only a bundle that compiles without a fault becomes active, under the next version, signed.
    2. The same documents and regions under the same key never make a second version.
"""

from collections.abc import Sequence

from accord.clock import Clock
from accord.errors import ConflictError, NotFoundError, NotReadyError
from accord.identity import SigningKey
from directory.domain.bundles import (
    PURPOSE,
    Acknowledgement,
    SignedBundle,
    bundle_digest,
    check_acknowledged,
    settled_version,
)
from directory.domain.cells import Cell, CellState
from directory.domain.peers import Peer, PeerKind, require_node
from directory.ports import Bell, ReadUnit, Store, WriteUnit
from residency_policies.bundle import Bundle, check_bundle
from residency_policies.decision import Region


class BundleService:
    """The active bundle and its acknowledgements.

    Args:
        key: signs bundles, purpose `bundle`.
    """

    def __init__(self, store: Store, clock: Clock, bell: Bell, key: SigningKey) -> None:
        self._store = store
        self._clock = clock
        self._bell = bell
        self._key = key

    async def adopt(self, documents: Sequence[str], regions: Sequence[Region]) -> SignedBundle:
        """Make these documents the active bundle, unless they are already.

        Raises:
            PolicyError: with every finding; nothing was stored.
            ConflictError: another process adopted other documents meanwhile.
        """
        now_s = self._clock.now_us() // 1_000_000
        active = await self._store.read(lambda unit: unit.bundles.active())
        held = active.version if active is not None else 0
        # Compiled under the version it would keep: what differs then differs in meaning.
        same = Bundle(max(held, 1), tuple(documents), tuple(regions))
        check_bundle(same, now_s)
        if active is not None and (active.bundle, active.key_id) == (same.canonical_bytes, self._key.key_id):
            return active
        fresh = self._sign(Bundle(held + 1, tuple(documents), tuple(regions)))

        def work(unit: WriteUnit) -> None:
            if unit.bundles.active_version() != held:
                raise ConflictError(what="bundle", version=fresh.version)
            unit.bundles.add(fresh, now_s)
            unit.commit()

        await self._store.write(work)
        self._bell.ring()
        return fresh

    async def fetch(self, peer: Peer, version: int) -> SignedBundle:
        """A bundle by version; 0: the active one.

        Raises:
            PeerRefusedError: neither operator nor admitted node. NotFoundError.
            NotReadyError: none is active.
        """

        def work(unit: ReadUnit) -> SignedBundle | None:
            _require_reader(unit, peer)
            return unit.bundles.find(version) if version else unit.bundles.active()

        found = await self._store.read(work)
        if found is None and version:
            raise NotFoundError(thing="bundle")
        if found is None:
            raise NotReadyError(what="bundle")
        return found

    async def newer(self, peer: Peer, held_version: int) -> SignedBundle | None:
        """The active bundle when its version is above the held one; raises PeerRefusedError."""

        def work(unit: ReadUnit) -> SignedBundle | None:
            _require_reader(unit, peer)
            return unit.bundles.active() if unit.bundles.active_version() > held_version else None

        return await self._store.read(work)

    async def acknowledge(self, peer: Peer, node: str, version: int, digest: bytes, checkpoint: str) -> int:
        """Keep that the node evaluates under this version; the version that all nodes have at least.

        Raises:
            PeerRefusedError: not that node. InvalidError: no such version.
            ConflictError: the node holds other bytes.
        """
        now_s = self._clock.now_us() // 1_000_000

        def work(unit: WriteUnit) -> int:
            named = require_node(peer, unit.cells.find(peer.name), unit.cells.find_edge(peer.name)).name
            if node != named:
                raise ConflictError(what="node")
            bundle = check_acknowledged(unit.bundles.find(version), digest, checkpoint)
            unit.bundles.acknowledge(Acknowledgement(named, bundle.version, checkpoint, now_s))
            unit.commit()
            return settled_version(_nodes(unit), unit.bundles.acknowledged())

        return await self._store.write(work)

    async def look(self) -> tuple[SignedBundle | None, int]:
        """The active bundle and the settled version, for the read-only HTTP face."""

        def work(unit: ReadUnit) -> tuple[SignedBundle | None, int]:
            return unit.bundles.active(), settled_version(_nodes(unit), unit.bundles.acknowledged())

        return await self._store.read(work)

    def _sign(self, bundle: Bundle) -> SignedBundle:
        data = bundle.canonical_bytes
        signature = self._key.sign(PURPOSE, bundle_digest(data))
        return SignedBundle(bundle.version, data, self._key.key_id, signature)


def _require_reader(unit: ReadUnit, peer: Peer) -> None:
    if peer.kind is not PeerKind.OPERATOR:
        require_node(peer, unit.cells.find(peer.name), unit.cells.find_edge(peer.name))


def _nodes(unit: ReadUnit) -> list[str]:
    cells: list[Cell] = unit.cells.cells()
    alive = [it.name for it in cells if it.state is not CellState.RETIRED]
    return alive + [it.name for it in unit.cells.edges()]
