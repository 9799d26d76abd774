"""Read marks: per user and conversation the last message read; it may move back."""

from collections.abc import Callable

from regional_cell.domain.changes import Change, Put
from regional_cell.domain.events import Event


def _marked(event: Event) -> list[Change]:
    payload = event.payload
    return [Put("reads", (payload["user"], payload["channel"]), {"last_read": payload["ts"]})]


APPLY: dict[str, Callable[[Event], list[Change]]] = {"ReadMarked": _marked}
