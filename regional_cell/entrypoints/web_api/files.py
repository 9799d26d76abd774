"""`files.*`: uploading in three steps. The bytes take another way (entrypoints/gateway/file_bytes.py)."""

from typing import Any

import orjson

from accord.errors import InvalidError, NotFoundError
from accord.ids import kind_of
from regional_cell.domain.access import require_postable
from regional_cell.domain.commands.messages import NewMessage
from regional_cell.domain.content import Raw, compose
from regional_cell.entrypoints.web_api.arguments import Argument, Arguments, json_value, moment, number, text
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.method import LIST, TEXT, WORD, Method
from regional_cell.entrypoints.web_api.services import Services, caller_of, epoch_of
from regional_cell.services.files import Offer

Answer = dict[str, Any]
CHANNELS_MAX = 10
FIRST_PARTY = "xoxc"


async def get_upload_url_external(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """An address to send the bytes to, at the edge that asks."""
    offer = Offer(
        arguments["filename"],
        arguments["length"],
        arguments.get("title", ""),
        arguments.get("alt_txt") or arguments.get("alt_text", ""),
        arguments.get("snippet_type", ""),
    )
    url, file = await services.files.offer(caller_of(call), offer, call.edge.url, epoch_of(call))
    return {"upload_url": url, "file_id": file}


async def complete_upload_external(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Name the files and share them: one message with all of them for each channel."""
    caller, epoch = caller_of(call), epoch_of(call)
    titles = _titles(arguments["files"])
    channels = list(
        dict.fromkeys([*filter(None, [arguments.get("channel_id")]), *arguments.get("channels", [])])
    )
    if len(channels) > CHANNELS_MAX:
        raise InvalidError(api="channels_limit_exceeded", field="channels", why="too_many")
    composed = compose(
        Raw(text=arguments.get("initial_comment"), blocks=arguments.get("blocks")),
        first_party=caller.kind == FIRST_PARTY,
        draw_id=services.draw_word,
        text_required=False,
    )
    state = await services.commits.state(caller.resident)
    told = [channel for channel in channels if kind_of(channel) in ("C", "G", "D")]
    for channel in told:
        require_postable(state, caller, channel)
    await services.files.complete(caller, titles, told, epoch)
    files = [file for file, _ in titles]
    state = await services.commits.state(caller.resident)
    cards = await services.files.cards(state, files, call.edge.url, caller)
    # Everybody in the channel gets this copy: it does not tell where else a file is shared.
    bare = {"channels": [], "groups": [], "ims": [], "shares": {}, "is_public": False}
    objects = orjson.dumps([{**cards[file], **bare} for file in files if file in cards]).decode()
    for channel in channels:
        message = NewMessage(channel, composed.content, files=tuple(files), file_objects=objects)
        await services.messages.post_message(
            caller, message, thread_ts=arguments.get("thread_ts"), epoch=epoch
        )
    state = await services.commits.state(caller.resident)
    cards = await services.files.cards(state, files, call.edge.url, caller)
    return {"files": [cards[file] for file in files if file in cards]}


def _titles(files: Any) -> list[tuple[str, str]]:
    if not isinstance(files, list):
        raise InvalidError(field="files", why="no list")
    titles = []
    for entry in files:
        if not isinstance(entry, dict) or not isinstance(entry.get("title") or "", str):
            raise InvalidError(field="files", why="no file")
        if kind_of(str(entry.get("id"))) != "F":
            raise NotFoundError(thing="file")
        titles.append((str(entry["id"]), str(entry.get("title") or "")))
    return titles


METHODS = {
    "files.getUploadURLExternal": Method(
        get_upload_url_external, "4",
        {
            "filename": Argument(text, True, "missing_argument"),
            "length": Argument(number, True, "missing_argument", wanted="an integer"),
            "title": TEXT, "snippet_type": WORD, "alt_txt": TEXT, "alt_text": TEXT,
        },
        ("files:write",), writes=True,
    ),
    "files.completeUploadExternal": Method(
        complete_upload_external, "4",
        {
            "files": Argument(json_value, True, "missing_argument", wanted="a list of files"),
            "channel_id": WORD, "channels": LIST,
            "thread_ts": Argument(moment, malformed="invalid_thread_ts"), "initial_comment": TEXT,
            "blocks": Argument(json_value, malformed="invalid_blocks_format"),
        },
        ("files:write",), writes=True,
    ),
}  # fmt: skip
