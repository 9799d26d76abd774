"""Conversations that policies in force no longer allow: what each cell says of its own, until it is resolved.

Ids alone: which conversation, since which bundle, by which rule. Whoever is in one reads and loses nothing;
officers see the deadline by which it is to be resolved, by who is in it or by a change of policies. Once it
has passed, reports say for how long, and the policy log says once of each cell and bundle that it has.

Invariants
    1. A report is all that a cell has to say: it takes the place of the one before, so that telling twice, or
       late, changes nothing.
    2. A cell that never reported is named as unknown; it never counts as one without such conversations.
"""

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Final

from accord.encoding import canonical_json
from accord.errors import InvalidError
from accord.ids import check_id
from directory.domain.cells import Cell, CellState

LISTED_MAX: Final = 1_000
RULE_CHARACTERS_MAX: Final = 300
RESOLVE_S: Final = 30 * 24 * 3600
"""From the bundle that made a conversation unlawful to the deadline that officers see."""
OUTCOMES: Final = frozenset({"refused", "read_only"})
COUNT_MAX: Final = 2**53
OVERDUE: Final = "unlawful_overdue"
"""The act under which the policy log says that a deadline has passed."""


@dataclass(frozen=True, slots=True)
class UnlawfulConversation:
    """One conversation. `outcome`: `refused`, nobody writes; `read_only`, some read and do not write."""

    workspace: str
    channel: str
    outcome: str
    rule: str
    bundle_version: int


@dataclass(frozen=True, slots=True)
class UnlawfulReport:
    """All of a cell. `bundle_version`: under which all of its conversations were ruled on.

    `refused` and `read_only` count all of them; at most `LISTED_MAX` are listed, the others are not.
    """

    cell: str
    bundle_version: int
    refused: int
    read_only: int
    listed: tuple[UnlawfulConversation, ...]
    reported_s: int = 0

    @property
    def more(self) -> int:
        """How many are counted and not listed."""
        return self.refused + self.read_only - len(self.listed)


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A conversation that is not lawful, since when, and the deadline (unix seconds). `overdue_s`: how long
    ago that was, 0 while it is to come.
    """

    conversation: UnlawfulConversation
    since_s: int
    deadline_s: int
    overdue_s: int


@dataclass(frozen=True, slots=True)
class CellUnlawful:
    """What is known of one cell. `report` is None where the cell never told anything."""

    cell: str
    report: UnlawfulReport | None
    unresolved: tuple[Unresolved, ...] = ()


@dataclass(frozen=True, slots=True)
class Passed:
    """A deadline that has passed in a cell: of so many listed conversations that one bundle made unlawful."""

    cell: str
    bundle_version: int
    deadline_s: int
    conversations: int

    @property
    def key(self) -> tuple[str, int]:
        """What it is entered under, once."""
        return self.cell, self.bundle_version


def check_report(report: UnlawfulReport, active_version: int) -> UnlawfulReport:
    """The report, once it is proven in form; raises InvalidError."""
    if len(report.listed) > LISTED_MAX or report.more < 0:
        raise InvalidError(field="conversations", why=f"at most {LISTED_MAX}, all of them counted")
    if report.refused > COUNT_MAX or report.read_only > COUNT_MAX:
        raise InvalidError(field="refused", why="too many")
    if not 0 < report.bundle_version <= active_version:
        raise InvalidError(field="bundle_version", why="unknown")
    for one in report.listed:
        check_id(one.workspace, "T")
        check_id(one.channel, "C", "D", "G")
        if one.outcome not in OUTCOMES:
            raise InvalidError(field="outcome", why="|".join(sorted(OUTCOMES)))
        if not one.rule.isprintable() or len(one.rule) > RULE_CHARACTERS_MAX:
            raise InvalidError(field="rule", why="not a rule")
        if not 0 < one.bundle_version <= report.bundle_version:
            raise InvalidError(field="bundle_version", why="unknown")
    if len({(it.workspace, it.channel) for it in report.listed}) < len(report.listed):
        raise InvalidError(field="conversations", why="twice")
    return report


def unresolved(
    cells: Iterable[Cell],
    reports: Iterable[UnlawfulReport],
    activated_s: Callable[[int], int],
    now_s: int,
) -> tuple[CellUnlawful, ...]:
    """By cell, what is unresolved there; cells that never reported stand there as unknown.

    Args:
        activated_s: when a bundle version came into force.
    """
    held = {it.cell: it for it in reports}
    names = sorted({it.name for it in cells if it.state is not CellState.RETIRED})
    found = []
    for name in names:
        report = held.get(name)
        listed = () if report is None else report.listed
        begun = {it.bundle_version: activated_s(it.bundle_version) for it in listed}
        rows = tuple(_unresolved(it, begun[it.bundle_version], now_s) for it in listed)
        found.append(CellUnlawful(name, report, rows))
    return tuple(found)


def _unresolved(one: UnlawfulConversation, since_s: int, now_s: int) -> Unresolved:
    deadline_s = since_s + RESOLVE_S
    return Unresolved(one, since_s, deadline_s, max(0, now_s - deadline_s))


def passed(found: Iterable[CellUnlawful]) -> list[Passed]:
    """Deadlines that have passed, by cell and bundle."""
    counts: dict[Passed, int] = {}
    for cell in found:
        for one in cell.unresolved:
            if one.overdue_s:
                key = Passed(cell.cell, one.conversation.bundle_version, one.deadline_s, 0)
                counts[key] = counts.get(key, 0) + 1
    return [replace(key, conversations=count) for key, count in counts.items()]


def since_bundles(found: Iterable[CellUnlawful], versions: Collection[int]) -> tuple[CellUnlawful, ...]:
    """The same, with those conversations alone that became unlawful under one of these bundles."""
    return tuple(
        replace(
            it, unresolved=tuple(one for one in it.unresolved if one.conversation.bundle_version in versions)
        )
        for it in found
    )


def listed_json(report: UnlawfulReport) -> bytes:
    """The listed conversations as canonical JSON, as stores keep them."""
    return canonical_json([asdict(it) for it in report.listed])


def listed_from(data: bytes) -> tuple[UnlawfulConversation, ...]:
    """The inverse of `listed_json`."""
    return tuple(UnlawfulConversation(**it) for it in json.loads(data))
