"""`apply`: what an event does to the views, for every kind of every log.

The home cell's write path, catching up, rebuilding and comparing all fold with this one function, so copies
converge.

Invariants
    1. Every kind of `KINDS` has exactly one row in `APPLY`.
    2. `apply` reads nothing but the event.
"""

from collections.abc import Callable, Iterable

from regional_cell.domain.changes import Change, Put
from regional_cell.domain.events import KINDS, Event, SealedEvent
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
    scheduled,
    tokens,
    users,
    webhooks,
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
    scheduled.APPLY,
    files.APPLY,
    tokens.APPLY,
    apps.APPLY,
    webhooks.APPLY,
    organisations.APPLY,
    people.APPLY,
)


def apply(event: Event) -> list[Change]:
    """The changes of one event, in order, without the topic counters. Raises KeyError for an unknown kind."""
    return APPLY[event.kind](event)


def counters(events: Iterable[Event | SealedEvent]) -> list[Change]:
    """The counters of the events' topics after them: stores write these with every event."""
    last = {topic: number for event in events for topic, number in event.topics}
    return [Put("topics", (topic,), {"count": number}) for topic, number in last.items()]
