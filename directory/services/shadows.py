"""Shadows: handed to nodes, acknowledged by them, and what they told beside what a replay gives.

Invariants
    1. Only the shadow of a revision that stands in shadow is handed out.
    2. Whoever reads compiles nothing twice: the pair that was asked about last is kept.
"""

import asyncio

from accord.clock import Clock
from accord.errors import InvalidError, NotFoundError
from directory.domain.bundles import SignedBundle
from directory.domain.officers import Officer, OfficerAct, require_may, require_read
from directory.domain.peers import Peer, require_cell, require_node
from directory.domain.reading import named_in, part_of, require_revision_read, seen_by
from directory.domain.shadows import Shadow, ShadowAcknowledgement, Told, check_state, compared
from directory.ports.store import ReadUnit, Store, WriteUnit
from residency_policies.bundle import load_bundle
from residency_policies.compiled import CompiledBundle

Pair = tuple[CompiledBundle, CompiledBundle]


class ShadowService:
    """The shadow for nodes, and for officers what came of it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._kept: tuple[bytes, Pair] | None = None
        self._one = asyncio.Lock()

    async def standing(self) -> tuple[int, bytes] | None:
        """Base version and hash of the shadow that nodes shall evaluate; None: none."""
        return await self._store.read(lambda unit: unit.shadows.standing())

    async def fetch(self, peer: Peer, digest: bytes) -> Shadow:
        """The shadow with this hash, while it stands.

        Raises:
            PeerRefusedError: no admitted node. NotFoundError: there is none, or it is over.
        """

        def work(unit: ReadUnit) -> Shadow | None:
            require_node(peer, unit.cells.find(peer.name), unit.cells.find_edge(peer.name))
            found = unit.shadows.find(digest)
            return None if found is None or found.ended_s else found

        found = await self._store.read(work)
        if found is None:
            raise NotFoundError(thing="shadow")
        return found

    async def acknowledge(self, peer: Peer, digest: bytes, refused: str) -> None:
        """Keep that a cell evaluates the shadow, or why it cannot; a word that was said before is not kept
        anew.

        Raises:
            PeerRefusedError: no admitted cell. InvalidError: no such shadow.
        """
        check_state(digest, refused)
        now_s = self._clock.now_us() // 1_000_000

        def said(unit: ReadUnit) -> bool:
            known = unit.shadows.acknowledgements(digest)
            return any((it.node, it.refused) == (peer.name, refused) for it in known)

        def work(unit: WriteUnit) -> None:
            cell = require_cell(peer, unit.cells.find(peer.name)).name
            if unit.shadows.find(digest) is None:
                raise InvalidError(field="shadow", why="unknown")
            if not said(unit):
                unit.shadows.acknowledge(ShadowAcknowledgement(cell, digest, refused, now_s))
                unit.commit()

        if not await self._store.read(said):
            await self._store.write(work)

    async def look(self, by: Officer, number: int) -> dict[str, object] | None:
        """What cells told of the newest shadow of a revision, beside the replay of the same flows, and whose
        it is, with the ids that are theirs to read; None: it was never in shadow. Raises ForbiddenError.
        """
        require_may(by, OfficerAct.READ)

        def work(unit: ReadUnit) -> tuple[Told, SignedBundle | None] | None:
            revision, shadow = unit.policies.find(number), unit.shadows.of_revision(number)
            if shadow is None:
                return None
            if revision is None:
                require_read(by, ())
            else:
                require_revision_read(by, revision)
            digest = shadow.digest
            told = Told(
                shadow,
                unit.shadows.acknowledgements(digest),
                unit.cells.cells(),
                unit.cells.edges(),
                unit.traffic.reports(),
                unit.traffic.buckets(digest),
                unit.traffic.changes(digest),
            )
            return told, unit.bundles.find(shadow.base_version)

        found = await self._store.read(work)
        if found is None or found[1] is None:
            return None
        async with self._one:
            pair = await self._pair(found[0].shadow, found[1])
            told = await asyncio.to_thread(compared, found[0], *pair)
        named = named_in(told)
        seen = seen_by(by, await self._store.read(lambda unit: unit.placements.find_all(named)))
        part, gone = part_of(told, seen)
        return {**part, "withheld": gone}

    async def _pair(self, shadow: Shadow, base: SignedBundle) -> Pair:
        if self._kept is None or self._kept[0] != shadow.digest:
            pair = await asyncio.to_thread(_compiled, shadow, base)
            self._kept = shadow.digest, pair
        return self._kept[1]


def _compiled(shadow: Shadow, base: SignedBundle) -> Pair:
    """Both, for any instant: whatever was sound when it was signed."""
    return (
        CompiledBundle(load_bundle(base.bundle), shadow.begun_s, strict=False),
        CompiledBundle(load_bundle(shadow.bundle), shadow.begun_s, strict=False),
    )
