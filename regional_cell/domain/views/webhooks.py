"""Incoming webhooks: which secret posts to which channel as which bot. The key is SHA-256 of the secret, in
hex; the row of a removed one stays, so that its address is told apart from one that never was.
"""

from collections.abc import Callable

from regional_cell.domain.changes import Change, Patch, Put
from regional_cell.domain.events import Event


def _created(event: Event) -> list[Change]:
    payload = event.payload
    values = {
        "app": payload["app"],
        "bot": payload["bot"],
        "channel": payload["channel"],
        "creator": payload["by"],
        "created_s": event.at_us // 1_000_000,
        "removed_s": 0,
    }
    return [Put("webhooks", (payload["webhook"],), values)]


def _removed(event: Event) -> list[Change]:
    return [Patch("webhooks", (event.payload["webhook"],), {"removed_s": event.at_us // 1_000_000})]


APPLY: dict[str, Callable[[Event], list[Change]]] = {"WebhookCreated": _created, "WebhookRemoved": _removed}
