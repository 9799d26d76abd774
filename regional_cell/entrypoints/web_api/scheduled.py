"""`chat.scheduleMessage` and what belongs to it: messages for later."""

from typing import Any

from regional_cell.entrypoints.web_api.arguments import Argument, Arguments, moment, number, word
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.content import composed_of, warned
from regional_cell.entrypoints.web_api.method import CHANNEL, CONTENT, LATEST, OLDEST, PAGE, WORD, Method
from regional_cell.entrypoints.web_api.services import Services, caller_of, epoch_of
from regional_cell.services.scheduled import Wanted

Answer = dict[str, Any]
LIMIT_DEFAULT = 100
LIMIT_MAX = 1_000


async def schedule_message(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Take in a message that is posted later, as the caller."""
    caller = caller_of(call)
    composed = await composed_of(caller, arguments, services)
    name, channel, message = await services.scheduled.schedule(
        caller,
        arguments["channel"],
        composed.content,
        arguments["post_at"],
        thread_ts=arguments.get("thread_ts"),
        broadcast=arguments.get("reply_broadcast", False),
        epoch=epoch_of(call),
    )
    answer: Answer = {
        "scheduled_message_id": name,
        "channel": channel,
        "post_at": arguments["post_at"],
        "message": message,
    }
    return answer | warned(composed)


async def delete_scheduled_message(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Take an own message back before it is posted."""
    await services.scheduled.take_back(
        caller_of(call), arguments["channel"], arguments["scheduled_message_id"], epoch_of(call)
    )
    return {}


async def list_(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """The caller's own messages that wait, the next one first."""
    caller, channel = caller_of(call), arguments.get("channel", "")
    oldest, latest = arguments.get("oldest"), arguments.get("latest")
    limit = max(1, min(arguments.get("limit", LIMIT_DEFAULT), LIMIT_MAX))
    bound = (call.method, caller.token_id, channel, oldest, latest)
    after = tuple(services.cursors.read(arguments["cursor"], *bound)) if arguments.get("cursor") else None
    wanted = Wanted(
        channel,
        -(-oldest // 1_000_000) if oldest is not None else None,
        latest // 1_000_000 if latest is not None else None,
    )
    shown, following = await services.scheduled.page(caller, wanted, limit, after)
    cursor = services.cursors.make(following, *bound) if following else ""
    return {"scheduled_messages": shown, "response_metadata": {"next_cursor": cursor}}


METHODS = {
    "chat.scheduleMessage": Method(
        schedule_message, "3",
        {
            "channel": CHANNEL, "post_at": Argument(number, True, "invalid_time", "invalid_time"), **CONTENT,
            "thread_ts": Argument(moment, malformed="invalid_timestamp"),
        },
        ("chat:write",), writes=True, deduplicates=True,
    ),
    "chat.deleteScheduledMessage": Method(
        delete_scheduled_message, "3",
        {
            "channel": CHANNEL,
            "scheduled_message_id": Argument(
                word, True, "invalid_scheduled_message_id", "invalid_scheduled_message_id"
            ),
        },
        ("chat:write",), writes=True,
    ),
    "chat.scheduledMessages.list": Method(
        list_, "3", {**PAGE, "channel": WORD, "oldest": OLDEST, "latest": LATEST}
    ),
}  # fmt: skip
