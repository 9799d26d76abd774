"""A8: every socket tells its topics densely and once, alike to everybody, and all that it has to.

between two resets no number of a topic is missing, repeated or out of order; a resumed socket goes on
exactly behind its mark; one that begins anew tells nothing that was told before it was opened   I06
one number of a topic is one event, whoever hears it                                             I06
numbers of a channel rise as the `ts` of its messages do                                         I04
what was acknowledged was told, in the end, to whoever listened all the time                     I06
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from deploy.audit.history import Operation
from deploy.audit.index import Index, Message
from deploy.audit.verdict import Violation, lines_of

# A user's own coming and going: numbers of that channel go on elsewhere.
COMING_AND_GOING = frozenset({"channel_left", "group_left", "channel_joined", "group_joined"})
POSTED = frozenset({"message", "reply"})
Topic = tuple[str, str]
Last = dict[Topic, Operation]


@dataclass(slots=True, eq=False)
class Socket:
    """One socket: how it was opened, what it told, and when it had told everything, if it had."""

    opened: Operation
    events: list[Operation] = field(default_factory=list)
    drained: Operation | None = None

    @property
    def mark(self) -> int:
        """The number of the mark from which it goes on, which was told before; 0 when it begins anew."""
        mark = int(self.opened.more.get("resume", 0))
        return mark if mark < self.opened.number and not self.opened.more.get("resync") else 0


class Sockets:
    """All sockets of a history, and their numbered events in order of time."""

    def __init__(self, index: Index) -> None:
        by_number = {one.number: Socket(one) for one in index.history.of("open") if one.outcome == "ok"}
        self.all = list(by_number.values())
        self.marks: dict[int, Socket] = {}
        for event in index.history.of("receive", "drain"):
            socket = by_number.get(event.more.get("socket", 0))
            if socket is None:
                continue
            if event.op == "drain":
                socket.drained = event if event.outcome == "ok" else None
                continue
            socket.events.append(event)
            self.marks[event.number] = socket
        self.numbered = [event for socket in self.all for event in socket.events if is_numbered(event)]
        self.numbered.sort(key=lambda event: event.began_s)

    def before_mark(self, socket: Socket) -> Last:
        """The last event of each topic that the device was told up to the mark of this socket."""
        last: Last = {}
        for earlier, mark in reversed(list(self.back(socket))[1:]):
            for event in earlier.events:
                if event.number == mark:
                    break
                _follow(last, event)
        return last

    def back(self, socket: Socket) -> Iterator[tuple[Socket, int]]:
        """This socket and those that it goes on from, each with the mark up to which it counts; 0: all."""
        mark = 0
        known: Socket | None = socket
        while known is not None:
            yield known, mark
            mark = known.mark
            known = self.marks.get(mark)


def is_numbered(event: Operation) -> bool:
    """Whether it carries a number of its topic."""
    return type(event.more.get("seq")) is int


def seq_of(event: Operation) -> int:
    """The number."""
    number: int = event.more["seq"]
    return number


def topic_of(event: Operation) -> Topic:
    """Whose number it is; a user's own topic is another one for each user."""
    topic = str(event.more.get("topic", ""))
    return event.workspace, f"{topic} {event.user}" if topic == "user" else topic


def _follow(last: Last, event: Operation) -> None:
    if event.more.get("event") in COMING_AND_GOING:
        last.pop((event.workspace, event.channel), None)
    if is_numbered(event):
        last[topic_of(event)] = event


def check_streams(index: Index) -> Iterator[Violation]:
    """A8."""
    sockets = Sockets(index)
    yield from _check_sameness(sockets.numbered)
    newest = _Newest(sockets.numbered)
    for socket in sockets.all:
        yield from _check_socket(socket, sockets.before_mark(socket), newest)
    yield from _check_drained(index, sockets)
    yield from _check_undrained(index)


def _check_sameness(events: list[Operation]) -> Iterator[Violation]:
    first: dict[tuple[Topic, int], Operation] = {}
    for event in events:
        place = (topic_of(event), seq_of(event))
        other = first.setdefault(place, event)
        # A reply stands for the event at the sender's own socket, and is shorter.
        whole = "reply" not in (event.more.get("event"), other.more.get("event"))
        if other.more.get("event") == "reply":
            first[place] = event
        same = (event.ts, event.key) == (other.ts, other.key)
        if not same or (whole and event.more.get("digest") != other.more.get("digest")):
            what = f"number {seq_of(event)} of {topic_of(event)[1]} is told in two ways"
            yield Violation("I06", "A8", what, event.channel, event.ts, lines_of(other, event))
    last: Last = {}
    for (topic, _), event in sorted(first.items(), key=lambda pair: pair[0]):
        if event.more.get("event") in POSTED:
            before = last.get(topic)
            if before is not None and before.ts >= event.ts:
                what = f"number {seq_of(before)} is told before {seq_of(event)}, and stands behind it"
                yield Violation("I04", "A8", what, event.channel, event.ts, lines_of(before, event))
            last[topic] = event


class _Newest:
    """The highest number of each topic that anybody had heard at a moment."""

    def __init__(self, events: list[Operation]) -> None:
        self._times: dict[Topic, list[float]] = defaultdict(list)
        self._heard: dict[Topic, list[Operation]] = defaultdict(list)
        for event in events:
            topic = topic_of(event)
            heard = self._heard[topic]
            if not heard or seq_of(event) > seq_of(heard[-1]):
                heard.append(event)
                self._times[topic].append(event.began_s)

    def at(self, topic: Topic, now_s: float) -> Operation | None:
        """Before that moment; None when nobody had heard anything."""
        place = bisect_right(self._times[topic], now_s)
        return self._heard[topic][place - 1] if place else None


def _check_socket(socket: Socket, last: Last, newest: _Newest) -> Iterator[Violation]:
    opened, known = socket.opened, set(last)
    for event in socket.events:
        topic = topic_of(event)
        before = last.get(topic)
        _follow(last, event)
        if not is_numbered(event):
            continue
        if before is not None and seq_of(event) != seq_of(before) + 1:
            missing = seq_of(event) > seq_of(before) + 1
            number = seq_of(before) + 1 if missing else seq_of(event)
            how = "is missing" if missing else "comes again or late"
            where = "after a resume" if topic in known else "in the stream"
            what = f"number {number} of {topic[1]} {how} {where} of {opened.device}"
            yield Violation("I06", "A8", what, event.channel, event.ts, lines_of(before, opened, event))
        elif before is None and topic not in known and not socket.mark:
            heard = newest.at(topic, opened.began_s)
            if heard is not None and seq_of(event) <= seq_of(heard):
                what = f"{opened.device} begins anew and is told of before: {seq_of(event)} of {topic[1]}"
                yield Violation("I06", "A8", what, event.channel, event.ts, lines_of(heard, opened, event))
        known.discard(topic) if before is not None else known.add(topic)


def _check_drained(index: Index, sockets: Sockets) -> Iterator[Violation]:
    """Of each channel: whatever was acknowledged behind the first message that a device was told."""
    posted: dict[str, list[Message]] = defaultdict(list)
    for message in index.messages.values():
        if message.acknowledged is not None and message.ts:
            posted[message.channel].append(message)
    for socket in sockets.all:
        if socket.drained is None:
            continue
        told: dict[str, set[str]] = defaultdict(set)
        interrupted: set[str] = set()
        for earlier, _ in sockets.back(socket):
            for event in earlier.events:
                if event.more.get("event") in POSTED:
                    told[event.channel].add(event.ts)
                elif event.more.get("event") in COMING_AND_GOING:
                    interrupted.add(event.channel)
        for channel, stamps in told.items():
            if channel not in interrupted:
                yield from _untold(socket, socket.drained, posted[channel], stamps)


def _check_undrained(index: Index) -> Iterator[Violation]:
    """Who waited for a message that was acknowledged, and was not told it."""
    for drain in index.history.of("drain"):
        message = index.messages.get(drain.key)
        if drain.outcome == "fail" and message is not None and message.acknowledged is not None:
            what = f"{message.name} was not told to {drain.device}, which waited for it"
            lines = lines_of(*message.sends, drain)
            yield Violation("I06", "A8", what, message.channel, message.ts, lines)


def _untold(socket: Socket, drained: Operation, posted: list[Message], told: set[str]) -> Iterator[Violation]:
    since = min(told)
    for message in posted:
        acknowledged = message.acknowledged
        owed = acknowledged is not None and acknowledged.ended_s < drained.began_s
        if owed and message.ts > since and message.ts not in told:
            what = f"{message.name} was not told to {socket.opened.device}, which listened all the time"
            lines = lines_of(*message.sends, socket.opened, drained)
            yield Violation("I06", "A8", what, message.channel, message.ts, lines)
