"""`rtm.*`: opening sockets."""

from typing import Any

from regional_cell.entrypoints.web_api.arguments import Arguments
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.method import FLAG, Method
from regional_cell.entrypoints.web_api.services import Services, caller_of

Answer = dict[str, Any]


async def rtm_connect(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """The address of a socket: a ticket for this edge, for one use within 30 s."""
    caller = caller_of(call)
    state = await services.commits.state(caller.resident)
    workspace = (state.row("workspaces") or {}).get("content") or {}
    user = (state.row("users", caller.user) or {}).get("content") or {}
    ticket = services.tokens.socket_ticket(
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


METHODS = {
    "rtm.connect": Method(rtm_connect, "1", {"batch_presence_aware": FLAG, "presence_sub": FLAG}),
}
