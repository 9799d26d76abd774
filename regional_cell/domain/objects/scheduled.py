"""What a user's own sockets hear of a scheduled message that could not be posted at its time."""

from collections.abc import Callable
from typing import Any

from regional_cell.domain.events import Event
from regional_cell.domain.state import State
from regional_cell.domain.timestamps import format_ts


def _frames(event: Event, state: State) -> list[dict[str, Any] | None]:
    payload = event.payload
    body = {
        "type": "x_schedule_failed",
        "scheduled_message_id": payload["scheduled"],
        "channel": payload.get("channel", ""),
        "error": payload["why"],
        "event_ts": format_ts(event.at_us),
    }
    return [body] * len(event.topics)


FRAMES: dict[str, Callable[[Event, State], list[dict[str, Any] | None]]] = {"ScheduleEnded": _frames}
