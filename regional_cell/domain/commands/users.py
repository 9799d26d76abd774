"""The profile card of a user in a workspace: who may change which fields."""

from collections.abc import Mapping
from typing import Any

from accord.errors import ForbiddenError, InvalidError, NotFoundError
from regional_cell.domain.callers import Caller
from regional_cell.domain.decisions import Decided
from regional_cell.domain.events import Draft
from regional_cell.domain.objects.users import STATUS_FIELDS
from regional_cell.domain.roles import ADMINS
from regional_cell.domain.state import State

FIELDS: dict[str, int] = {
    "title": 250, "phone": 80, "skype": 80, "real_name": 80, "display_name": 80, "first_name": 80,
    "last_name": 80,
    "pronouns": 80, "status_text": 100, "status_emoji": 110,
}  # fmt: skip
"""Fields of a card that users set, with their length in characters."""

RESERVED_NAMES = frozenset({"slackbot", "here", "channel", "everyone", "group"})
EXPIRATION_S_MAX = 10_000_000_000


def check_fields(profile: Mapping[str, Any]) -> dict[str, Any]:
    """The fields to set; unknown ones are left out. Raises InvalidError `invalid_profile`, `too_long`,
    `reserved_name`.
    """
    fields: dict[str, Any] = {}
    for name, value in profile.items():
        if name == "status_expiration":
            fields[name] = _expiration(value)
        elif name in FIELDS:
            if not isinstance(value, str):
                raise InvalidError(api="invalid_profile", field=name, why=f"{name} must be a string")
            if len(value) > FIELDS[name]:
                raise InvalidError(api="too_long", field=name, why=f"{name} is too long")
            fields[name] = value.strip()
    if fields.get("display_name", "").lower() in RESERVED_NAMES:
        raise InvalidError(api="reserved_name", field="display_name", why="reserved")
    if "real_name" not in fields and ("first_name" in fields or "last_name" in fields):
        fields["real_name"] = " ".join(filter(None, (fields.get("first_name"), fields.get("last_name"))))
    if fields.get("status_text") == "" and fields.get("status_emoji", "") == "":
        fields.setdefault("status_expiration", 0)
    return fields


def _expiration(value: Any) -> int:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdigit() and int(text[:12]) <= EXPIRATION_S_MAX and len(text) <= 11):
        raise InvalidError(
            api="invalid_profile", field="status_expiration", why="status_expiration must be unix seconds"
        )
    return int(text)


def set_profile(state: State, caller: Caller, user: str, fields: Mapping[str, Any]) -> Decided:
    """Raises NotFoundError `user_not_found`, ForbiddenError `not_admin` `cannot_update_admin_user`."""
    row = state.row("users", user)
    if user != caller.user and caller.role not in ADMINS:
        raise ForbiddenError(api="not_admin")
    if row is None or row["deleted"]:
        raise NotFoundError(thing="user")
    if user != caller.user and row["role"] in ADMINS and caller.role == "admin":
        raise ForbiddenError(api="cannot_update_admin_user")
    content = row.get("content") or {}
    changed = {name: value for name, value in fields.items() if content.get(name) != value}
    if not changed:
        return Decided(())
    # One topic entry per frame: user_change, user_profile_changed and, for a status, user_status_changed.
    frames = 3 if STATUS_FIELDS & set(changed) else 2
    draft = Draft("CardUpdated", {"user": user, "fields": changed}, (state.resident,) * frames)
    return Decided((draft,), structural=True)
