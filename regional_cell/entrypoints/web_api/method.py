"""A method of the API as data: what it takes and who may call it, and the arguments that several have.

The rows stand at the end of the module of their handlers; `methods` gathers them.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from regional_cell.entrypoints.web_api.arguments import (
    Argument,
    Arguments,
    bound,
    flag,
    json_object,
    json_value,
    listed,
    moment,
    number,
    text,
    word,
)
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.services import Services

Handler = Callable[[ApiCall, Arguments, Services], Awaitable[dict[str, Any]]]

USER_KINDS = frozenset({"xoxp", "xoxc", "xoxe.xoxp"})
# A member of what a handler gives that is not for the client: what the edge is to carry to other cells.
ORDERS, ORDERS_HEADER = "orders", "x-orders"
BOT_KINDS = frozenset({"xoxb", "xoxe.xoxb"})
PEOPLE_AND_BOTS = USER_KINDS | BOT_KINDS


@dataclass(frozen=True, slots=True)
class Method:
    """One method.

    Attributes:
        tier: of the rate limits: `1` to `4`, `post`, `plain`.
        scopes: any of them opens it; empty: none is needed. Sessions of our own clients need none.
        kinds: of tokens; empty: no token is needed.
        writes: whether an answer that did not come leaves open what happened.
        deduplicates: whether a request whose answer was lost is answered again, not done again.
        organisations: whether a token of an organisation calls it for itself, naming no workspace.
    """

    handler: Handler
    tier: str
    arguments: Mapping[str, Argument]
    scopes: tuple[str, ...] = ()
    kinds: frozenset[str] = PEOPLE_AND_BOTS
    writes: bool = False
    deduplicates: bool = False
    organisations: bool = False


TEXT = Argument(text, keeps_empty=True)
WORD = Argument(word)
FLAG = Argument(flag, wanted="a boolean")
NUMBER = Argument(number, wanted="an integer")
LIST = Argument(listed, malformed="invalid_array_arg")
CHANNEL = Argument(word, True, "channel_not_found", "channel_not_found")
TS = Argument(moment, True, wanted="a timestamp")
PAGE = {"cursor": WORD, "limit": Argument(number, malformed="invalid_limit")}
CONTENT = {
    "text": TEXT, "markdown_text": TEXT, "blocks": Argument(json_value, malformed="invalid_blocks_format"),
    "attachments": Argument(json_value, malformed="invalid_attachments"),
    "metadata": Argument(json_object, wanted="an object"), "parse": WORD, "link_names": FLAG,
    "reply_broadcast": FLAG,
}  # fmt: skip
OLDEST, LATEST = (
    Argument(bound, malformed="invalid_ts_oldest"),
    Argument(bound, malformed="invalid_ts_latest"),
)
CHANNEL_WRITE = ("channels:manage", "channels:write", "groups:write")
