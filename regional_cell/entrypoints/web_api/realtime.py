"""`rtm.*` and `ext.sessions.*`: opening sockets, and the caller's own sign-ins."""

from typing import Any

from accord.errors import NotFoundError
from regional_cell.entrypoints.web_api.arguments import Argument, Arguments, word
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.method import FLAG, USER_KINDS, Method
from regional_cell.entrypoints.web_api.services import Services, caller_of

Answer = dict[str, Any]
SESSION = "xoxc"


async def rtm_connect(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """The address of a socket: a ticket for this edge, for one use within 30 s."""
    caller = caller_of(call)
    state = await services.commits.state(caller.resident)
    workspace = (state.row("workspaces") or {}).get("content") or {}
    user = (state.row("users", caller.user) or {}).get("content") or {}
    ticket = services.sessions.socket_ticket(
        caller, call.edge.name, batched=arguments.get("batch_presence_aware", False)
    )
    return {
        "url": f"{call.edge.socket_url}/rtm/{ticket}",
        "self": {"id": caller.user, "name": user.get("name", "")},
        "team": {
            "id": caller.resident,
            "name": workspace.get("name", ""),
            "domain": workspace.get("slug", ""),
        },
    }


async def sessions_list(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """The caller's sign-ins to this workspace that are still good."""
    caller = caller_of(call)
    state = await services.commits.state(caller.resident)
    sessions = [
        {
            "id": key[0],
            "device": row["device"] or "",
            "created": row["created_s"],
            "expires": row["expires_s"] or 0,
            "current": key[0] == caller.token_id,
        }
        for key, row in state.rows["tokens"].items()
        if row["kind"] == SESSION and row["user"] == caller.user and row["state"] == "active"
    ]
    return {"sessions": sorted(sessions, key=lambda session: (session["created"], session["id"]))}


async def sessions_revoke(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """End one of the caller's own sign-ins; its sockets close."""
    caller = caller_of(call)
    state = await services.commits.state(caller.resident)
    row = state.row("tokens", arguments["session"])
    if row is None or row["kind"] != SESSION or row["user"] != caller.user or row["state"] != "active":
        raise NotFoundError(thing="session")
    await services.sessions.revoke(caller.resident, arguments["session"], "signed out", caller.user)
    return {}


METHODS = {
    "rtm.connect": Method(rtm_connect, "1", {"batch_presence_aware": FLAG, "presence_sub": FLAG}),
    "ext.sessions.list": Method(sessions_list, "3", {}, kinds=USER_KINDS),
    "ext.sessions.revoke": Method(
        sessions_revoke, "3", {"session": Argument(word, True)}, kinds=USER_KINDS, writes=True
    ),
}  # fmt: skip
