"""`ext.webhooks.*`: incoming webhooks, for admins."""

from typing import Any

from regional_cell.domain.changes import Row
from regional_cell.entrypoints.web_api.arguments import Argument, Arguments, word
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.method import CHANNEL, USER_KINDS, Method
from regional_cell.entrypoints.web_api.services import Services, caller_of, epoch_of

Answer = dict[str, Any]
SCOPES = ("admin",)


async def create(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """A fresh one; its address is told here and never again."""
    caller = caller_of(call)
    app, channel = arguments["app"], arguments["channel"]
    made = await services.webhooks.create(caller.resident, caller, app, channel, epoch_of(call))
    state = await services.commits.state(caller.resident)
    shown = _shown(made.webhook, state.rows["webhooks"][(made.webhook,)])
    return {"webhook": {**shown, "url": f"{call.edge.url}{made.path}"}}


async def list_(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Those that are open, oldest first, without their addresses."""
    return {"webhooks": [_shown(*each) for each in await services.webhooks.open_ones(caller_of(call))]}


async def remove(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """End one: its address posts nothing more."""
    caller = caller_of(call)
    await services.webhooks.remove(caller.resident, caller, arguments["webhook"], epoch_of(call))
    return {}


def _shown(webhook: str, row: Row) -> Answer:
    return {
        "id": webhook, "app_id": row["app"], "bot_id": row["bot"], "channel": row["channel"],
        "creator": row["creator"], "created": row["created_s"],
    }  # fmt: skip


METHODS = {
    "ext.webhooks.create": Method(
        create, "2", {"app": Argument(word, True, "app_not_found", "app_not_found"), "channel": CHANNEL},
        SCOPES, USER_KINDS, writes=True,
    ),
    "ext.webhooks.list": Method(list_, "2", {}, SCOPES, USER_KINDS),
    "ext.webhooks.remove": Method(
        remove, "2", {"webhook": Argument(word, True, "webhook_not_found", "webhook_not_found")}, SCOPES,
        USER_KINDS, writes=True,
    ),
}  # fmt: skip
