"""`api.*` and `auth.*`."""

from typing import Any

from accord.errors import InvalidError
from regional_cell.entrypoints.web_api.answers import RefusedWithMembersError
from regional_cell.entrypoints.web_api.arguments import Arguments
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.method import FLAG, Method
from regional_cell.entrypoints.web_api.services import Services, caller_of, epoch_of

Answer = dict[str, Any]
ERROR_CHARS_MAX = 200


async def api_test(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Echoes every argument; `error` is answered as the error code."""
    echoed = dict(arguments["*"])
    if code := echoed.get("error", "")[:ERROR_CHARS_MAX]:
        raise RefusedWithMembersError(InvalidError(api=code), {"args": echoed})
    return {"args": echoed}


async def auth_test(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Who the token stands for."""
    caller = caller_of(call)
    state = await services.commits.state(caller.resident)
    workspace = state.row("workspaces") or {}
    user = state.row("users", caller.user) or {}
    answer: Answer = {
        "url": f"{call.edge.url}/",
        "team": (workspace.get("content") or {}).get("name", ""),
        "user": (user.get("content") or {}).get("name", ""),
        "team_id": caller.resident,
        "user_id": caller.user,
        "is_enterprise_install": False,
    }
    if caller.is_bot:
        answer["bot_id"] = caller.bot
    if organisation := workspace.get("organisation"):
        answer["enterprise_id"] = organisation
    return answer


async def auth_revoke(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """End the token that is shown; its sockets close. With `test` nothing happens."""
    caller = caller_of(call)
    if arguments.get("test", False):
        return {"revoked": False}
    why, epoch = "revoked by its owner", epoch_of(call)
    await services.tokens.revoke(caller.resident, caller.token_id, why, caller.user, epoch)
    return {"revoked": True}


METHODS = {
    "api.test": Method(api_test, "plain", {}, kinds=frozenset()),
    "auth.test": Method(auth_test, "plain", {}),
    "auth.revoke": Method(auth_revoke, "3", {"test": FLAG}, writes=True, organisations=True),
}  # fmt: skip
