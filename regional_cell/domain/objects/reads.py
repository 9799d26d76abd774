"""What a user's own sockets hear when a read mark moved."""

from collections.abc import Callable
from typing import Any

from regional_cell.domain.events import Event
from regional_cell.domain.objects.channels import channel_type
from regional_cell.domain.state import State
from regional_cell.domain.timestamps import format_ts


def _frames(event: Event, state: State) -> list[dict[str, Any] | None]:
    payload = event.payload
    row = state.row("channels", payload["channel"])
    body = {
        "type": f"{channel_type(row) if row is not None else 'channel'}_marked",
        "channel": payload["channel"],
        "ts": format_ts(payload["ts"]),
        "unread_count": payload.get("unread_count", 0),
        "unread_count_display": payload.get("unread_count_display", 0),
        "num_mentions": 0,
        "num_mentions_display": 0,
        "event_ts": format_ts(event.at_us),
    }
    return [body] * len(event.topics)


FRAMES: dict[str, Callable[[Event, State], list[dict[str, Any] | None]]] = {"ReadMarked": _frames}
