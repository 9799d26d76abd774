"""Rebuild: fold a log again from its first event, and compare with the views that the store keeps.

Invariants
    1. Nothing is written. The fold uses the same `apply` as the write path and takes nothing from the views.
    2. A difference names its view and key, never a value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from regional_cell.domain.changes import Add, Change, Key, Patch, Put, Row
from regional_cell.domain.state import patched
from regional_cell.domain.views.apply import apply, counters
from regional_cell.domain.views.registry import VIEWS
from regional_cell.ports.log import Log, Sealer
from regional_cell.ports.views import Views

PAGE_EVENTS = 512

Tables = dict[str, dict[Key, Row]]


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that the log and the store disagree on: `missing` in the store, `extra` there, or `other`
    values.
    """

    resident: str
    view: str
    key: Key
    what: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing one resident came to.

    Attributes:
        head: the sequence that was folded up to.
        redacted: entries without bytes; their effect cannot be folded, so rows they made show up as `extra`.
        gaps: sequences where the log is not dense, times do not rise, the numbers of a topic are not dense,
        or the epoch is not one that the resident had; empty in a sound log.
    """

    head: int
    redacted: tuple[int, ...]
    gaps: tuple[int, ...]
    differences: tuple[Difference, ...]

    @property
    def equal(self) -> bool:
        """Whether the views are the fold of the log."""
        return not self.differences and not self.gaps


class Rebuild:
    """Compares residents at rest: a resident written to in between shows differences that are none."""

    def __init__(self, log: Log, views: Views, sealer: Sealer) -> None:
        self._log, self._views, self._sealer = log, views, sealer

    async def compare(self, resident: str) -> Comparison:
        """Fold and compare all views of one resident."""
        tables: Tables = {name: {} for name, view in VIEWS.items() if resident[0] in view.logs}
        redacted, gaps = [], []
        head = clock_us = epoch = 0
        told: dict[str, int] = {}
        while entries := await self._log.read(resident, head, PAGE_EVENTS):
            for entry in entries:
                follows = entry.sequence == head + 1 and entry.at_us > clock_us and entry.epoch >= epoch
                if not _is_dense(told, entry.topics) or not follows:
                    gaps.append(entry.sequence)
                head, clock_us, epoch = entry.sequence, entry.at_us, entry.epoch
                if entry.sealed is None:
                    redacted.append(entry.sequence)
                    continue
                event = self._sealer.open_event(entry)
                fold(tables, [*apply(event), *counters([event])])
        record = await self._log.record(resident)
        if record is None or (record.head, record.clock_us) != (head, clock_us) or record.epoch < epoch:
            gaps.append(head + 1)
        differences: list[Difference] = []
        for view, rows in tables.items():
            kept = dict(await self._views.rows(resident, view))
            differences += _differences(resident, view, rows, kept)
        return Comparison(head, tuple(redacted), tuple(gaps), tuple(differences))


def fold(tables: Tables, changes: Iterable[Change]) -> None:
    """Apply changes to plain tables; changes outside the views of this kind of resident are passed over."""
    for change in changes:
        table = tables.get(change.view)
        if table is None:
            continue
        row = table.get(change.key)
        if isinstance(change, Put):
            table[change.key] = dict(change.values)
        elif isinstance(change, Patch):
            if row is not None:
                table[change.key] = patched(row, change.values)
        elif isinstance(change, Add):
            fresh = row or {}
            table[change.key] = {**fresh, change.column: (fresh.get(change.column) or 0) + change.by}
        else:
            table.pop(change.key, None)


def _is_dense(told: dict[str, int], topics: Iterable[tuple[str, int]]) -> bool:
    """Whether the numbers of topics go on from those told; they are told then."""
    dense = True
    for topic, number in topics:
        dense, told[topic] = dense and number == told.get(topic, 0) + 1, number
    return dense


def _differences(
    resident: str, view: str, rows: Mapping[Key, Row], kept: Mapping[Key, Row]
) -> Iterable[Difference]:
    for key in sorted(rows.keys() | kept.keys()):
        if key not in kept:
            yield Difference(resident, view, key, "missing")
        elif key not in rows:
            yield Difference(resident, view, key, "extra")
        elif _whole(view, rows[key]) != _whole(view, kept[key]):
            yield Difference(resident, view, key, "other")


def _whole(view: str, row: Mapping[str, Any]) -> Row:
    return {column: row.get(column) for column in VIEWS[view].columns}
