"""Messages that wait for their time: one row each, until they are posted, taken back or given up.

`due_s` is the time to post at; `sequence` is the event that holds what will be said.
"""

from collections.abc import Callable

from regional_cell.domain.changes import Change, Put, Remove
from regional_cell.domain.events import Event


def _scheduled(event: Event) -> list[Change]:
    payload = event.payload
    values = {
        "channel": payload["channel"], "user": payload["user"], "created_s": event.at_us // 1_000_000,
        "due_s": payload["post_at_s"], "sequence": event.sequence,
    }  # fmt: skip
    return [Put("scheduled", (payload["scheduled"],), values)]


def _ended(event: Event) -> list[Change]:
    return [Remove("scheduled", (event.payload["scheduled"],))]


APPLY: dict[str, Callable[[Event], list[Change]]] = {
    "MessageScheduled": _scheduled,
    "ScheduleEnded": _ended,
}
