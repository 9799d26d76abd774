"""Channels, direct messages and who is in them.

A member's read mark starts at the moment of joining: what was said before is not unread.
"""

from collections.abc import Callable

from regional_cell.domain.changes import Change, Patch, Put, Remove
from regional_cell.domain.events import Event


def _member(event: Event, user: str) -> list[Change]:
    channel = event.payload["channel"]
    return [
        Put("members", (channel, user), {"since_us": event.at_us, "open": 1}),
        Put("reads", (user, channel), {"last_read": event.at_us}),
    ]


def _about(value: str, by: str, at_us: int) -> dict[str, object]:
    return {"value": value, "creator": by if value else "", "last_set": at_us // 1_000_000 if value else 0}


def _created(event: Event) -> list[Change]:
    payload = event.payload
    content = {
        "name": payload.get("name", ""),
        "topic": _about(payload.get("topic", ""), payload["creator"], event.at_us),
        "purpose": _about(payload.get("purpose", ""), payload["creator"], event.at_us),
        # Direct messages stay between the same people, whoever is active.
        "members": list(payload["members"]) if payload["kind"] in ("im", "mpim") else [],
    }
    changes: list[Change] = [Put("channels", (payload["channel"],), {
        "kind": payload["kind"], "creator": payload["creator"], "created_s": event.at_us // 1_000_000,
        "updated_ms": event.at_us // 1_000, "archived": 0, "general": int(payload.get("general", False)),
        "content": content,
    })]  # fmt: skip
    for user in payload["members"]:
        changes += _member(event, user)
    return changes


def _changed(event: Event) -> list[Change]:
    payload = event.payload
    key, field, value = (payload["channel"],), payload["field"], payload["value"]
    updated = {"updated_ms": event.at_us // 1_000}
    if field == "archived":
        return [Patch("channels", key, {**updated, "archived": int(bool(value))})]
    if field == "name":
        content = {"name": value, "previous_names": list(payload["previous_names"])}
        return [Patch("channels", key, {**updated, "content": content})]
    return [
        Patch(
            "channels",
            key,
            {**updated, "content": {field: _about(value, payload.get("by", ""), event.at_us)}},
        )
    ]


def _ruled(event: Event) -> list[Change]:
    """`ruling` is empty while all who are there may write and nobody of another party wrote and left."""
    payload = {name: value for name, value in event.payload.items() if name != "channel"}
    plain = payload["outcome"] == "here" and not payload["past"]
    updated = {"updated_ms": event.at_us // 1_000, "content": {"ruling": {} if plain else payload}}
    return [Patch("channels", (event.payload["channel"],), updated)]


def _opened(event: Event) -> list[Change]:
    payload = event.payload
    return [Patch("members", (payload["channel"], payload["user"]), {"open": int(payload["open"])})]


def _member_added(event: Event) -> list[Change]:
    return _member(event, event.payload["user"])


def _member_removed(event: Event) -> list[Change]:
    return [Remove("members", (event.payload["channel"], event.payload["user"]))]


APPLY: dict[str, Callable[[Event], list[Change]]] = {
    "ChannelCreated": _created,
    "ChannelChanged": _changed,
    "ConversationOpened": _opened,
    "ConversationRuled": _ruled,
    "MemberAdded": _member_added,
    "MemberRemoved": _member_removed,
}
