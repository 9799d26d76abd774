"""Reactions: one row per message, name and user."""

from collections.abc import Callable

from regional_cell.domain.changes import Change, Key, Put, Remove
from regional_cell.domain.events import Event


def _key(event: Event) -> Key:
    payload = event.payload
    return payload["channel"], payload["ts"], payload["name"], payload["user"]


def _added(event: Event) -> list[Change]:
    return [Put("reactions", _key(event), {"at_us": event.at_us})]


def _removed(event: Event) -> list[Change]:
    return [Remove("reactions", _key(event))]


APPLY: dict[str, Callable[[Event], list[Change]]] = {"ReactionAdded": _added, "ReactionRemoved": _removed}
