"""What sockets hear of reactions."""

from collections.abc import Callable
from typing import Any

from regional_cell.domain.events import Event
from regional_cell.domain.state import State
from regional_cell.domain.timestamps import format_ts


def _frames(event: Event, state: State) -> list[dict[str, Any] | None]:
    payload = event.payload
    body = {
        "type": "reaction_added" if event.kind == "ReactionAdded" else "reaction_removed",
        "user": payload["user"],
        "reaction": payload["name"],
        "item_user": payload["item_user"],
        "item": {"type": "message", "channel": payload["channel"], "ts": format_ts(payload["ts"])},
        "event_ts": format_ts(event.at_us),
    }
    return [body] * len(event.topics)


FRAMES: dict[str, Callable[[Event, State], list[dict[str, Any] | None]]] = {
    "ReactionAdded": _frames,
    "ReactionRemoved": _frames,
}
