"""Apps: what is installed in a workspace. Its bot user is a user of its own (`UserJoined` with role
`bot`).
"""

from collections.abc import Callable

from regional_cell.domain.changes import Change, Put
from regional_cell.domain.events import Event


def _installed(event: Event) -> list[Change]:
    payload, at_s = event.payload, event.at_us // 1_000_000
    values = {
        "bot": payload["bot"],
        "bot_user": payload["bot_user"],
        "scopes": ",".join(sorted(payload["scopes"])),
        "created_s": at_s,
        "updated_s": at_s,
        "deleted": 0,
        "content": {name: payload[name] for name in ("name", "client_secret_sha256", "signing_secret")},
    }
    return [Put("apps", (payload["app"],), values)]


APPLY: dict[str, Callable[[Event], list[Change]]] = {"AppInstalled": _installed}
