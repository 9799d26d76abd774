"""The words of a history: its operations and the members of their lines. docs/reference/histories.md is made
of them.
"""

from typing import NamedTuple


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

MEMBERS: dict[str, str] = {
    "i": "number of the operation: its lines have it in common",
    "t": "seconds on the monotonic clock of the one process that writes; never falls",
    "op": "the operation",
    "type": "`invoke` begins it; `ok`, `fail` or `unknown` ends it; a moment is `ok`",
    "process": "who does it; one thing at a time",
    "device": "the session under which it is done: to a device its own order is promised",
    "user": "whose session that is",
    "workspace": "where",
    "channel": "the channel's id",
    "edge": "through which edge",
    "cell": "which cell answered; of a log: whose it is",
    "key": "`client_msg_id`; unique in the history but for further tries, empty where a client has none",
    "value": "what is written; unique in the history, so that a text tells who wrote it",
    "ts": "the message's place: ten digits, a dot, six digits; compared as text",
    "thread": "`ts` of the root of the thread",
    "items": "messages, each a list of texts: `ts`, key, value and, where there are any, reactions as"
    " `name:user name:user`; of a search with the channel in front; of a log: sequence, epoch, time, kind",
    "low": "the page has everything from here on; without it: from the beginning",
    "high": "the page has everything up to here; without it: up to now",
    "final": "made at rest, when every write has ended and every fault is healed",
    "members": "list of user ids",
    "private": "whether only members may read it",
    "cells": "each cell that was asked, and whether its part is `complete`",
    "more": "whether there is more than is shown",
    "unread": "number of messages",
    "last_read": "`ts` of the read mark",
    "resume": "number of the event that was the mark from which the socket goes on",
    "resync": "the socket said that it begins anew",
    "socket": "number of the operation that opened it",
    "event": "`message`, `message_changed`, `message_deleted`, ... as the API calls it; `reply` in the place"
    " of an own message's event; `x_mark` for a mark",
    "topic": "whose number `seq` is: a channel's id, `user`, `workspace`",
    "seq": "the event's number in its topic",
    "digest": "tells events apart that should be one",
    "member": "who came or went",
    "code": "why it ended",
    "target": "what the fault was done to: the name of a process, `directory`, ...",
    "status": "HTTP status of an answer that is not `ok`",
    "error": "its error code",
}


def of_group(*groups: str) -> frozenset[str]:
    """Names of the operations of some groups."""
    return frozenset(name for name, kind in KINDS.items() if kind.group in groups)
