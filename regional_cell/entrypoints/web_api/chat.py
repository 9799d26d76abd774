"""`chat.*`: posting, editing, deleting, addresses of messages."""

from typing import Any

from accord.errors import NotFoundError, WrongStateError
from accord.ids import kind_of
from regional_cell.domain.commands.messages import NewMessage
from regional_cell.domain.content import Raw, compose
from regional_cell.domain.timestamps import format_ts, parse_ts
from regional_cell.entrypoints.web_api.arguments import Argument, Arguments, moment, word
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.content import FIRST_PARTY, composed_of, linker, overrides, warned
from regional_cell.entrypoints.web_api.method import CHANNEL, CONTENT, TEXT, TS, WORD, Method
from regional_cell.entrypoints.web_api.services import Services, caller_of, epoch_of
from regional_cell.services.messages.posting import Revision, check_client_key, permalink
from regional_cell.services.messages.reading import Viewer

Answer = dict[str, Any]


async def post_message(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Post; the answer's message is the one that history will show."""
    caller = caller_of(call)
    composed = await composed_of(caller, arguments, services)
    client_msg_id = arguments.get("client_msg_id", "")
    check_client_key(client_msg_id)
    username, icons = overrides(caller, arguments)
    message = NewMessage(
        arguments["channel"],
        composed.content,
        client_msg_id=client_msg_id,
        username=username,
        icons=icons,
    )
    done = await services.messages.post_message(
        caller,
        message,
        thread_ts=arguments.get("thread_ts"),
        broadcast=arguments.get("reply_broadcast", False),
        epoch=epoch_of(call),
    )
    answer: Answer = {"channel": done.channel, "ts": format_ts(done.ts), "message": done.message}
    return answer | warned(composed)


async def post_ephemeral(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Show a message to one user of a channel, for as long as their sockets are open."""
    caller = caller_of(call)
    composed = await composed_of(caller, arguments, services)
    username, icons = overrides(caller, arguments)
    message = NewMessage(arguments["channel"], composed.content, username=username, icons=icons)
    at_us = await services.ephemeral.post(
        caller, arguments["user"], message, arguments.get("thread_ts"), epoch_of(call)
    )
    return {"message_ts": format_ts(at_us), **warned(composed)}


async def me_message(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Say what the caller does, as `/me` does."""
    caller = caller_of(call)
    if kind_of(arguments["channel"]) not in ("C", "G", "D"):
        raise NotFoundError(thing="channel")
    composed = compose(
        Raw(arguments.get("text", "")),
        first_party=caller.kind == FIRST_PARTY,
        draw_id=services.draw_word,
        truncates=False,
    )
    message = NewMessage(arguments["channel"], composed.content, subtype="me_message")
    done = await services.messages.post_message(caller, message, epoch=epoch_of(call))
    return {"channel": done.channel, "ts": format_ts(done.ts)}


async def update(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Replace the content of an own message."""
    caller = caller_of(call)
    names = ("text", "markdown_text", "blocks", "attachments", "metadata")
    raw = Raw(*(arguments.get(name) for name in names))
    said = any(name in arguments for name in names) or arguments.get("reply_broadcast", False)
    composed = compose(
        raw,
        first_party=caller.kind == FIRST_PARTY,
        draw_id=services.draw_word,
        link=await linker(caller, arguments, services),
        truncates=False,
        text_required=not said or ("text" in arguments and not arguments["text"].strip()),
    )
    content = composed.content
    revision = Revision(
        content.text if "text" in arguments or "markdown_text" in arguments else None,
        content.blocks if "blocks" in arguments else None,
        content.attachments if "attachments" in arguments else None,
        content.metadata if arguments.get("metadata") is not None else None,
        arguments.get("reply_broadcast", False),
    )
    try:
        message = await services.messages.update(
            caller, arguments["channel"], arguments["ts"], revision, epoch_of(call)
        )
    except WrongStateError:
        raise WrongStateError(api="is_inactive", state="archived") from None
    return {
        "channel": arguments["channel"],
        "ts": format_ts(arguments["ts"]),
        "text": message["text"],
        "message": message,
    }


async def delete(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Delete an own message, or as an admin anybody's."""
    await services.messages.delete(caller_of(call), arguments["channel"], arguments["ts"], epoch_of(call))
    return {"channel": arguments["channel"], "ts": format_ts(arguments["ts"])}


async def get_permalink(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """The address of a message below the workspace's address."""
    channel, ts = arguments["channel"], arguments["message_ts"]
    message = await services.reader.one(Viewer(caller_of(call)), channel, ts)
    return {"channel": channel, "permalink": permalink_of(call, channel, ts, message)}


def permalink_of(call: ApiCall, channel: str, ts: int, message: dict[str, Any]) -> str:
    """The address of a message object."""
    root = parse_ts(message.get("thread_ts", "")) if message.get("thread_ts") != message["ts"] else None
    return permalink(f"{call.edge.url}/", channel, ts, root)


_FACE = {"username": WORD, "icon_emoji": WORD, "icon_url": WORD}
METHODS = {
    "chat.postMessage": Method(
        post_message, "post",
        {
            "channel": CHANNEL, **CONTENT, "thread_ts": Argument(moment, malformed="invalid_timestamp"),
            "client_msg_id": WORD, **_FACE,
        },
        ("chat:write",), writes=True, deduplicates=True,
    ),
    "chat.postEphemeral": Method(
        post_ephemeral, "4",
        {
            "channel": CHANNEL, "user": Argument(word, True, "user_not_in_channel", "user_not_in_channel"),
            **CONTENT, "thread_ts": Argument(moment, malformed="invalid_timestamp"), **_FACE,
        },
        ("chat:write",), writes=True, deduplicates=True,
    ),
    "chat.meMessage": Method(
        me_message, "3", {"channel": CHANNEL, "text": TEXT}, ("chat:write",), writes=True, deduplicates=True
    ),
    "chat.update": Method(
        update, "3", {"channel": CHANNEL, "ts": TS, **CONTENT}, ("chat:write",), writes=True
    ),
    "chat.delete": Method(delete, "3", {"channel": CHANNEL, "ts": TS}, ("chat:write",), writes=True),
    "chat.getPermalink": Method(
        get_permalink, "plain",
        {"channel": CHANNEL, "message_ts": Argument(moment, True, malformed="message_not_found")},
    ),
}  # fmt: skip
