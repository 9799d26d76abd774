"""Conversations as the API shows them to one viewer, and what sockets hear of them."""

from collections.abc import Callable
from typing import Any

from regional_cell.domain.changes import Row
from regional_cell.domain.events import Event
from regional_cell.domain.objects.users import DEFAULT_LOCALE, user_row
from regional_cell.domain.parties import refused_rule, ruling_of
from regional_cell.domain.state import State
from regional_cell.domain.timestamps import format_ts

Object = dict[str, Any]


def conversation(
    state: State, channel: str, row: Row, viewer: str, *, num_members: bool = False, locale: bool = False
) -> Object:
    """A conversation for `viewer`; read state is added by the caller that has it."""
    shown = (
        _direct(state, channel, row, viewer) if row["kind"] == "im" else _channel(state, channel, row, viewer)
    )
    if num_members and row["kind"] != "im":
        shown["num_members"] = len(state.members_of.get(channel, {}))
    if (ruling := ruling_of(row)) and ruling["outcome"] != "here" and viewer:
        shown["is_read_only"] = bool(refused_rule(state, viewer, row))
        shown["x_residency"] = {"outcome": ruling["outcome"], "rule": ruling["rule"]}
    if locale:
        shown["locale"] = DEFAULT_LOCALE
    return shown


def channel_type(row: Row) -> str:
    """`channel`, `group`, `im` or `mpim`: the word of `message` events."""
    kind: str = row["kind"]
    return {"public": "channel", "private": "group"}.get(kind, kind)


def counterpart(row: Row, viewer: str) -> str:
    """Who the other one of a direct message is; the viewer in a conversation with oneself."""
    members: list[str] = (row.get("content") or {}).get("members", [])
    others = [user for user in members if user != viewer]
    return others[0] if others else viewer


def _direct(state: State, channel: str, row: Row, viewer: str) -> Object:
    other = counterpart(row, viewer)
    known = user_row(state, other)
    member = state.members_of.get(channel, {}).get(viewer)
    return {
        "id": channel, "created": row["created_s"], "updated": row["updated_ms"], "is_im": True,
        "is_org_shared": False, "user": other, "is_user_deleted": known is None or bool(known["deleted"]),
        "is_archived": bool(row["archived"]), "priority": 0, "is_open": bool(member and member["open"]),
        "context_team_id": state.resident,
    }  # fmt: skip


def _channel(state: State, channel: str, row: Row, viewer: str) -> Object:
    content, team, mpim = row.get("content") or {}, state.resident, row["kind"] == "mpim"
    name = content.get("name", "")
    shown: Object = {
        "id": channel, "name": name, "name_normalized": name,
        "is_channel": not mpim, "is_group": mpim, "is_im": False, "is_mpim": mpim,
        "is_private": row["kind"] != "public",
        "created": row["created_s"], "updated": row["updated_ms"], "creator": row["creator"],
        "is_archived": bool(row["archived"]), "is_general": bool(row["general"]), "unlinked": 0,
        "is_shared": False, "is_org_shared": False, "is_ext_shared": False, "is_pending_ext_shared": False,
        "pending_shared": [], "pending_connected_team_ids": [], "shared_team_ids": [team],
        "internal_team_ids": [team], "connected_team_ids": [], "context_team_id": team,
        "is_member": state.is_member(channel, viewer),
        "topic": content.get("topic") or _nothing(), "purpose": content.get("purpose") or _nothing(),
        "previous_names": list(content.get("previous_names", [])),
    }  # fmt: skip
    if mpim:
        member = state.members_of.get(channel, {}).get(viewer)
        shown["is_open"] = bool(member and member["open"])
    return shown


def _nothing() -> Object:
    return {"value": "", "creator": "", "last_set": 0}


# ------------------------------------------------------------------------------------------- frames


def _created_frames(event: Event, state: State) -> list[Object | None]:
    """The workspace hears of public channels; members get the conversation itself."""
    channel, kind, ts = event.payload["channel"], event.payload["kind"], format_ts(event.at_us)
    row = state.row("channels", channel)
    if row is None:
        return [None] * len(event.topics)
    bodies: list[Object | None] = []
    for topic, _ in event.topics:
        if topic == event.resident:
            shown = {
                name: value
                for name, value in _channel(state, channel, row, "").items()
                if name != "is_member"
            }
            bodies.append({"type": "channel_created", "channel": shown, "event_ts": ts})
        elif kind == "im":
            shown = conversation(state, channel, row, topic)
            bodies.append({"type": "im_created", "user": topic, "channel": shown, "event_ts": ts})
        else:
            bodies.append(_joined_body(state, channel, row, topic, ts))
    return bodies


def _joined_body(state: State, channel: str, row: Row, user: str, ts: str) -> Object:
    name = "channel_joined" if row["kind"] == "public" else "group_joined"
    return {"type": name, "channel": conversation(state, channel, row, user), "event_ts": ts}


def _changed_frames(event: Event, state: State) -> list[Object | None]:
    payload, ts = event.payload, format_ts(event.at_us)
    row = state.row("channels", payload["channel"])
    if row is None:
        return [None] * len(event.topics)
    family = "channel" if row["kind"] == "public" else "group"
    body: Object | None = None
    if payload["field"] == "name":
        name = (row.get("content") or {}).get("name", "")
        shown = {"id": payload["channel"], "name": name, "name_normalized": name, "created": row["created_s"]}
        body = {"type": f"{family}_rename", "channel": shown, "event_ts": ts}
    elif payload["field"] == "archived":
        name = f"{family}_archive" if payload["value"] else f"{family}_unarchive"
        body = {"type": name, "channel": payload["channel"], "user": payload.get("by", ""), "event_ts": ts}
    return [body] * len(event.topics)


def _opened_frames(event: Event, state: State) -> list[Object | None]:
    payload = event.payload
    row = state.row("channels", payload["channel"])
    family = "mpim" if row is not None and row["kind"] == "mpim" else "im"
    body: Object = {
        "type": f"{family}_{'open' if payload['open'] else 'close'}", "user": payload["user"],
        "channel": payload["channel"], "event_ts": format_ts(event.at_us),
    }  # fmt: skip
    return [body] * len(event.topics)


def _ruled_frames(event: Event, state: State) -> list[Object | None]:
    """The parties are nobody's business; who may not write sees it in the conversation itself."""
    payload = event.payload
    body: Object = {
        "type": "x_conversation_ruled", "channel": payload["channel"], "outcome": payload["outcome"],
        "rule": payload["rule"], "event_ts": format_ts(event.at_us),
    }  # fmt: skip
    return [body] * len(event.topics)


def _member_frames(event: Event, state: State) -> list[Object | None]:
    payload, ts = event.payload, format_ts(event.at_us)
    channel, user = payload["channel"], payload["user"]
    row = state.row("channels", channel)
    if row is None:
        return [None] * len(event.topics)
    added = event.kind == "MemberAdded"
    told: Object = {
        "type": "member_joined_channel" if added else "member_left_channel", "user": user, "channel": channel,
        "channel_type": channel[0], "team": event.resident, "event_ts": ts,
    }  # fmt: skip
    if added and payload.get("inviter"):
        told["inviter"] = payload["inviter"]
    own: Object = _joined_body(state, channel, row, user, ts) if added else {
        "type": "channel_left" if row["kind"] == "public" else "group_left", "channel": channel,
        "actor_id": payload.get("by", user), "event_ts": ts,
    }  # fmt: skip
    return [own if topic == user else told for topic, _ in event.topics]


FRAMES: dict[str, Callable[[Event, State], list[Object | None]]] = {
    "ChannelCreated": _created_frames,
    "ChannelChanged": _changed_frames,
    "ConversationOpened": _opened_frames,
    "ConversationRuled": _ruled_frames,
    "MemberAdded": _member_frames,
    "MemberRemoved": _member_frames,
}
