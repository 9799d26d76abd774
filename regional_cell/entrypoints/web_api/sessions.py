"""`ext.sessions.*`: the caller's own sign-ins, in whatever workspaces they are good."""

from collections.abc import Iterable
from typing import Any

from accord.errors import InvalidError
from regional_cell.entrypoints.web_api.arguments import Argument, Arguments, word
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.method import FLAG, ORDERS, USER_KINDS, Method
from regional_cell.entrypoints.web_api.services import Services, caller_of, epoch_of
from regional_cell.ports.identity import Order

Answer = dict[str, Any]


async def list_(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """The caller's sign-ins, the oldest first. `complete` is false where the caller is at home in another
    cell: then these are the sign-ins to this workspace.
    """
    sessions, complete = await services.sessions.listed(caller_of(call))
    rows = [
        {
            "id": session.id, "device": session.device, "created": session.opened_s,
            "expires": session.expires_s, "current": session.current,
        }
        for session in sessions
    ]  # fmt: skip
    return {"sessions": rows, "complete": complete}


async def revoke(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """End one of the caller's sign-ins, or with `others` all but this one, in every workspace."""
    caller, others = caller_of(call), arguments.get("others", False)
    if others == ("session" in arguments):
        raise InvalidError(field="session", faults="missing required field: session, or others")
    if others:
        orders = await services.sessions.revoke_others(caller, epoch_of(call))
    else:
        orders = await services.sessions.revoke(caller, arguments["session"], epoch_of(call))
    return {ORDERS: orders_of(orders)}


def orders_of(orders: Iterable[Order]) -> list[dict[str, str]]:
    """Orders as edges read them."""
    return [{"resident": each.resident, "door": each.door, "identity": each.identity} for each in orders]


METHODS = {
    "ext.sessions.list": Method(list_, "3", {}, ("users.profile:read",), USER_KINDS),
    "ext.sessions.revoke": Method(
        revoke, "3", {"session": Argument(word), "others": FLAG}, ("users.profile:write",), USER_KINDS,
        writes=True,
    ),
}  # fmt: skip
