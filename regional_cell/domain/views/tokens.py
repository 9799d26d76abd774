"""Tokens: the records that decide whether a token's text still opens anything.

`scopes` are joined by commas in alphabetical order; `state` is `active` or `revoked`; `person` is set
where the
resident has no users (organisations). The text itself is stored nowhere.
"""

from collections.abc import Callable

from regional_cell.domain.changes import Change, Patch, Put
from regional_cell.domain.events import Event

ACTIVE, REVOKED = "active", "revoked"


def _issued(event: Event) -> list[Change]:
    payload = event.payload
    values = {
        "sha256": bytes.fromhex(payload["sha256"]),
        "kind": payload["kind"],
        "user": payload["user"],
        "person": payload["person"],
        "app": payload["app"],
        "scopes": ",".join(sorted(payload["scopes"])),
        "session": payload["session"],
        "device": payload["device"],
        "state": ACTIVE,
        "created_s": event.at_us // 1_000_000,
        "expires_s": payload["expires_s"],
    }
    return [Put("tokens", (payload["id"],), values)]


def _revoked(event: Event) -> list[Change]:
    return [Patch("tokens", (event.payload["id"],), {"state": REVOKED})]


APPLY: dict[str, Callable[[Event], list[Change]]] = {"TokenIssued": _issued, "TokenRevoked": _revoked}
