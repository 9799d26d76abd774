"""Files: offered, then stored; their shares are written by messages (domain/views/messages.py).

`content` of a row: name, title, length, alt_text, snippet_type; once stored mimetype and, of texts, preview
and lines. `state` is `offered` or `stored`.
"""

from collections.abc import Callable

from regional_cell.domain.changes import Change, Patch, Put
from regional_cell.domain.events import Event

OFFERED, STORED = "offered", "stored"


def _offered(event: Event) -> list[Change]:
    payload = event.payload
    content = {name: payload[name] for name in ("name", "length", "title", "alt_text", "snippet_type")}
    values = {
        "user": payload["user"], "state": OFFERED, "created_s": event.at_us // 1_000_000,
        "bytes": payload["length"], "sha256": None, "object_key": None, "content": content,
    }  # fmt: skip
    return [Put("files", (payload["file"],), values)]


def _stored(event: Event) -> list[Change]:
    payload = event.payload
    values = {
        "state": STORED, "bytes": payload["bytes"], "sha256": bytes.fromhex(payload["sha256"]),
        "object_key": payload["object_key"],
        "content": {name: payload.get(name, "") for name in ("mimetype", "preview", "lines")},
    }  # fmt: skip
    return [Patch("files", (payload["file"],), values)]


def _shared(event: Event) -> list[Change]:
    return [Patch("files", (event.payload["file"],), {"content": {"title": event.payload["title"]}})]


APPLY: dict[str, Callable[[Event], list[Change]]] = {
    "FileOffered": _offered,
    "FileStored": _stored,
    "FileShared": _shared,
}
