"""Shapes: every member that an object always has, with its type, and none that nobody documents."""

import re
from typing import Any

from tests.regional_cell.entrypoints.web_api.support_cell import (
    ANN,
    BOB,
    BOT_USER,
    CID,
    GENERAL,
    GUS,
    TEAM,
    Cell,
)

TS = re.compile(r"\d{10}\.\d{6}")
ABOUT = {"value": str, "creator": str, "last_set": int}
CHANNEL: dict[str, Any] = {
    "id": str, "name": str, "name_normalized": str, "is_channel": bool, "is_group": bool, "is_im": bool,
    "is_mpim": bool, "is_private": bool, "created": int, "updated": int, "creator": str, "is_archived": bool,
    "is_general": bool, "unlinked": int, "is_shared": bool, "is_org_shared": bool, "is_ext_shared": bool,
    "is_pending_ext_shared": bool, "pending_shared": list, "pending_connected_team_ids": list,
    "shared_team_ids": list, "internal_team_ids": list, "connected_team_ids": list, "context_team_id": str,
    "is_member": bool, "topic": ABOUT, "purpose": ABOUT, "previous_names": list,
}  # fmt: skip
IM: dict[str, Any] = {
    "id": str, "created": int, "updated": int, "is_im": bool, "is_org_shared": bool, "user": str,
    "is_user_deleted": bool, "is_archived": bool, "priority": int, "is_open": bool, "context_team_id": str,
}  # fmt: skip
READ_STATE: dict[str, Any] = {
    "last_read": str,
    "unread_count": int,
    "unread_count_display": int,
    "latest": dict,
}
PROFILE: dict[str, Any] = {
    **dict.fromkeys(
        [
            "title", "phone", "skype", "real_name", "real_name_normalized", "display_name",
            "display_name_normalized", "first_name", "last_name", "status_text", "status_emoji",
            "status_text_canonical", "avatar_hash", "team", "image_24", "image_32", "image_48",
            "image_72", "image_192", "image_512",
        ], str,
    ),
    "status_expiration": int, "status_emoji_display_info": list, "fields": dict,
}  # fmt: skip
ENTERPRISE_USER: dict[str, Any] = {
    "id": str, "enterprise_id": str, "enterprise_name": str, "is_admin": bool, "is_owner": bool,
    "is_primary_owner": bool, "teams": list,
}  # fmt: skip
USER: dict[str, Any] = {
    **dict.fromkeys(["id", "team_id", "name", "color", "real_name", "tz", "tz_label",
    "who_can_share_contact_card"], str),
    **dict.fromkeys(
        [
            "deleted", "is_admin", "is_owner", "is_primary_owner", "is_restricted",
            "is_ultra_restricted", "is_bot", "is_app_user", "is_email_confirmed", "has_2fa",
        ], bool,
    ),
    "tz_offset": int, "updated": int, "profile": {**PROFILE, "email": str},
    "enterprise_user": ENTERPRISE_USER,
}  # fmt: skip
MESSAGE: dict[str, Any] = {"type": str, "user": str, "team": str, "text": str, "ts": TS}
ROOT: dict[str, Any] = {
    **MESSAGE, "thread_ts": TS, "reply_count": int, "reply_users_count": int, "reply_users": list,
    "latest_reply": TS, "is_locked": bool, "subscribed": bool,
}  # fmt: skip
BOT_PROFILE: dict[str, Any] = {
    "id": str, "app_id": str, "user_id": str, "name": str, "deleted": bool, "updated": int, "team_id": str,
    "icons": {"image_36": str, "image_48": str, "image_72": str},
}  # fmt: skip
FRAME: dict[str, Any] = {"type": str, "event_ts": TS}


def require_shape(value: Any, shape: Any, path: str = "$") -> None:
    """The value has exactly the members of the shape, each of its type."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), path
        assert set(value) == set(shape), f"{path}: {set(value) ^ set(shape)}"
        for name, inner in shape.items():
            require_shape(value[name], inner, f"{path}.{name}")
    elif isinstance(shape, re.Pattern):
        assert isinstance(value, str), path
        assert shape.fullmatch(value), path
    else:
        assert type(value) is shape, f"{path}: {type(value)}"


async def test_conversations_have_their_shape(cell: Cell) -> None:
    await cell.post(BOB, GENERAL, "x")
    made = (await cell.ok(BOB, "conversations.create", name="plans"))["channel"]
    require_shape(made, CHANNEL)
    for channel in (await cell.ok(BOB, "conversations.list"))["channels"]:
        require_shape(channel, {**CHANNEL, "num_members": int})
    info = await cell.ok(BOB, "conversations.info", channel=GENERAL, include_num_members=1, include_locale=1)
    require_shape(info["channel"], {**CHANNEL, **READ_STATE, "num_members": int, "locale": str})
    require_shape((await cell.ok(CID, "conversations.info", channel=made["id"]))["channel"], CHANNEL)
    im = (await cell.ok(BOB, "conversations.open", users=CID, return_im=1))["channel"]
    require_shape(im, IM)
    await cell.post(CID, im["id"], "x")
    shown = (await cell.ok(BOB, "conversations.info", channel=im["id"]))["channel"]
    require_shape(shown, {**IM, **READ_STATE})
    mpim = (await cell.ok(BOB, "conversations.open", users=[CID, ANN], return_im=1))["channel"]
    require_shape(mpim, {**CHANNEL, "is_open": bool})
    assert (mpim["is_group"], mpim["is_private"], mpim["is_channel"]) == (True, True, False)


async def test_messages_have_their_shape(cell: Cell) -> None:
    root = await cell.ok(BOB, "chat.postMessage", channel=GENERAL, text="x")
    require_shape(root["message"], MESSAGE)
    reply = await cell.ok(CID, "chat.postMessage", channel=GENERAL, text="y", thread_ts=root["ts"])
    require_shape(reply["message"], {**MESSAGE, "thread_ts": TS, "parent_user_id": str})
    await cell.ok(CID, "reactions.add", channel=GENERAL, timestamp=root["ts"], name="eyes")
    (shown, *_) = (await cell.ok(BOB, "conversations.history", channel=GENERAL))["messages"]
    require_shape(shown, {**ROOT, "reactions": list})
    require_shape(shown["reactions"][0], {"name": str, "count": int, "users": list})
    edited = (await cell.ok(BOB, "chat.update", channel=GENERAL, ts=root["ts"], text="z"))["message"]
    require_shape(edited["edited"], {"user": str, "ts": TS})
    built = (await cell.ok(BOT_USER, "chat.postMessage", channel=GENERAL, text="x"))["message"]
    require_shape(built, {**MESSAGE, "bot_id": str, "app_id": str, "bot_profile": BOT_PROFILE})


async def test_answers_of_lists_have_their_shape(cell: Cell) -> None:
    page = {"ok": bool, "response_metadata": {"next_cursor": str}}
    history = await cell.ok(BOB, "conversations.history", channel=GENERAL, latest="1800000000.000000")
    assert history.pop("channel_actions_ts") is None
    require_shape(
        history,
        {
            **page, "messages": list, "has_more": bool, "pin_count": int, "channel_actions_count": int,
            "latest": TS,
        },
    )  # fmt: skip
    ts = await cell.post(BOB, GENERAL, "x")
    require_shape(
        await cell.ok(BOB, "conversations.replies", channel=GENERAL, ts=ts),
        {**page, "messages": list, "has_more": bool},
    )
    require_shape(await cell.ok(BOB, "conversations.members", channel=GENERAL), {**page, "members": list})
    require_shape(await cell.ok(BOB, "users.list"), {**page, "members": list, "cache_ts": int})


async def test_a_workspace_has_its_shape(cell: Cell) -> None:
    sizes = {f"image_{size}": str for size in (34, 44, 68, 88, 102, 132, 230)}
    names = (
        "id", "name", "domain", "email_domain", "url", "discoverable", "locale", "enterprise_id",
        "enterprise_name", "enterprise_domain",
    )  # fmt: skip
    team = (await cell.ok(GUS, "team.info"))["team"]
    require_shape(
        team, {**dict.fromkeys(names, str), "is_verified": bool, "icon": {**sizes, "image_default": bool}}
    )
    assert (team["id"], team["domain"], team["name"]) == (TEAM, "acme", "Acme")
    assert team == (await cell.ok(BOT_USER, "team.info", team=TEAM, domain="acme"))["team"]
    for other in ({"team": "T00000000000X"}, {"domain": "globex"}, {"team": TEAM, "domain": "globex"}):
        assert await cell.error(BOB, "team.info", **other) == "team_not_found"


async def test_users_have_their_shape(cell: Cell) -> None:
    require_shape((await cell.ok(ANN, "users.info", user=BOB))["user"], USER)
    without_email = {**USER, "profile": PROFILE}
    system = {name: shape for name, shape in without_email.items() if name != "enterprise_user"}
    require_shape((await cell.ok(ANN, "users.info", user="USLACKBOT"))["user"], system)
    bot_members = {"bot_id": str, "api_app_id": str, "always_active": bool}
    require_shape(
        (await cell.ok(ANN, "users.info", user=BOT_USER))["user"],
        {**system, "profile": {**PROFILE, **bot_members}},
    )
    require_shape((await cell.ok(ANN, "users.profile.get"))["profile"], {**PROFILE, "email": str})


async def test_frames_have_their_shape(cell: Cell) -> None:
    root = await cell.post(BOB, GENERAL, "x")
    await cell.post(CID, GENERAL, "y", thread_ts=root, reply_broadcast=True)
    await cell.ok(BOB, "chat.update", channel=GENERAL, ts=root, text="z")
    await cell.ok(CID, "reactions.add", channel=GENERAL, timestamp=root, name="eyes")
    await cell.ok(CID, "conversations.mark", channel=GENERAL, ts=root)
    made = (await cell.ok(BOB, "conversations.create", name="plans"))["channel"]["id"]
    await cell.ok(BOB, "conversations.invite", channel=made, users=CID)
    await cell.ok(CID, "conversations.leave", channel=made)
    await cell.ok(BOB, "conversations.open", users=CID)
    await cell.ok(BOB, "users.profile.set", profile={"title": "x"})
    in_channel = {**FRAME, "channel": str, "channel_type": str, "ts": TS}
    change = {**in_channel, "subtype": str, "hidden": bool}
    public = {name: shape for name, shape in CHANNEL.items() if name != "is_member"}
    shapes: dict[str, dict[str, Any]] = {
        "message": {**MESSAGE, **in_channel},
        "thread_broadcast": {
            **MESSAGE, **in_channel, "subtype": str, "thread_ts": TS, "parent_user_id": str, "root": dict,
        },
        "message_replied": {**change, "message": dict},
        "message_changed": {**change, "message": dict, "previous_message": dict},
        "channel_join": {**MESSAGE, **in_channel, "subtype": str},
        "channel_leave": {**MESSAGE, **in_channel, "subtype": str},
        "reaction_added": {
            **FRAME, "user": str, "reaction": str, "item_user": str,
            "item": {"type": str, "channel": str, "ts": TS},
        },
        "channel_marked": {
            **FRAME, "channel": str, "ts": TS, "unread_count": int, "unread_count_display": int,
            "num_mentions": int,
            "num_mentions_display": int,
        },
        "channel_created": {**FRAME, "channel": public},
        "channel_joined": {**FRAME, "channel": CHANNEL},
        "member_joined_channel": {**FRAME, "user": str, "channel": str, "channel_type": str, "team": str},
        "member_left_channel": {**FRAME, "user": str, "channel": str, "channel_type": str, "team": str},
        "channel_left": {**FRAME, "channel": str, "actor_id": str},
        "im_created": {**FRAME, "user": str, "channel": IM},
        "im_open": {**FRAME, "user": str, "channel": str},
        "user_change": {**FRAME, "user": {**USER, "profile": PROFILE}, "cache_ts": int},
        "user_profile_changed": {**FRAME, "user": {**USER, "profile": PROFILE}, "cache_ts": int},
    }  # fmt: skip
    seen = set()
    for _, body in cell.recorder.heard:
        name = body.get("subtype") or body["type"]
        body.pop("inviter", None)
        require_shape(body, shapes[name], name)
        seen.add(name)
    assert seen == set(shapes)
