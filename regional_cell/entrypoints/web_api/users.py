"""`users.*`: lists, look-ups, profiles."""

from typing import Any

from accord.errors import InvalidError
from regional_cell.entrypoints.web_api.arguments import Argument, Arguments, json_object, word
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.method import FLAG, PAGE, TEXT, USER_KINDS, WORD, Method
from regional_cell.entrypoints.web_api.services import Services, caller_of, epoch_of

Answer = dict[str, Any]
LIMIT_MAX = 1_000


async def list_(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Everybody, bots and deactivated users too, in order of creation."""
    caller = caller_of(call)
    locale = arguments.get("include_locale", False)
    limit = max(1, min(arguments["limit"], LIMIT_MAX)) if arguments.get("limit") else None
    bound = (call.method, caller.token_id)
    after = tuple(services.cursors.read(arguments["cursor"], *bound)) if arguments.get("cursor") else None
    shown, following = await services.users.page(caller, limit, after, locale=locale)
    cursor = services.cursors.make(following, *bound) if following else ""
    return {"members": shown, "cache_ts": services.users.now_s, "response_metadata": {"next_cursor": cursor}}


async def info(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """One user."""
    locale = arguments.get("include_locale", False)
    return {"user": await services.users.info(caller_of(call), arguments["user"], locale=locale)}


async def lookup_by_email(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """The active user with this address."""
    return {"user": await services.users.by_email(caller_of(call), arguments["email"])}


async def profile_get(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """A profile, the caller's own by default."""
    caller = caller_of(call)
    return {"profile": await services.users.profile(caller, arguments.get("user") or caller.user)}


async def profile_set(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Set fields of a profile: `profile` as an object, or `name` and `value`."""
    caller = caller_of(call)
    profile = arguments.get("profile")
    if profile is None and arguments.get("name"):
        profile = {arguments["name"]: arguments.get("value", "")}
    if profile is None:
        raise InvalidError(api="invalid_profile", field="profile", why="missing")
    shown, name = await services.users.set_profile(
        caller, arguments.get("user") or caller.user, profile, epoch_of(call)
    )
    return {"profile": shown, "username": name}


METHODS = {
    "users.list": Method(list_, "2", {**PAGE, "include_locale": FLAG}, ("users:read",)),
    "users.info": Method(
        info, "4", {"user": Argument(word, True, "user_not_found", "user_not_found"),
        "include_locale": FLAG},
        ("users:read",),
    ),
    "users.lookupByEmail": Method(
        lookup_by_email, "3", {"email": Argument(word, True, malformed="users_not_found")},
        ("users:read.email",)
    ),
    "users.profile.get": Method(
        profile_get, "3", {"user": WORD, "include_labels": FLAG}, ("users.profile:read", "users:read")
    ),
    "users.profile.set": Method(
        profile_set, "3",
        {
            "user": WORD, "name": WORD, "value": TEXT,
            "profile": Argument(json_object, malformed="invalid_profile"),
        },
        ("users.profile:write",), USER_KINDS, writes=True,
    ),
}  # fmt: skip
