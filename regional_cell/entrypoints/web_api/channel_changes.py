"""`conversations.*` that change a channel itself: its name, topic, purpose, and the archive."""

from typing import Any

from regional_cell.entrypoints.web_api.arguments import Argument, Arguments, text
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.method import CHANNEL, CHANNEL_WRITE, Method
from regional_cell.entrypoints.web_api.services import Services, caller_of, epoch_of

Answer = dict[str, Any]


async def rename(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Give a channel another name."""
    name = arguments["name"].strip()
    return {
        "channel": await services.channel_changes.rename(
            caller_of(call), arguments["channel"], name, epoch_of(call)
        )
    }


async def set_topic(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Say what is talked about now; empty: nothing in particular."""
    return await _set(call, arguments, services, "topic")


async def set_purpose(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Say what the channel is for; empty: nothing in particular."""
    return await _set(call, arguments, services, "purpose")


async def _set(call: ApiCall, arguments: Arguments, services: Services, field: str) -> Answer:
    channel = await services.channel_changes.set_about(
        caller_of(call), arguments["channel"], field, arguments[field], epoch_of(call)
    )
    return {"channel": channel, field: channel[field]["value"]}


async def archive(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Let nothing more be written; what is there can be read."""
    await services.channel_changes.archive(caller_of(call), arguments["channel"], epoch_of(call))
    return {}


async def unarchive(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Open an archived channel again."""
    await services.channel_changes.unarchive(caller_of(call), arguments["channel"], epoch_of(call))
    return {}


_ABOUT_WRITE = (
    *CHANNEL_WRITE,
    "mpim:write",
    "channels:write.topic",
    "groups:write.topic",
    "mpim:write.topic",
)

METHODS = {
    "conversations.rename": Method(
        rename, "2", {"channel": CHANNEL, "name": Argument(text, True, "invalid_name_required")},
        CHANNEL_WRITE, writes=True,
    ),
    "conversations.setTopic": Method(
        set_topic, "2", {"channel": CHANNEL, "topic": Argument(text, True, keeps_empty=True)},
        _ABOUT_WRITE, writes=True,
    ),
    "conversations.setPurpose": Method(
        set_purpose, "2", {"channel": CHANNEL, "purpose": Argument(text, True, keeps_empty=True)},
        _ABOUT_WRITE, writes=True,
    ),
    "conversations.archive": Method(archive, "2", {"channel": CHANNEL}, CHANNEL_WRITE, writes=True),
    "conversations.unarchive": Method(unarchive, "2", {"channel": CHANNEL}, CHANNEL_WRITE, writes=True),
}  # fmt: skip
