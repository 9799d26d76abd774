"""Files: offered, then stored; their shares are written by messages (domain/views/messages.py).

`content` of a row: name, title, length, alt_text, snippet_type; once stored mimetype and, of texts, preview
and lines. `state` is `offered`, `stored` or `deleted`. A deleted file keeps its row and its shares, so that
who could see it is told that it is gone; `due_s` is set until its bytes are gone too.
"""

from collections.abc import Callable

from regional_cell.domain.changes import Change, Patch, Put
from regional_cell.domain.events import Event
from regional_cell.domain.file_types import category_of

OFFERED, STORED, DELETED = "offered", "stored", "deleted"


def _offered(event: Event) -> list[Change]:
    payload = event.payload
    content = {name: payload[name] for name in ("name", "length", "title", "alt_text", "snippet_type")}
    values = {
        "user": payload["user"], "state": OFFERED, "created_s": event.at_us // 1_000_000,
        "bytes": payload["length"], "sha256": None, "object_key": None,
        "category": category_of(payload["name"], payload["snippet_type"]), "due_s": None, "content": content,
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


def _deleted(event: Event) -> list[Change]:
    values = {"state": DELETED, "due_s": event.at_us // 1_000_000, "content": {"preview": "", "lines": 0}}
    return [Patch("files", (event.payload["file"],), values)]


def _purged(event: Event) -> list[Change]:
    return [Patch("files", (event.payload["file"],), {"due_s": None, "object_key": None})]


APPLY: dict[str, Callable[[Event], list[Change]]] = {
    "FileOffered": _offered,
    "FileStored": _stored,
    "FileShared": _shared,
    "FileDeleted": _deleted,
    "FilePurged": _purged,
}
