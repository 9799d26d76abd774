"""A9: edits of a message are told in one order, which ends in what is read; none is lost.

an acknowledged edit was told, and what is read at last was not written before it began          I01
what was told last is what is read at last                                                       I15
"""

from collections import defaultdict
from collections.abc import Iterator

from deploy.audit.history import Operation
from deploy.audit.index import Index, Message
from deploy.audit.streams import POSTED, Socket, Sockets, is_numbered, seq_of
from deploy.audit.verdict import Violation, lines_of

Place = tuple[str, str]


def check_edits(index: Index) -> Iterator[Violation]:
    """A9."""
    sockets = Sockets(index)
    told: dict[Place, list[Operation]] = defaultdict(list)
    for event in sockets.numbered:
        if event.more.get("event") == "message_changed":
            told[event.channel, event.ts].append(event)
    last: dict[Place, list[tuple[str, Operation]]] = defaultdict(list)
    for read in index.history.of("read"):
        if read.outcome == "ok" and read.more.get("final"):
            for ts, _, value, *_ in read.more.get("items", ()):
                last[read.channel, ts].append((value, read))
    listeners = _listeners(sockets)
    whole = {event.number for one in sockets.all if one.drained is not None for event in one.events}
    for message in index.messages.values():
        if message.edits:
            versions = sorted(told[message.channel, message.ts], key=seq_of)
            yield from _check_told(message, versions, listeners.get(message.channel))
            heard = [event for event in versions if event.number in whole]
            for value, read in last[message.channel, message.ts]:
                yield from _check_last(message, heard, value, read)


def _listeners(sockets: Sockets) -> dict[str, Socket]:
    """For each channel a socket that told all of it, from its first event to the end."""
    found: dict[str, Socket] = {}
    for socket in sockets.all:
        if socket.drained is not None and not socket.mark:
            for event in socket.events:
                if event.more.get("event") in POSTED:
                    found.setdefault(event.channel, socket)
    return found


def _check_told(message: Message, versions: list[Operation], socket: Socket | None) -> Iterator[Violation]:
    if socket is None or socket.drained is None:
        return
    heard = {event.value for event in versions}
    since_s = next(event.began_s for event in socket.events if is_numbered(event))
    for edit in message.edits:
        listened = since_s < edit.began_s and edit.ended_s < socket.drained.began_s
        if edit.outcome == "ok" and listened and edit.value not in heard:
            what = f"the edit of {message.name} to {edit.value!r} was acknowledged and told to nobody"
            lines = lines_of(edit, socket.drained)
            yield Violation("I01", "A9", what, message.channel, message.ts, lines)


def _check_last(message: Message, heard: list[Operation], value: str, read: Operation) -> Iterator[Violation]:
    """`heard`: what was told, in order, by sockets that told everything behind it too."""
    writer = message.values.get(value)
    if writer is None:
        return
    if heard and heard[-1].value != value and heard[-1].ended_s < read.began_s:
        what = f"{message.name} was told last as {heard[-1].value!r}, and is read as {value!r}"
        lines = lines_of(heard[-1], writer, read)
        yield Violation("I15", "A9", what, message.channel, message.ts, lines)
    for edit in message.edits:
        before = writer.latest_s < edit.began_s and edit.ended_s < read.began_s
        if edit.outcome == "ok" and edit.value != value and before:
            what = f"the edit of {message.name} to {edit.value!r} was acknowledged, and is read as {value!r}"
            lines = lines_of(writer, edit, read)
            yield Violation("I01", "A9", what, message.channel, message.ts, lines)
