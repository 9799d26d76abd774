"""`apply`: what an event does to the views, for every kind of every log.

The home cell's write path, catching up, rebuilding and comparing all fold with this one function, so copies
converge.

Invariants
    1. Every kind of `KINDS` has exactly one row in `APPLY`.
    2. `apply` reads nothing but the event.
"""

from collections.abc import Callable

from regional_cell.domain.changes import Change, Put
from regional_cell.domain.events import KINDS, Event
from regional_cell.domain.views import (
    apps,
    channels,
    files,
    messages,
    organisations,
    people,
    reactions,
    reads,
    residents,
    tokens,
    users,
    workspaces,
)

Apply = Callable[[Event], list[Change]]


def merged(*tables: dict[str, Apply]) -> dict[str, Apply]:
    """One table of all features. Raises ValueError when a kind is claimed twice, is unknown or has no row."""
    rows: dict[str, Apply] = {}
    for table in tables:
        if twice := rows.keys() & table.keys():
            raise ValueError(f"kinds applied twice: {sorted(twice)}")
        rows.update(table)
    if rows.keys() != KINDS.keys():
        raise ValueError(f"kinds and rows differ: {sorted(rows.keys() ^ KINDS.keys())}")
    return rows


APPLY = merged(
    residents.APPLY,
    workspaces.APPLY,
    users.APPLY,
    channels.APPLY,
    messages.APPLY,
    reactions.APPLY,
    reads.APPLY,
    files.APPLY,
    tokens.APPLY,
    apps.APPLY,
    organisations.APPLY,
    people.APPLY,
)


def apply(event: Event) -> list[Change]:
    """The changes of one event, in order, without the topic counters. Raises KeyError for an unknown kind."""
    return APPLY[event.kind](event)


def stored(event: Event, changes: list[Change]) -> list[Change]:
    """The changes as a store writes them: those of `apply` and the counters of the event's topics."""
    return [*changes, *(Put("topics", (topic,), {"count": number}) for topic, number in event.topics)]
