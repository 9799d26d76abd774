"""`admin.users.*Expiration`: when the stay of a guest ends, for admins of the workspace."""

from typing import Any

from accord.errors import NotFoundError
from regional_cell.entrypoints.web_api.arguments import Argument, Arguments, number, word
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.method import USER_KINDS, WORD, Method
from regional_cell.entrypoints.web_api.services import Services, caller_of, epoch_of

Answer = dict[str, Any]
_USER = Argument(word, True, "user_not_found", "user_not_found")
_MOMENT = Argument(number, True, "failed_to_validate_expiration", "failed_to_validate_expiration")


async def set_expiration(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Set it, in unix seconds; 0 for a stay without an end."""
    caller = caller_of(call)
    _require_own(arguments.get("team_id", caller.resident), caller.resident)
    user, expires_s = arguments["user_id"], arguments["expiration_ts"]
    await services.guests.set_expiry(caller, user, expires_s, epoch_of(call))
    return {}


async def get_expiration(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """The guest, and when the stay ends."""
    caller = caller_of(call)
    _require_own(arguments.get("target_team", caller.resident), caller.resident)
    return {"user": await services.guests.expiry(caller, arguments["user_id"])}


def _require_own(team: str, resident: str) -> None:
    if team != resident:
        raise NotFoundError(thing="team")


METHODS = {
    "admin.users.setExpiration": Method(
        set_expiration, "2", {"user_id": _USER, "expiration_ts": _MOMENT, "team_id": WORD},
        ("admin.users:write", "admin"), USER_KINDS, writes=True,
    ),
    "admin.users.getExpiration": Method(
        get_expiration, "3", {"user_id": _USER, "target_team": WORD}, ("admin.users:read", "admin"),
        USER_KINDS,
    ),
}  # fmt: skip
