"""`files.*`: uploading in three steps, looking, deleting.

The bytes take another way (entrypoints/gateway/file_bytes.py).
"""

from typing import Any

import orjson

from accord.errors import InvalidError, NotFoundError
from accord.ids import kind_of
from regional_cell.domain.access import require_postable, sight_of
from regional_cell.domain.commands.messages import NewMessage
from regional_cell.domain.content import Raw, compose
from regional_cell.entrypoints.web_api.arguments import (
    Argument,
    Arguments,
    bound,
    json_value,
    moment,
    number,
    text,
    word,
)
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.method import FLAG, LIST, NUMBER, TEXT, WORD, Method
from regional_cell.entrypoints.web_api.paging import numbered, paging
from regional_cell.entrypoints.web_api.services import Services, caller_of, epoch_of
from regional_cell.ports.views import FilesWanted
from regional_cell.services.files import Offer

Answer = dict[str, Any]
CHANNELS_MAX = 10
# What the API calls a type, and the category behind it; nothing here makes posts or documents of others.
TYPES = {
    "images": "images", "snippets": "snippets", "pdfs": "pdfs", "zips": "zips", "spaces": "none",
    "gdocs": "none",
}  # fmt: skip
_FILE = Argument(word, True, "file_not_found", "file_not_found")
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


async def info(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """One file; of a text also what it says."""
    card, content, cut = await services.files.info(caller_of(call), arguments["file"], call.edge.url)
    answer: Answer = {"file": card, "comments": [], "response_metadata": {"next_cursor": ""}}
    return answer if content is None else {**answer, "content": content, "is_truncated": cut}


async def list_(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Files that the caller may see, the newest first."""
    caller = caller_of(call)
    count, page = numbered(arguments)
    oldest, latest = arguments.get("ts_from"), arguments.get("ts_to")
    wanted = FilesWanted(
        sight_of(caller),
        arguments.get("channel", ""),
        arguments.get("user", ""),
        -(-oldest // 1_000_000) if oldest is not None else None,
        latest // 1_000_000 if latest is not None else None,
        _categories(arguments.get("types", [])),
    )
    total, files = await services.files.page(caller, wanted, count, (page - 1) * count, call.edge.url)
    return {"files": files, "paging": paging(count, page, total)}


async def delete(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Delete an own file, or as an admin anybody's."""
    await services.files.delete(caller_of(call), arguments["file"], epoch_of(call))
    return {}


def _categories(types: list[str]) -> tuple[str, ...] | None:
    """Categories that the words of the API name; None: all."""
    if not set(types) <= {*TYPES, "all"}:
        raise InvalidError(api="unknown_type", field="types", why="unknown type")
    if not types or "all" in types:
        return None
    return tuple(sorted({TYPES[name] for name in types}))


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
    "files.info": Method(
        info, "4", {"file": _FILE, "cursor": WORD, "limit": NUMBER, "count": NUMBER, "page": NUMBER},
        ("files:read",),
    ),
    "files.list": Method(
        list_, "3",
        {
            "channel": WORD, "user": WORD, "types": LIST, "count": NUMBER, "page": NUMBER,
            "ts_from": Argument(bound, wanted="a timestamp"), "ts_to": Argument(bound, wanted="a timestamp"),
            "show_files_hidden_by_limit": FLAG,
        },
        ("files:read",),
    ),
    "files.delete": Method(delete, "3", {"file": _FILE}, ("files:write",), writes=True),
}  # fmt: skip
