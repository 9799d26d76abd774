"""Frames: what the sockets of each topic are told of an event.

A kind without a row tells nobody; the bodies stand in the order of the event's topics.
"""

from collections.abc import Callable
from typing import Any

from regional_cell.domain.events import Event
from regional_cell.domain.objects import channels, files, messages, reactions, reads, scheduled, users
from regional_cell.domain.state import State

Body = dict[str, Any]

FRAMES: dict[str, Callable[[Event, State], list[Body | None]]] = {
    **users.FRAMES,
    **channels.FRAMES,
    **messages.FRAMES,
    **reactions.FRAMES,
    **reads.FRAMES,
    **files.FRAMES,
    **scheduled.FRAMES,
}


def frames(event: Event, state: State) -> list[Body | None]:
    """One body, or None for nothing to tell, per entry of `event.topics`, in that order. For `orjson` alone
    to encode.
    """
    if not event.topics:
        return []
    make = FRAMES.get(event.kind)
    return make(event, state) if make is not None else [None] * len(event.topics)
