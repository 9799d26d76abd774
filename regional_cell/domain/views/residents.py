"""What the kinds of all logs do to the store.

`residents` and `events` are no views of the registry: the store keeps them as the truth. Two kinds reach
them, by the same language of changes; a state that commands are decided against passes over both.

Invariants
    1. A redaction drops the sealed bytes of one entry and nothing else: place, time and commitment stay.
"""

from collections.abc import Callable

from regional_cell.domain.changes import Change, Patch
from regional_cell.domain.events import Event

RESIDENTS = "residents"
EVENTS = "events"


def _no_view(event: Event) -> list[Change]:
    """Facts that are read from the log itself."""
    return []


def _key_rotated(event: Event) -> list[Change]:
    return [Patch(RESIDENTS, (), {"key_id": event.payload["key"]})]


def _redacted(event: Event) -> list[Change]:
    return [Patch(EVENTS, (event.payload["sequence"],), {"sealed": None})]


APPLY: dict[str, Callable[[Event], list[Change]]] = {
    "Opened": _no_view,
    "KeyRotated": _key_rotated,
    "Redacted": _redacted,
    "AuditNoted": _no_view,
}
