"""What a history says of each message: who tried to write it, where it stands, which texts it may show.

A message is known by its key; one that was sent without a key by its first text, which is why values are
unique. It stands at the `ts` of its acknowledgement, or else at the first place where anybody saw it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter

from deploy.audit.history import History, HistoryError, Operation

POSTS = frozenset({"send", "upload"})
# Events that show a message; an `ok` reply stands in for the event at the socket that sent it.
SHOWING = frozenset({"message", "message_changed", "reply"})


@dataclass(slots=True, eq=False)
class Message:
    """One message that somebody tried to write.

    Attributes:
        thread: the `ts` of the root of its thread; empty in the main line.
        values: each text that it may show, and who wrote it.
        acknowledged: the first attempt that was.
        ts: where it stands; empty while nobody knows.
        seen: whether anybody was shown it.
    """

    name: str
    channel: str
    thread: str
    sends: list[Operation]
    values: dict[str, Operation]
    acknowledged: Operation | None = None
    edits: list[Operation] = field(default_factory=list)
    deletes: list[Operation] = field(default_factory=list)
    ts: str = ""
    seen: bool = False

    @property
    def began_s(self) -> float:
        """When the first attempt began."""
        return self.sends[0].began_s

    @property
    def failed(self) -> bool:
        """Whether every attempt definitely failed."""
        return all(send.outcome == "fail" for send in self.sends)

    @property
    def deleted(self) -> Operation | None:
        """The delete that was acknowledged first."""
        done = [delete for delete in self.deletes if delete.outcome == "ok"]
        return min(done, key=lambda delete: delete.ended_s, default=None)

    @property
    def may_be_gone(self) -> bool:
        """Whether somebody tried to delete it and was not refused."""
        return any(delete.outcome != "fail" for delete in self.deletes)


Line = tuple[str, str]
Shown = tuple[str, str, str, str]
STAMP, KEY = itemgetter(0), itemgetter(1)


class Index:
    """All messages of a history: by name, and by channel and `ts`. `channels` are those that it is about."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.messages: dict[str, Message] = {}
        self.channels = {one.channel for one in history.of("create", *POSTS)}
        self.places: dict[str, dict[str, Message]] = defaultdict(dict)

    @cached_property
    def lines(self) -> dict[Line, list[Message]]:
        """Messages that are known to exist, by channel and thread, in order of `ts`."""
        found: dict[Line, list[Message]] = defaultdict(list)
        for message in self.messages.values():
            if message.ts and (message.seen or message.acknowledged is not None):
                found[message.channel, message.thread].append(message)
        for messages in found.values():
            messages.sort(key=lambda message: message.ts)
        return found


def items_of(operation: Operation) -> Iterator[Shown]:
    """(channel, ts, key, value) of each message that a read, a search or an event shows."""
    if operation.op == "receive":
        if operation.more.get("event") in SHOWING:
            yield operation.channel, operation.ts, operation.key, operation.value
    elif operation.op == "search":
        for channel, ts, key, value, *_ in operation.more.get("items", ()):
            yield channel, ts, key, value
    elif operation.op == "read":
        for ts, key, value, *_ in operation.more.get("items", ()):
            yield operation.channel, ts, key, value


def build(history: History) -> Index:
    """Index a history. Raises HistoryError when two messages cannot be told apart."""
    index = Index(history)
    for send in history.of(*POSTS):
        _add(index, send)
    for message in index.messages.values():
        acknowledged = message.acknowledged
        if acknowledged is not None and acknowledged.ts:
            _place(index, message, acknowledged.ts)
        if len(message.sends) > 1:
            unrefused = (send for send in message.sends if send.outcome != "fail")
            message.values[message.sends[0].value] = acknowledged or next(unrefused, message.sends[0])
    _look(index, history.of("read", "search", "receive"))
    for change in history.of("edit", "delete"):
        target = index.places[change.channel].get(change.ts)
        if target is None:
            continue
        if change.op == "delete":
            target.deletes.append(change)
        else:
            target.edits.append(change)
            if target.values.setdefault(change.value, change).outcome == "fail":
                target.values[change.value] = change
    return index


def _add(index: Index, send: Operation) -> None:
    name = send.key or send.value
    message = index.messages.get(name)
    if message is None:
        thread = str(send.more.get("thread", ""))
        message = Message(name, send.channel, thread, [send], {send.value: send})
        index.messages[name] = message
        if send.outcome == "ok":
            message.acknowledged = send
        return
    first = message.sends[0]
    same = (first.channel, first.value, first.user) == (send.channel, send.value, send.user)
    if not same:
        where = f"{index.history.name}:{send.line}"
        raise HistoryError(f"{where}: another message has the key or the value of line {first.line}")
    message.sends.append(send)
    if send.outcome == "ok" and message.acknowledged is None:
        message.acknowledged = send


def _place(index: Index, message: Message, ts: str) -> None:
    message.ts = ts
    index.places[message.channel].setdefault(ts, message)


def _look(index: Index, sights: Iterable[Operation]) -> None:
    """Mark what was seen and place what was not acknowledged."""
    messages, keys = index.messages, defaultdict[str, set[str]](set)
    for sight in sights:
        if sight.outcome != "ok":
            continue
        shown: Iterable[Shown] = items_of(sight)
        if sight.op == "read":
            # Pages repeat each other: little of them is new.
            new = set(map(KEY, sight.more.get("items", ()))) - keys[sight.channel]
            keys[sight.channel] |= new - {""}
            shown = [item for item in shown if item[2] in new] if new else ()
        for channel, ts, key, value in shown:
            message = messages.get(key or value)
            if message is not None and not message.seen and message.channel == channel:
                message.seen = True
                if not message.ts:
                    _place(index, message, ts)
