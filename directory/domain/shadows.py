"""Shadows: the bundle of an approved revision, evaluated by cells beside the active one; and what they told.

    signature = Ed25519(bundle key, purpose `shadow`, SHA-256(bundle bytes))

Invariants
    1. A shadow is signed for a purpose of its own: it never proves as a bundle in force.
    2. A shadow is told by its hash, and compared with the one bundle before its version.
    3. Live differences and their replay are of the same flows, which cells count apart; a cell that has not
       acknowledged is named as such, and an edge as unknown.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from accord.errors import InvalidError
from accord.signing import SigningKey
from directory.domain.bundles import bundle_digest
from directory.domain.cells import Cell, CellState, Edge
from directory.domain.traffic import HASH_BYTES, BucketCount, ChangeCount, TrafficReport
from residency_policies.analyse.impact import Change, Histogram, Key, changes, gathered, keys_of
from residency_policies.bundle import Bundle
from residency_policies.compiled import CompiledBundle
from residency_policies.traffic import KINDS_OF_CHANGE, read_kind

PURPOSE = "shadow"
REFUSED_CHARACTERS_MAX = 64


@dataclass(frozen=True, slots=True)
class Shadow:
    """A candidate bundle; `begun_s`, `ended_s`: while cells are told of it (unix seconds, 0: until now)."""

    revision: int
    version: int
    bundle: bytes
    key_id: str
    signature: bytes
    begun_s: int
    ended_s: int = 0

    @property
    def digest(self) -> bytes:
        """SHA-256 of the bytes: what is signed, told and counted under."""
        return bundle_digest(self.bundle)

    @property
    def base_version(self) -> int:
        """The active bundle that it is compared with."""
        return self.version - 1


@dataclass(frozen=True, slots=True)
class ShadowAcknowledgement:
    """That a node evaluates the shadow with this hash, or why it cannot (`refused`)."""

    node: str
    shadow: bytes
    refused: str
    acknowledged_s: int


def sign_shadow(bundle: Bundle, revision: int, key: SigningKey, now_s: int) -> Shadow:
    """The candidate of a revision with the directory's signature."""
    data = bundle.canonical_bytes
    return Shadow(revision, bundle.version, data, key.key_id, key.sign(PURPOSE, bundle_digest(data)), now_s)


def check_state(digest: bytes, refused: str) -> None:
    """Prove that a node's word about a shadow can be kept; raises InvalidError."""
    if len(digest) != HASH_BYTES:
        raise InvalidError(field="shadow", why="no hash")
    if len(refused) > REFUSED_CHARACTERS_MAX or not (refused.isprintable() and refused.isascii()):
        raise InvalidError(field="refused", why="too long")


@dataclass(frozen=True, slots=True)
class Told:
    """What cells told of a shadow until now."""

    shadow: Shadow
    acknowledged: Sequence[ShadowAcknowledgement]
    cells: Sequence[Cell]
    edges: Sequence[Edge]
    reports: Sequence[TrafficReport]
    buckets: Sequence[BucketCount]
    changes: Sequence[ChangeCount]


def compared(told: Told, base: CompiledBundle, candidate: CompiledBundle) -> dict[str, object]:
    """What cells saw live beside what replaying the same flows gives, and from whom it is."""
    histogram = histogram_of(told.buckets)
    asked = sum(sum(row) for row in histogram.rows.values())
    live, replayed = live_changes(told.changes), list(changes(base, candidate, histogram))
    return {
        "bundle_version": told.shadow.version,
        "bundle_sha256": told.shadow.digest.hex(),
        "begun_s": told.shadow.begun_s,
        "ended_s": told.shadow.ended_s or None,
        "live": gathered(asked, live).to_json(),
        "replayed": gathered(asked, replayed).to_json(),
        "agrees": by_bucket(live) == by_bucket(replayed),
        "nodes": _nodes(told),
    }


def histogram_of(buckets: Iterable[BucketCount]) -> Histogram:
    """Counted flows by key and bucket; those without their kind are left out."""
    known = [it for it in buckets if it.kind]
    starts_s = tuple(sorted({it.start_s for it in known}))
    places = {start_s: place for place, start_s in enumerate(starts_s)}
    rows: dict[Key, list[int]] = {}
    for one in known:
        for key in keys_of(read_kind(one.kind)):
            rows.setdefault(key, [0] * len(starts_s))[places[one.start_s]] += one.flows
    return Histogram(starts_s, rows)


def live_changes(counts: Iterable[ChangeCount]) -> list[Change]:
    """What cells counted as differences, with all cells together."""
    found: dict[tuple[str, str, Key], Counter[int]] = {}
    for one in counts:
        key = next(it for it in keys_of(read_kind(one.kind)) if it.data_class == one.data_class)
        found.setdefault((one.what, one.rule, key), Counter())[one.start_s] += one.flows
    return [
        Change(KINDS_OF_CHANGE[what], rule, key, sorted(row.items()))
        for (what, rule, key), row in found.items()
    ]


def by_bucket(found: Iterable[Change]) -> Mapping[tuple[str, str, Key, int], int]:
    """Flows by way of change, clause, key and bucket: what has to be equal, one by one."""
    flows: Counter[tuple[str, str, Key, int]] = Counter()
    for change in found:
        for start_s, count in change.counts:
            flows[change.kind, change.rule, change.key, start_s] += count
    return flows


def _nodes(told: Told) -> list[dict[str, object]]:
    """Of whom it is, and since when."""
    known = {it.node: it for it in told.acknowledged}
    until = {it.cell: it.until_s for it in told.reports}
    found: list[dict[str, object]] = []
    for cell in told.cells:
        if cell.state is CellState.RETIRED:
            continue
        acknowledged = known.get(cell.name)
        mine = [it for it in told.buckets if it.cell == cell.name]
        state = "waiting" if acknowledged is None else "refused" if acknowledged.refused else "evaluating"
        found.append(
            {
                "node": cell.name,
                "kind": "cell",
                "state": state,
                "why": acknowledged.refused if acknowledged else "",
                "acknowledged_s": acknowledged.acknowledged_s if acknowledged else None,
                "since_s": min((it.start_s for it in mine), default=None),
                "until_s": until.get(cell.name) or None,
                "flows": sum(it.flows for it in mine),
                "other": sum(it.flows for it in mine if not it.kind),
                "changed": {
                    what: sum(it.flows for it in told.changes if it.cell == cell.name and it.what == what)
                    for what in KINDS_OF_CHANGE
                },
            }
        )
    edges: list[dict[str, object]] = [
        {"node": it.name, "kind": "edge", "state": "unknown", "why": "counts no traffic"} for it in told.edges
    ]
    return [*found, *edges]
