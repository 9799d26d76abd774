"""A match of a search as the API shows it."""

import uuid
from typing import Any

from regional_cell.domain.changes import Row
from regional_cell.domain.objects.channels import counterpart
from regional_cell.domain.search_match import highlight
from regional_cell.domain.search_query import Term
from regional_cell.domain.state import State

Object = dict[str, Any]

CONTENT, METADATA, COUNT = "content", "metadata", "count"
_METADATA_MEMBERS = (
    "type",
    "subtype",
    "user",
    "team",
    "ts",
    "thread_ts",
    "bot_id",
    "app_id",
    "parent_user_id",
)
_NAMESPACE = uuid.UUID("3f0d4a8e-1f6b-4d0e-9a4e-6a1f0c6b7d21")


def match(
    state: State,
    channel: str,
    row: Row,
    message: Object,
    viewer: str,
    *,
    terms: tuple[Term, ...],
    highlighted: bool,
    mode: str,
    url: str,
) -> Object:
    """A message as a match for `viewer`.

    Args:
        mode: `content`, or `metadata`: who, when and where, not what.
        url: public address for permalinks, no slash at the end; empty where it is not known.
    """
    content = state.row("channels", channel) or row
    shown = dict(message)
    if mode == METADATA:
        shown = {name: value for name, value in message.items() if name in _METADATA_MEMBERS}
    elif highlighted:
        shown["text"] = highlight(str(message.get("text", "")), terms)
    author = state.row("users", str(message.get("user", "")))
    username = message.get("username") or ((author or {}).get("content") or {}).get("name", "")
    ts = str(message["ts"])
    return {
        **shown,
        "team": state.resident,
        "username": username,
        "channel": channel_of(state, channel, content, viewer),
        "iid": str(uuid.uuid5(_NAMESPACE, f"{state.resident}/{channel}/{ts}")),
        "permalink": f"{url}/archives/{channel}/p{ts.replace('.', '')}" if url else "",
    }


def channel_of(state: State, channel: str, row: Row, viewer: str) -> Object:
    """The conversation of a match."""
    kind = row["kind"]
    name = counterpart(row, viewer) if kind == "im" else (row.get("content") or {}).get("name", "")
    return {
        "id": channel,
        "name": name,
        "is_channel": kind in ("public", "private"),
        "is_private": kind != "public",
        "is_mpim": kind == "mpim",
        "is_shared": False,
        "is_org_shared": False,
        "is_ext_shared": False,
        "is_pending_ext_shared": False,
        "pending_shared": [],
    }
