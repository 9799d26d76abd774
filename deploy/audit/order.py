"""A6 and A7: the order of a channel is the order of time, and a device never goes back. One sweep over time.

A6  acknowledged before another was begun: it stands before that one                      I04
A7  what a device wrote, read or was told is in its next read, and before its next write  I05
"""

from bisect import bisect_right
from collections.abc import Iterator

from deploy.audit.history import Operation
from deploy.audit.index import POSTS, SHOWING, STAMP, Index, Message
from deploy.audit.verdict import Violation, lines_of

Known = tuple[str, Operation]


def check_order(index: Index) -> Iterator[Violation]:
    """A6 and A7."""
    sweep = _Sweep(index)
    ended = sorted(
        (one for one in index.history.of("send", "upload", "read", "receive") if one.outcome == "ok"),
        key=lambda one: one.ended_s,
    )
    place = 0
    for operation in index.history.of("send", "upload", "read"):
        while place < len(ended) and ended[place].ended_s < operation.began_s:
            sweep.learn(ended[place])
            place += 1
        yield from sweep.begin(operation)


def _newest(shown: Operation) -> str:
    """The newest message that a page or an event shows."""
    if shown.op == "receive":
        return shown.ts if shown.more.get("event") in SHOWING else ""
    return max(map(STAMP, shown.more.get("items", ())), default="")


class _Sweep:
    """What was known at a moment: the newest acknowledged message of each channel, and the newest that each
    device knows of.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lines = index.lines
        self._stamps = {line: [message.ts for message in messages] for line, messages in self._lines.items()}
        self._acknowledged: dict[str, Known] = {}
        self._known: dict[tuple[str, str, str], Known] = {}

    def learn(self, operation: Operation) -> None:
        """An operation has ended: whoever begins now begins after it."""
        if operation.op in POSTS:
            ts, thread = operation.ts, str(operation.more.get("thread", ""))
            if ts > self._acknowledged.get(operation.channel, ("", operation))[0]:
                self._acknowledged[operation.channel] = (ts, operation)
        else:
            thread = str(operation.more.get("thread", ""))
            ts = _newest(operation)
        known = (operation.device, operation.channel, thread)
        if operation.device and ts > self._known.get(known, ("", operation))[0]:
            self._known[known] = (ts, operation)

    def begin(self, operation: Operation) -> Iterator[Violation]:
        """Hold what begins against what is known."""
        if operation.op in POSTS:
            message = self._index.messages[operation.key or operation.value]
            if message.sends[0] is operation and message.ts:
                yield from self._post(message, operation)
        elif operation.outcome == "ok" and not operation.more.get("high"):
            yield from self._read(operation)

    def _post(self, message: Message, first: Operation) -> Iterator[Violation]:
        ts, before = self._acknowledged.get(message.channel, ("", first))
        if message.ts <= ts and self._index.places[message.channel].get(ts) is not message:
            what = (
                f"{message.name} was begun after {ts} was acknowledged, and stands before it at {message.ts}"
            )
            yield Violation("I04", "A6", what, message.channel, message.ts, lines_of(before, *message.sends))
            return
        ts, known = self._known.get((first.device, message.channel, message.thread), ("", first))
        if first.device and message.ts <= ts and self._index.places[message.channel].get(ts) is not message:
            what = f"{first.device} knew of {ts} and then wrote {message.name} at {message.ts}"
            yield Violation("I05", "A7", what, message.channel, message.ts, lines_of(known, *message.sends))

    def _read(self, read: Operation) -> Iterator[Violation]:
        thread = str(read.more.get("thread", ""))
        ts, known = self._known.get((read.device, read.channel, thread), ("", read))
        newest = _newest(read) or str(read.more.get("low", ""))
        if not read.device or ts <= newest:
            return
        line = (read.channel, thread)
        stamps = self._stamps.get(line, [])
        between = self._lines.get(line, [])[bisect_right(stamps, newest) : bisect_right(stamps, ts)]
        lacking = next((message for message in between if not message.may_be_gone), None)
        if lacking is not None:
            what = f"{read.device} knew of {ts} and then read to {newest or 'nothing'}"
            lines = lines_of(known, *lacking.sends, read)
            yield Violation("I05", "A7", what, read.channel, lacking.ts, lines)
