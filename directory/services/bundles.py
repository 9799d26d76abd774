"""Bundles: the first one at the first start, handing the active one out, counting who evaluates under it.

Invariants
    1. Only a bundle that compiles without a fault becomes active, under the next version, signed and entered
       into the policy log.
    2. The same documents and regions under the same key never make a second version.
    3. Once there is a bundle, a start changes no policy: only what comes with the software and the settings
       (floors, regions, the key) is renewed.
"""

import json
from collections.abc import Callable, Sequence

from accord.clock import Clock
from accord.errors import ConflictError, NotFoundError, NotReadyError
from accord.identity import SigningKey
from directory.domain.bundles import (
    Acknowledgement,
    SignedBundle,
    check_acknowledged,
    settled_version,
    sign_bundle,
)
from directory.domain.cells import Cell, CellState
from directory.domain.peers import Peer, PeerKind, require_node
from directory.domain.policies import content_of, document_bytes
from directory.domain.policy_log import SALT_BYTES, Act, LogPen
from directory.ports.outside import Bell
from directory.ports.store import ReadUnit, Store, WriteUnit
from residency_policies.builtin import builtin_packs
from residency_policies.bundle import Bundle, check_bundle
from residency_policies.decision import Region
from residency_policies.document import load_document
from residency_policies.model import FloorPack


class BundleService:
    """The active bundle and its acknowledgements.

    Args:
        key: signs bundles, purpose `bundle`.
        pen: of the policy log.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        bell: Bell,
        key: SigningKey,
        random: Callable[[int], bytes],
        pen: LogPen,
    ) -> None:
        self._store = store
        self._clock = clock
        self._bell = bell
        self._key = key
        self._random = random
        self._pen = pen

    async def begin(self, documents: Sequence[str], regions: Sequence[Region]) -> tuple[SignedBundle, bool]:
        """The active bundle of a process that starts, and whether `documents` were passed over.

        The first start takes the documents into force. Later ones go on with the policies in force, whatever
        the documents say: those take effect by approval alone.

        Raises: as `adopt`.
        """
        active = await self._store.read(lambda unit: unit.bundles.active())
        if active is None:
            return await self.adopt(documents, regions), False
        # Read as plain documents: the bundle may have been made for an older vocabulary.
        held = [json.dumps(it, ensure_ascii=False) for it in json.loads(active.bundle)["documents"]]
        shipped = {load_document(text).id: text for text in builtin_packs()}
        kept = [text for text in held if load_document(text).id not in shipped]
        adopted = await self.adopt([*kept, *shipped.values()], regions)
        return adopted, _meanings(documents) != _meanings(held)

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
        fresh = sign_bundle(Bundle(held + 1, tuple(documents), tuple(regions)), self._key)
        facts: dict[str, object] = {"bundle_version": fresh.version, "bundle_sha256": fresh.digest.hex()}

        def work(unit: WriteUnit) -> None:
            if unit.bundles.active_version() != held:
                raise ConflictError(what="bundle", version=fresh.version)
            self._pen.enter(
                unit.log, Act("bundle_adopted", "directory", facts), now_s, self._random(SALT_BYTES)
            )
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

    async def look(self, version: int = 0) -> tuple[SignedBundle | None, int]:
        """A bundle (0: the active one) and the settled version, for the read-only HTTP face."""

        def work(unit: ReadUnit) -> tuple[SignedBundle | None, int]:
            found = unit.bundles.find(version) if version else unit.bundles.active()
            return found, settled_version(_nodes(unit), unit.bundles.acknowledged())

        return await self._store.read(work)


def _meanings(documents: Sequence[str]) -> dict[str, object]:
    """Policies by id, without the versions that the directory gives."""
    found: dict[str, object] = {}
    for document in map(load_document, documents):
        if not isinstance(document, FloorPack):
            found[document.id] = content_of(document_bytes(document))
    return found


def _require_reader(unit: ReadUnit, peer: Peer) -> None:
    if peer.kind is not PeerKind.OPERATOR:
        require_node(peer, unit.cells.find(peer.name), unit.cells.find_edge(peer.name))


def _nodes(unit: ReadUnit) -> list[str]:
    cells: list[Cell] = unit.cells.cells()
    alive = [it.name for it in cells if it.state is not CellState.RETIRED]
    return alive + [it.name for it in unit.cells.edges()]
