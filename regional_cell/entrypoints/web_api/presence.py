"""`users.getPresence` and `users.setPresence`: who is there."""

from typing import Any

from accord.errors import InvalidError
from regional_cell.entrypoints.web_api.arguments import Argument, Arguments, word
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.method import WORD, Method
from regional_cell.entrypoints.web_api.services import Services, caller_of

Answer = dict[str, Any]
WORDS = {"auto": False, "away": True}


async def get_presence(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Whether a user, the caller by default, is there; of the caller also why."""
    caller = caller_of(call)
    user = arguments.get("user") or caller.user
    facts = await services.presence.of(caller, user)
    answer: Answer = {"presence": facts.presence}
    if user == caller.user:
        online = facts.sockets > 0
        answer |= {
            "online": online, "auto_away": online and facts.idle, "manual_away": facts.manual_away,
            "connection_count": facts.sockets, "last_activity": facts.active_s,
        }  # fmt: skip
    return answer


async def set_presence(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Say to be away, or to be as the open sockets say."""
    if arguments["presence"] not in WORDS:
        raise InvalidError(api="invalid_presence", field="presence", why="unknown")
    services.presence.set_away(caller_of(call), WORDS[arguments["presence"]])
    return {}


METHODS = {
    "users.getPresence": Method(get_presence, "3", {"user": WORD}, ("users:read",)),
    "users.setPresence": Method(
        set_presence, "2", {"presence": Argument(word, True, "invalid_presence", "invalid_presence")},
        ("users:write",), writes=True,
    ),
}  # fmt: skip
