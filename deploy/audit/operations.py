"""The words of a history: its operations and the members of their lines. docs/reference/histories.md is made
of them.
"""

from itertools import chain
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """One operation.

    Attributes:
        group: `write` and `read` are asked of a workspace; `moment` has one line; `other` is the harness's
            own.
        begins, ends: members beyond those that every line has, of the line that begins it and of the one that
            ends it; those in brackets may be left out.
    """

    group: str
    meaning: str
    begins: str = ""
    ends: str = ""


KINDS: dict[str, Kind] = {
    "send": Kind(
        "write", "post a message; again with the same key: another try", "channel key value [thread]", "ts"
    ),
    "upload": Kind("write", "share a file, with the value as its comment; has no key", "channel value"),
    "edit": Kind("write", "change a message's text to the value", "channel ts value"),
    "delete": Kind("write", "delete a message", "channel ts"),
    "react": Kind("write", "add the reaction that the value names", "channel ts value"),
    "unreact": Kind("write", "take it back", "channel ts value"),
    "create": Kind("write", "make a channel; its maker is its first member", "value [private]", "channel"),
    "join": Kind("write", "join a channel", "channel"),
    "leave": Kind("write", "leave it", "channel"),
    "invite": Kind("write", "add users to a channel, all or none", "channel members"),
    "remove": Kind("write", "take users out of a channel", "channel members"),
    "mark": Kind("write", "move the user's read mark", "channel ts"),
    "read": Kind("read", "a page of a channel or a thread", "channel [thread] [final]", "items [low] [high]"),
    "search": Kind("read", "messages with the word that the value is", "value [final]", "items cells [more]"),
    "count": Kind(
        "read", "how much the user has not read of a channel", "channel [final]", "unread last_read"
    ),
    "open": Kind("other", "open a socket, going on from a mark", "[resume]", "[resync]"),
    "drain": Kind("other", "wait until a socket told the message with this key", "key", "socket"),
    "fault": Kind("other", "what was done to the federation, while it lasted", "value target"),
    "receive": Kind(
        "moment",
        "a socket told an event",
        "socket event [topic] [seq] [channel] [ts] [key] [value] [digest] [member]",
    ),
    "close": Kind("moment", "a socket ended", "socket code"),
    "log": Kind("moment", "what a cell's log holds of a workspace", "cell items"),
}


class Member(NamedTuple):
    """One member of a line. `kind`: `text`, `number`, `truth`, `texts`, `items`, `states` (of names)."""

    kind: str
    meaning: str


MEMBERS: dict[str, Member] = {
    "i": Member("number", "number of the operation: its lines have it in common"),
    "t": Member("number", "seconds on the monotonic clock of the one process that writes; never falls"),
    "op": Member("text", "the operation"),
    "type": Member("text", "`invoke` begins it; `ok`, `fail` or `unknown` ends it; a moment is `ok`"),
    "process": Member("text", "who does it; one thing at a time"),
    "device": Member("text", "the session under which it is done: to a device its own order is promised"),
    "user": Member("text", "whose session that is"),
    "workspace": Member("text", "where"),
    "channel": Member("text", "the channel's id"),
    "edge": Member("text", "through which edge"),
    "cell": Member("text", "which cell answered; of a log: whose it is"),
    "key": Member(
        "text", "`client_msg_id`; unique in the history but for further tries, empty where a client has none"
    ),
    "value": Member("text", "what is written; unique in the history, so that a text tells who wrote it"),
    "ts": Member("text", "the message's place: ten digits, a dot, six digits; compared as text"),
    "thread": Member("text", "`ts` of the root of the thread"),
    "items": Member(
        "items",
        "messages, each a list of texts: `ts`, key, value and, where there are any, reactions as"
        " `name:user name:user`; of a search with the channel in front; of a log: sequence, epoch, time,"
        " kind",
    ),
    "low": Member("text", "the page has everything from here on; without it: from the beginning"),
    "high": Member("text", "the page has everything up to here; without it: up to now"),
    "final": Member("truth", "made at rest, when every write has ended and every fault is healed"),
    "members": Member("texts", "list of user ids"),
    "private": Member("truth", "whether only members may read it"),
    "cells": Member("states", "each cell that was asked, and whether its part is `complete`"),
    "more": Member("truth", "whether there is more than is shown"),
    "unread": Member("number", "number of messages"),
    "last_read": Member("text", "`ts` of the read mark"),
    "resume": Member("number", "number of the event that was the mark from which the socket goes on"),
    "resync": Member("truth", "the socket said that it begins anew"),
    "socket": Member("number", "number of the operation that opened it"),
    "event": Member(
        "text",
        "`message`, `message_changed`, `message_deleted`, ... as the API calls it; `reply` in the place"
        " of an own message's event; `x_mark` for a mark",
    ),
    "topic": Member("text", "whose number `seq` is: a channel's id, `user`, `workspace`"),
    "seq": Member("number", "the event's number in its topic"),
    "digest": Member("text", "tells events apart that should be one"),
    "member": Member("text", "who came or went"),
    "code": Member("number", "why it ended"),
    "target": Member("text", "what the fault was done to: the name of a process, `directory`, ..."),
    "status": Member("number", "HTTP status of an answer that is not `ok`"),
    "error": Member("text", "its error code"),
}


def of_group(*groups: str) -> frozenset[str]:
    """Names of the operations of some groups."""
    return frozenset(name for name, kind in KINDS.items() if kind.group in groups)


def is_of(kind: str, value: Any) -> bool:
    """Whether a value is of the kind that a member has."""
    if kind == "texts":
        return type(value) is list and set(map(type, value)) <= {str}
    if kind == "items":
        lists = type(value) is list and set(map(type, value)) <= {list}
        return lists and set(map(type, chain.from_iterable(value))) <= {str}
    if kind == "states":
        return type(value) is dict and set(map(type, value.values())) <= {str}
    return type(value) is {"text": str, "number": int, "truth": bool}[kind]


# How many texts an item has at least.
ITEM_TEXTS = {"read": 3, "search": 4, "log": 3}


def are_items_of(op: str, items: list[list[str]]) -> bool:
    """Whether items have what an operation says of a message, or of an entry of a log."""
    if min(map(len, items), default=9) < ITEM_TEXTS.get(op, 0):
        return False
    numbers = (text for item in items for text in item[:2]) if op == "log" else ()
    return all(text.isascii() and text.isdigit() for text in numbers)
