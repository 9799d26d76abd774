"""`reactions.*` on messages."""

from typing import Any

from accord.errors import InvalidError, NotFoundError
from regional_cell.domain.callers import Caller
from regional_cell.domain.timestamps import parse_ts
from regional_cell.entrypoints.web_api.arguments import Argument, Arguments, word
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.chat import permalink_of
from regional_cell.entrypoints.web_api.method import FLAG, NUMBER, WORD, Method
from regional_cell.entrypoints.web_api.paging import numbered, paging
from regional_cell.entrypoints.web_api.services import Services, caller_of, epoch_of
from regional_cell.services.messages.reading import Viewer

Answer = dict[str, Any]


async def add(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """React to a message."""
    channel, ts = _item(arguments)
    await services.reactions.add(caller_of(call), channel, ts, arguments["name"], epoch_of(call))
    return {}


async def remove(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Take one's reaction back."""
    channel, ts = _item(arguments)
    await services.reactions.remove(caller_of(call), channel, ts, arguments["name"], epoch_of(call))
    return {}


async def list_(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Messages that a user, the caller by default, reacted to; the newest reaction first."""
    caller = caller_of(call)
    user = arguments.get("user") or caller.user
    count, page = numbered(arguments)
    bound = (call.method, caller.token_id, user)
    before_us = services.cursors.read(arguments["cursor"], *bound) if arguments.get("cursor") else None
    offset = 0 if before_us is not None else (page - 1) * count
    total, found = await services.reactions.of_user(
        caller, user, before_us=before_us, limit=count + 1, offset=offset
    )
    viewer = Viewer(caller, call.edge.url, full=arguments.get("full", False))
    listed = await services.reader.listed(viewer, [(channel, ts) for _, channel, ts in found[:count]])
    items = []
    for channel, message in listed:
        message["permalink"] = permalink_of(call, channel, parse_ts(message["ts"]) or 0, message)
        items.append({"type": "message", "channel": channel, "message": message})
    following = services.cursors.make(found[count - 1][0], *bound) if len(found) > count else ""
    return {
        "items": items,
        "paging": paging(count, page, total),
        "response_metadata": {"next_cursor": following},
    }


async def get(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """A message with its reactions; `full` names everybody who reacted."""
    channel, ts = _item(arguments)
    caller: Caller = caller_of(call)
    viewer = Viewer(caller, call.edge.url, full=arguments.get("full", False))
    message = await services.reader.one(viewer, channel, ts)
    message["permalink"] = permalink_of(call, channel, ts, message)
    return {"type": "message", "channel": channel, "message": message}


def _item(arguments: Arguments) -> tuple[str, int]:
    """The message that is meant. Reactions to files are not kept, so no file is found."""
    channel, timestamp = arguments.get("channel"), arguments.get("timestamp")
    if not channel or not timestamp:
        if arguments.get("file") or arguments.get("file_comment"):
            raise NotFoundError(thing="file")
        raise InvalidError(api="no_item_specified", field="timestamp", why="missing")
    ts = parse_ts(timestamp.strip())
    if ts is None:
        raise InvalidError(api="bad_timestamp", field="timestamp", why="malformed")
    return channel, ts


_REACTION = {
    "channel": WORD, "timestamp": WORD, "file": WORD, "file_comment": WORD,
    "name": Argument(word, True, "invalid_name", "invalid_name"),
}  # fmt: skip
METHODS = {
    "reactions.add": Method(add, "3", _REACTION, ("reactions:write",), writes=True),
    "reactions.remove": Method(remove, "2", _REACTION, ("reactions:write",), writes=True),
    "reactions.get": Method(
        get, "3",
        {"channel": WORD, "timestamp": WORD, "file": WORD, "file_comment": WORD, "full": FLAG},
        ("reactions:read",),
    ),
    "reactions.list": Method(
        list_, "2",
        {
            "user": WORD, "full": FLAG, "cursor": WORD, "limit": NUMBER, "count": NUMBER, "page": NUMBER,
        },
        ("reactions:read",),
    ),
}  # fmt: skip
