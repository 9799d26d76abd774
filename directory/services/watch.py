"""Watch: what a cell or edge is due next, as one signed record behind the one it holds.

Invariants
    1. A stream is of the node that its certificate names, and that is admitted.
    2. The first record of a stream is always sent, even empty: by it the node knows that it is current.
"""

from collections.abc import Iterable

from accord.clock import Clock
from accord.errors import InvalidError
from accord.identity import SigningKey
from accord.routes import sign_route
from directory.domain.peers import Peer, require_node
from directory.domain.placements import RESOLVE_MAX, Placement, Tombstone
from directory.domain.watch import BATCH_MAX, Record, RouteChanges, Start, WatchedNode, check_start
from directory.ports.outside import RouteEncoder
from directory.ports.store import ReadUnit, Store, WriteUnit

VERSIONS_KEPT = 100_000


class WatchService:
    """Records of the route table for one node at a time.

    Args:
        key: signs every record, purpose `routes`; encode: bytes of a delta.
    """

    def __init__(self, store: Store, clock: Clock, key: SigningKey, encode: RouteEncoder) -> None:
        self._store = store
        self._clock = clock
        self._key = key
        self._encode = encode
        self._open: dict[int, WatchedNode] = {}

    @property
    def key_id(self) -> str:
        """Id of the key that signs, 16 hex."""
        return self._key.key_id

    async def open(self, peer: Peer, start: Start) -> WatchedNode:
        """Begin a stream; `close` it.

        Raises:
            PeerRefusedError: not admitted. InvalidError: `node` is not the peer, or a malformed start.
        """
        check_start(start)

        def work(unit: ReadUnit) -> bool:
            node = require_node(peer, unit.cells.find(peer.name), unit.cells.find_edge(peer.name))
            if start.node != node.name:
                raise InvalidError(field="node", why="not the peer")
            return start.watch_version == 0 or unit.versions.was_given(start.watch_version)

        known = await self._store.read(work)
        node = WatchedNode(start, known)
        self._open[id(node)] = node
        return node

    def close(self, node: WatchedNode) -> None:
        """The stream has ended."""
        self._open.pop(id(node), None)

    def held(self) -> dict[str, int]:
        """Nodes that watch here now, to the version up to which each of their processes holds everything."""
        held: dict[str, int] = {}
        for node in self._open.values():
            name = node.start.node
            held[name] = min(held.get(name, node.held_version), node.held_version)
        return held

    async def next_record(self, node: WatchedNode) -> Record | None:
        """Put what the node is due in flight, or None when it holds everything."""

        def work(unit: ReadUnit) -> RouteChanges:
            if node.known and node.acked_version and not unit.versions.was_given(node.acked_version):
                node.forget()  # INVARIANT: watch 4, also when the store went back below this process
            return changes_for(unit, node)

        changes = await self._store.read(work)
        first = node.bundle_version < 0
        if changes.is_empty and not first and changes.bundle_version == node.bundle_version:
            node.scanned_version = changes.watch_version
            return None
        return node.send(
            changes, self._encode(changes), lambda before, delta: sign_route(self._key, before, delta)
        )

    async def forget_old_versions(self) -> None:
        """Keep the latest 100,000 versions; a node that holds an older one gets a snapshot."""

        def work(unit: WriteUnit) -> None:
            unit.versions.forget_all_but(VERSIONS_KEPT)
            unit.commit()

        await self._store.write(work)


def changes_for(unit: ReadUnit, node: WatchedNode) -> RouteChanges:
    """Everything that changed for the node, at most `BATCH_MAX` placements and tombstones of it."""
    since, full = node.since, node.needs_full
    if full and not node.start.all:
        placements, upto = _placements_of(unit, node.wanted), unit.versions.current()
        missing = sorted(node.wanted - {it.resident for it in placements})
        tombstones = [it for it in map(unit.placements.tombstone, missing) if it is not None]
    else:
        placements, tombstones, upto = _changed_after(unit, node, since)
        seen = {it.resident for it in placements}
        placements += [it for it in _placements_of(unit, node.fresh) if it.resident not in seen]
    behind = unit.placements.behind()
    return RouteChanges(
        watch_version=upto,
        bundle_version=unit.bundles.active_version(),
        full=full,
        placements=tuple(it for it in placements if it.resident not in behind),  # INVARIANT: watch 5
        cells=tuple(it for it in unit.cells.cells() if it.version > since),
        edges=tuple(it for it in unit.cells.edges() if it.version > since),
        keys=tuple(it for it in unit.cells.all_keys() if it.version > since),
        tombstones=tuple(tombstones),
    )


def _changed_after(
    unit: ReadUnit, node: WatchedNode, since: int
) -> tuple[list[Placement], list[Tombstone], int]:
    placements = unit.placements.changed_after(since, BATCH_MAX)
    tombstones = unit.placements.buried_after(since, BATCH_MAX)
    # What was cut off is due next time, so this delta ends before it.
    cut = [found[-1].version for found in (placements, tombstones) if len(found) == BATCH_MAX]
    upto = min([unit.versions.current(), *cut])
    return (
        [it for it in placements if it.version <= upto and node.wants(it.resident)],
        [it for it in tombstones if it.version <= upto and node.wants(it.resident)],
        upto,
    )


def _placements_of(unit: ReadUnit, residents: Iterable[str]) -> list[Placement]:
    wanted = sorted(residents)
    found: list[Placement] = []
    for start in range(0, len(wanted), RESOLVE_MAX):
        found += unit.placements.find_all(wanted[start : start + RESOLVE_MAX])
    return found
