"""Files as the API shows them, and what sockets hear of them."""

from collections.abc import Callable, Iterable
from typing import Any

from regional_cell.domain.changes import Row
from regional_cell.domain.events import Event
from regional_cell.domain.file_types import filetype_of, is_text
from regional_cell.domain.objects.users import user_row
from regional_cell.domain.state import State
from regional_cell.domain.timestamps import format_ts

Object = dict[str, Any]
# Where a file is shared: (channel, ts, thread_ts).
Shares = Iterable[tuple[str, int, int | None]]


def file_object(state: State, file: str, row: Row, shares: Shares, edge_url: str) -> Object:
    """A file.

    Args:
        shares: those that the viewer may know of.
        edge_url: public address for its bytes, no slash at the end.
    """
    content = row.get("content") or {}
    name, mimetype = content.get("name", ""), content.get("mimetype", "")
    snippet = content.get("snippet_type", "")
    filetype, pretty_type = filetype_of(name, snippet)
    address = f"{edge_url}/files-pri/{state.resident}-{file}"
    author = user_row(state, row["user"]) or {}
    shown: Object = {
        "id": file, "created": row["created_s"], "timestamp": row["created_s"], "name": name,
        "title": content.get("title") or name, "mimetype": mimetype, "filetype": filetype,
        "pretty_type": pretty_type, "user": row["user"], "user_team": state.resident,
        "editable": bool(snippet), "size": row["bytes"], "mode": "snippet" if snippet else "hosted",
        "is_external": False, "external_type": "", "is_public": False, "public_url_shared": False,
        "display_as_bot": bool(author.get("bot")), "username": "", "url_private": f"{address}/download",
        "url_private_download": f"{address}/download",
        "permalink": f"{edge_url}/files/{row['user']}/{file}", "is_starred": False,
        "has_rich_preview": False, "media_display_type": "unknown", "file_access": "visible",
        "comments_count": 0, "has_more_shares": False,
    }  # fmt: skip
    if alt_text := content.get("alt_text"):
        shown["alt_txt"] = alt_text
    if is_text(mimetype) and (preview := content.get("preview")):
        lines = content.get("lines") or 0
        more = max(0, lines - len(preview.splitlines()))
        shown |= {"preview": preview, "lines": lines, "lines_more": more, "preview_is_truncated": more > 0}
    return _with_shares(shown, state, shares)


def tombstone(file: str) -> Object:
    """What stands in a message for a file that was deleted."""
    return {"id": file, "mode": "tombstone"}


def _with_shares(shown: Object, state: State, shares: Shares) -> Object:
    places: dict[str, list[str]] = {"channels": [], "groups": [], "ims": []}
    told: dict[str, dict[str, list[Object]]] = {}
    for channel, ts, thread_ts in shares:
        row = state.row("channels", channel)
        if row is None:
            continue
        kind = row["kind"]
        family = "channels" if kind == "public" else "ims" if kind == "im" else "groups"
        if channel not in places[family]:
            places[family].append(channel)
        share: Object = {
            "ts": format_ts(ts), "reply_users": [], "reply_users_count": 0, "reply_count": 0,
            "channel_name": (row.get("content") or {}).get("name", ""), "team_id": state.resident,
            "share_user_id": shown["user"],
        }  # fmt: skip
        if thread_ts:
            share["thread_ts"] = format_ts(thread_ts)
        told.setdefault("public" if kind == "public" else "private", {}).setdefault(channel, []).append(share)
    return {**shown, **places, "is_public": bool(places["channels"]), "shares": told}


def _shared_frames(event: Event, state: State) -> list[Object | None]:
    """The owner hears that it was made; each conversation that it was shared there."""
    payload = event.payload
    body = {"file_id": payload["file"], "file": {"id": payload["file"]}, "user_id": payload["user"]}
    ts = format_ts(event.at_us)
    return [
        {"type": "file_created", **body, "event_ts": ts}
        if topic == payload["user"]
        else {"type": "file_shared", **body, "channel_id": topic, "event_ts": ts}
        for topic, _ in event.topics
    ]


def _deleted_frames(event: Event, state: State) -> list[Object | None]:
    """The owner hears of all places, each conversation of itself alone."""
    file, ts = event.payload["file"], format_ts(event.at_us)
    return [
        {
            "type": "file_deleted", "file_id": file, "event_ts": ts,
            "channel_ids": event.payload["channels"] if topic == event.payload["user"] else [topic],
        }
        for topic, _ in event.topics
    ]  # fmt: skip


FRAMES: dict[str, Callable[[Event, State], list[Object | None]]] = {
    "FileShared": _shared_frames,
    "FileDeleted": _deleted_frames,
}
