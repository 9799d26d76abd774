"""Users, profiles and bots as the API shows them, and the system user that exists in every workspace.

E-mail addresses appear for callers who may see them and never in frames.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from accord.ids import USLACKBOT
from regional_cell.domain.changes import Row
from regional_cell.domain.events import Event
from regional_cell.domain.state import State
from regional_cell.domain.timestamps import format_ts

Object = dict[str, Any]

DEFAULT_ZONE = "UTC"
DEFAULT_LOCALE = "en-US"
_COLORS = ("9f69e7", "4bbe2e", "e7392d", "3c989f", "674b1b", "e96699", "e0a729", "684b6c", "5b89d5", "2b6836")
_IMAGE_SIZES = (24, 32, 48, 72, 192, 512)
_ICON_SIZES = (36, 48, 72)
_SYSTEM_ROW: Row = {
    "person": "", "role": "member", "app": "", "bot": "", "deleted": 0, "created_s": 0, "updated_s": 0,
    "content": {"name": "slackbot", "real_name": "Slackbot", "display_name": "Slackbot"},
}  # fmt: skip
STATUS_FIELDS = frozenset({"status_text", "status_emoji", "status_expiration"})


def user_row(state: State, user: str) -> Row | None:
    """The row of a user; a constant for the system user."""
    return _SYSTEM_ROW if user == USLACKBOT else state.row("users", user)


def user_object(
    state: State, user: str, row: Row, at_s: int, *, email: bool = False, locale: bool = False
) -> Object:
    """A user. `at_s` is the time for which offsets from UTC are told; `locale` adds that member."""
    content, role = row.get("content") or {}, row["role"]
    shown: Object = {
        "id": user,
        "team_id": state.resident,
        "name": content.get("name", ""),
        "deleted": bool(row["deleted"]),
    }
    profile = profile_object(state.resident, user, row, email=email)
    if row["deleted"]:
        return {**shown, "profile": profile, "is_bot": bool(row["bot"]), "is_app_user": False,
        "is_owner": False,
                "is_admin": False, "updated": row["updated_s"]}  # fmt: skip
    zone = content.get("tz") or DEFAULT_ZONE
    label, offset_s = _zone(zone, at_s // 3_600)
    owner = role in ("owner", "primary_owner")
    shown |= {
        "color": _color(user), "real_name": profile["real_name"],
        "tz": zone, "tz_label": label, "tz_offset": offset_s, "profile": profile,
        "is_admin": owner or role == "admin", "is_owner": owner, "is_primary_owner": role == "primary_owner",
        "is_restricted": role in ("guest", "single_channel_guest"),
        "is_ultra_restricted": role == "single_channel_guest",
        "is_bot": bool(row["bot"]), "is_app_user": False, "is_email_confirmed": bool(content.get("email")),
        "has_2fa": False, "updated": row["updated_s"], "who_can_share_contact_card": "EVERYONE",
    }  # fmt: skip
    if locale:
        shown["locale"] = content.get("locale") or DEFAULT_LOCALE
    if (enterprise := _enterprise_user(state, user, row)) is not None:
        shown["enterprise_user"] = enterprise
    return shown


def profile_object(team: str, user: str, row: Row, *, email: bool = False) -> Object:
    """A profile; images are empty texts where no picture was set."""
    content = row.get("content") or {}
    real_name = content.get("real_name") or content.get("name", "")
    display_name = content.get("display_name", "")
    first, _, last = real_name.partition(" ")
    shown: Object = {
        "title": content.get("title", ""), "phone": content.get("phone", ""), "skype": content.get("skype",
        ""),
        "real_name": real_name, "real_name_normalized": real_name,
        "display_name": display_name, "display_name_normalized": display_name,
        "first_name": content.get("first_name") or first,
        "last_name": content.get("last_name") or last.strip(),
        "status_text": content.get("status_text", ""), "status_emoji": content.get("status_emoji", ""),
        "status_emoji_display_info": [], "status_expiration": content.get("status_expiration", 0),
        "status_text_canonical": "", "avatar_hash": _avatar_hash(user), "team": team, "fields": {},
        **{f"image_{size}": "" for size in _IMAGE_SIZES},
    }  # fmt: skip
    if pronouns := content.get("pronouns"):
        shown["pronouns"] = pronouns
    if email and content.get("email"):
        shown["email"] = content["email"]
    if row["bot"]:
        shown |= {"bot_id": row["bot"], "api_app_id": row["app"], "always_active": True}
    return shown


def bot_profile(state: State, bot: str, app: str) -> Object | None:
    """The card of a bot that stands on its messages."""
    row = state.row("apps", app)
    if row is None:
        return None
    return {
        "id": bot, "app_id": app, "user_id": row["bot_user"], "name": (row.get("content") or {}).get("name",
        ""),
        "icons": {f"image_{size}": "" for size in _ICON_SIZES}, "deleted": bool(row["deleted"]),
        "updated": row["updated_s"], "team_id": state.resident,
    }  # fmt: skip


def _enterprise_user(state: State, user: str, row: Row) -> Object | None:
    workspace = state.row("workspaces")
    if workspace is None or not workspace.get("organisation") or row["bot"] or user == USLACKBOT:
        return None
    content: Mapping[str, Any] = row.get("content") or {}
    teams = [
        state.resident,
        *(team for team in content.get("linked_workspaces", []) if team != state.resident),
    ]
    owner = row["role"] in ("owner", "primary_owner")
    return {
        "id": user, "enterprise_id": workspace["organisation"],
        "enterprise_name": (workspace.get("content") or {}).get("organisation_name", ""),
        "is_admin": owner or row["role"] == "admin", "is_owner": owner,
        "is_primary_owner": row["role"] == "primary_owner", "teams": teams,
    }  # fmt: skip


@lru_cache(maxsize=1_000)
def _zone(name: str, hour: int) -> tuple[str, int]:
    try:
        local = datetime.fromtimestamp(hour * 3_600, UTC).astimezone(ZoneInfo(name))
    except (ValueError, OSError):  # a zone this machine does not know (ZoneInfoNotFoundError is a KeyError)
        return name, 0
    except KeyError:
        return name, 0
    offset = local.utcoffset()
    return local.tzname() or name, int(offset.total_seconds()) if offset else 0


@lru_cache(maxsize=10_000)
def _color(user: str) -> str:
    return _COLORS[hashlib.sha256(user.encode()).digest()[0] % len(_COLORS)]


@lru_cache(maxsize=10_000)
def _avatar_hash(user: str) -> str:
    return hashlib.sha256(b"avatar/" + user.encode()).hexdigest()[:12]


# ------------------------------------------------------------------------------------------- frames


def _change_frames(event: Event, state: State) -> list[Object | None]:
    names = ["user_change"]
    if event.kind == "CardUpdated":
        names.append("user_profile_changed")
        if STATUS_FIELDS & set(event.payload["fields"]):
            names.append("user_status_changed")
    user, at_s = event.payload["user"], event.at_us // 1_000_000
    row = user_row(state, user)
    if row is None:
        return [None] * len(event.topics)
    shown, ts = user_object(state, user, row, at_s), format_ts(event.at_us)
    bodies: list[Object | None] = [
        {"type": name, "user": shown, "cache_ts": at_s, "event_ts": ts} for name in names
    ]
    return (bodies + [None] * len(event.topics))[: len(event.topics)]


def _joined_frames(event: Event, state: State) -> list[Object | None]:
    user = event.payload["user"]
    row = user_row(state, user)
    if row is None:
        return [None] * len(event.topics)
    shown = user_object(state, user, row, event.at_us // 1_000_000)
    body: Object = {"type": "team_join", "user": shown, "event_ts": format_ts(event.at_us)}
    return [body if index == 0 else None for index in range(len(event.topics))]


FRAMES: dict[str, Callable[[Event, State], list[Object | None]]] = {
    "UserJoined": _joined_frames,
    **dict.fromkeys(("CardUpdated", "UserRoleSet", "UserDeactivated", "UserReactivated"), _change_frames),
}
