"""Traffic: what cells counted of their decisions, and what a change would mean for it.

Invariants
    1. A count replaces the one before it of the same bucket, so a piece that comes twice counts once.
    2. A cell of which nothing is known is named as unknown; it never counts as one without traffic.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from accord.errors import InvalidError
from directory.domain.cells import Cell, CellState, Edge
from residency_policies.analyse.impact import Histogram, Key, keys_of, replay
from residency_policies.bundle import CompiledBundle
from residency_policies.traffic import (
    HOUR_S,
    KINDS_MAX,
    KINDS_OF_CHANGE,
    RULE_CHARACTERS_MAX,
    SPAN_S,
    read_kind,
)

PIECE_MAX: Final = 1_000
DAY_S: Final = 24 * HOUR_S
AHEAD_S: Final = HOUR_S
"""How far a cell's clock may be ahead."""
FLOWS_MAX: Final = 2**53
HASH_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class TrafficCount:
    """Flows of one kind (0: not known) in a bucket until now; `start_s`: its start, unix seconds; `shadow`:
    hash of the shadow under which they were asked about too, empty without one.
    """

    number: int
    start_s: int
    flows: int
    shadow: bytes = b""


@dataclass(frozen=True, slots=True)
class TrafficDifference:
    """Flows of one kind and class that a shadow decides otherwise, under one clause, until now."""

    number: int
    start_s: int
    shadow: bytes
    data_class: str
    what: str
    rule: str
    flows: int


@dataclass(frozen=True, slots=True)
class TrafficPiece:
    """A stretch of what a cell counted, in the order in which it changed, from `after` to `position`.

    `since_us`: when the cell began to count. `kinds`: number to canonical bytes. `until_s`: until when
    everything is told with this piece; 0: there is more.
    """

    since_us: int
    after: int
    position: int
    kinds: Mapping[int, bytes]
    counts: Sequence[TrafficCount]
    until_s: int = 0
    differences: Sequence[TrafficDifference] = ()


@dataclass(frozen=True, slots=True)
class TrafficReport:
    """Up to where the history of a cell is held, and until when it is whole (unix seconds, 0: not yet)."""

    cell: str
    since_us: int
    position: int
    until_s: int


@dataclass(frozen=True, slots=True)
class DayCount:
    """Flows of one kind that a cell counted on one day (unix seconds); `kind` empty: not known."""

    cell: str
    kind: bytes
    day_s: int
    flows: int


@dataclass(frozen=True, slots=True)
class BucketCount:
    """Flows of one kind that a cell counted in one bucket while it evaluated a shadow."""

    cell: str
    kind: bytes
    start_s: int
    flows: int


@dataclass(frozen=True, slots=True)
class ChangeCount:
    """Flows of one kind and class that a cell saw a shadow decide otherwise, in one bucket."""

    cell: str
    kind: bytes
    start_s: int
    data_class: str
    what: str
    rule: str
    flows: int


def check_piece(piece: TrafficPiece, now_s: int) -> None:
    """Prove that a piece can be kept; raises InvalidError."""
    told = len(piece.counts) + len(piece.differences)
    if piece.position < piece.after or told > PIECE_MAX or len(piece.kinds) > PIECE_MAX:
        raise InvalidError(field="counts", why="no piece", counts_max=PIECE_MAX)
    if piece.until_s > now_s + AHEAD_S or piece.since_us > (now_s + AHEAD_S) * 1_000_000:
        raise InvalidError(field="until_s", why="ahead")
    if any(number < 1 for number in piece.kinds):
        raise InvalidError(field="number", why="no number of a kind")
    classes = {number: read_kind(kind).classes for number, kind in piece.kinds.items()}
    rows: list[TrafficCount | TrafficDifference] = [*piece.counts, *piece.differences]
    for one in rows:
        if one.number and one.number not in classes:
            raise InvalidError(field="number", why="a kind that is not in the piece")
        if one.start_s > now_s + AHEAD_S or not 0 < one.flows <= FLOWS_MAX:
            raise InvalidError(field="flows", why="out of range")
        if len(one.shadow) not in (0, HASH_BYTES):
            raise InvalidError(field="shadow", why="no hash")
    for difference in piece.differences:
        if not difference.shadow or difference.data_class not in classes.get(difference.number, ()):
            raise InvalidError(field="differences", why="of no shadow, or no class of its kind")
        rule = difference.rule
        if (
            difference.what not in KINDS_OF_CHANGE
            or len(rule) > RULE_CHARACTERS_MAX
            or not rule.isprintable()
        ):
            raise InvalidError(field="differences", why="no change")


def check_kinds(count: int) -> None:
    """Prove that a cell has no more kinds than it may keep apart; raises InvalidError."""
    if count > 2 * KINDS_MAX:
        raise InvalidError(field="kinds", why="too many", kinds_max=2 * KINDS_MAX)


def impact(
    base: CompiledBundle,
    candidate: CompiledBundle,
    cells: Sequence[Cell],
    edges: Sequence[Edge],
    reports: Iterable[TrafficReport],
    counts: Iterable[DayCount],
) -> dict[str, object]:
    """What would be decided otherwise at the candidate's instant, of the flows of the last 30 days; exact for
    the nodes and the times that are known.
    """
    at_s = candidate.at_s
    since_s = at_s - SPAN_S
    known = {it.cell: it for it in reports}
    others: dict[str, int] = {}
    days: set[int] = set()
    by_key: dict[Key, dict[int, int]] = {}
    for one in counts:
        if not one.kind:
            others[one.cell] = others.get(one.cell, 0) + one.flows
            continue
        days.add(one.day_s)
        for key in keys_of(read_kind(one.kind)):
            row = by_key.setdefault(key, {})
            row[one.day_s] = row.get(one.day_s, 0) + one.flows
    starts_s = tuple(sorted(days))
    rows = {key: [row.get(start, 0) for start in starts_s] for key, row in by_key.items()}
    told = replay(base, candidate, Histogram(starts_s, rows), at_s).to_json()
    nodes = [
        _known(it.name, "cell", known.get(it.name), since_s, others.get(it.name, 0))
        for it in cells
        if it.state is not CellState.RETIRED
    ]
    nodes += [_known(it.name, "edge", None, since_s, 0) for it in edges]
    return {"since_s": since_s, "until_s": at_s, "nodes": nodes, **told}


def _known(
    name: str, kind: str, report: TrafficReport | None, since_s: int, others: int
) -> dict[str, object]:
    """From when until when the traffic of a node is known; None: it is not."""
    shape: dict[str, object] = {"node": name, "kind": kind, "since_s": None, "until_s": None}
    shape["other"] = others
    if report is not None and report.until_s:
        begun_s = -(-report.since_us // 1_000_000)
        shape |= {"since_s": max(begun_s, since_s), "until_s": report.until_s}
    return shape
