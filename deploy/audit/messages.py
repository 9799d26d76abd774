"""A1 to A5: each message that anybody saw was written, once, as it was written, and none that stands is
missing.

    A1  a place in a channel holds one message, a message has one place                       I04, I03
    A2  acknowledged, and not deleted: every read of its part of the channel has it           I01, I04, I05
    A3  unknown: there once or never; what was seen once stays                                I02, I25
    A4  what failed, was never tried, or was never said is not seen                           I02
    A5  one key or value is one message, and every answer to it names the same                I03

What is missing from a read that shows something newer is a hole: `ts` rises with the log, so it was there.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator

from deploy.audit.history import Operation
from deploy.audit.index import STAMP, Index, Message, items_of
from deploy.audit.verdict import Violation, lines_of

END = "\x7f"
SETTLED_S = 60.0


def check_answers(index: Index) -> Iterator[Violation]:
    """A5: every acknowledgement of one message names one place."""
    for message in index.messages.values():
        if len(message.sends) == 1:
            continue
        named = {send.ts: send for send in reversed(message.sends) if send.outcome == "ok" and send.ts}
        if len(named) > 1:
            what = f"{message.name} was acknowledged as {' and as '.join(sorted(named))}"
            yield Violation("I03", "A5", what, message.channel, message.ts, lines_of(*named.values()))


def check_sights(index: Index) -> Iterator[Violation]:
    """A1, A4, A5: what reads, searches and events show."""
    fine: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    sights = [one for one in index.history.of("read", "search", "receive") if one.outcome == "ok"]
    # In order of their ends: what was fine once is fine later.
    for sight in sorted(sights, key=lambda sight: sight.ended_s):
        if sight.op == "read":
            # Most of a page was in a page before; what is wrong is said once.
            page = set(map(tuple, sight.more.get("items", ()))) - fine[sight.channel]
            fine[sight.channel] |= page
            items = [(sight.channel, ts, key, value) for ts, key, value, *_ in page]
        else:
            items = [item for item in items_of(sight) if item not in fine[""]]
            fine[""].update(items)
        for item in items:
            if not _is_fine(index, sight, *item) and item[0] in index.channels:
                yield from _check_item(index, sight, *item)


def _is_fine(index: Index, sight: Operation, channel: str, ts: str, key: str, value: str) -> bool:
    """The same as `_check_item` for the ordinary case: acknowledged there, and as it was sent."""
    message = index.messages.get(key or value)
    if message is None or message.acknowledged is None:
        return False
    place = (message.ts, message.channel, message.sends[0].value)
    stands = index.places[channel].get(ts) is message
    return stands and place == (ts, channel, value) and message.sends[0].began_s <= sight.ended_s


def _check_item(
    index: Index, sight: Operation, channel: str, ts: str, key: str, value: str
) -> Iterator[Violation]:
    shown = lines_of(sight)
    message = index.messages.get(key or value)
    if message is None and not key:
        message = index.places[channel].get(ts)
    if message is None:
        yield Violation("I02", "A4", f"{key or value!r} was never sent", channel, ts, shown)
        return
    lines = lines_of(sight, *message.sends)
    if message.channel != channel:
        yield Violation("I02", "A4", f"{message.name} was sent to {message.channel}", channel, ts, lines)
    elif message.failed:
        yield Violation("I02", "A4", f"{message.name} failed, and is seen", channel, ts, lines)
    elif sight.ended_s < message.began_s:
        yield Violation("I02", "A4", f"{message.name} is seen before it was sent", channel, ts, lines)
    elif message.ts != ts:
        yield Violation("I03", "A5", f"{message.name} stands at {message.ts} and at {ts}", channel, ts, lines)
    elif index.places[channel].get(ts, message) is not message:
        other = index.places[channel][ts]
        what = f"{ts} is the place of {message.name} and of {other.name}"
        yield Violation("I04", "A1", what, channel, ts, lines_of(sight, *message.sends, *other.sends))
    writer = message.values.get(value)
    own = value == message.sends[0].value
    if writer is None or (not own and (writer.outcome == "fail" or sight.ended_s < writer.began_s)):
        yield Violation("I02", "A4", f"{message.name} says {value!r}, which nobody wrote", channel, ts, lines)


def check_reads(index: Index) -> Iterator[Violation]:
    """A2, A3: pages are in order and have no holes."""
    missed: dict[Message, list[Operation]] = {}
    lines = {line: _Standing(messages) for line, messages in index.lines.items()}
    reads = [read for read in index.history.of("read") if read.outcome == "ok"]
    gone = _gone(index)
    for read in reads:
        items = read.more.get("items", ())
        thread = str(read.more.get("thread", ""))
        stamps = list(map(STAMP, items))
        if thread and stamps[:1] == [thread]:
            del stamps[0]
        yield from _check_page(read, stamps)
        standing, high = lines.get((read.channel, thread)), str(read.more.get("high", ""))
        if standing is not None:
            newest = END if read.more.get("final") is True else max(stamps, default="")
            for message in standing.missing(read, set(stamps), high or newest):
                missed.setdefault(message, []).append(read)
        if gone[read.channel].keys() & stamps:
            yield from _check_deleted(
                read, [gone[read.channel][ts] for ts in stamps if ts in gone[read.channel]]
            )
    yield from _missing(index, missed, reads)


def _check_page(read: Operation, stamps: list[str]) -> Iterator[Violation]:
    if stamps != sorted(stamps):
        yield Violation("I04", "A1", "a page is out of order", read.channel, "", lines_of(read))
    if len(set(stamps)) != len(stamps):
        twice = next(ts for ts, count in Counter(stamps).items() if count > 1)
        yield Violation("I03", "A5", f"{twice} twice in one page", read.channel, twice, lines_of(read))
    low, high = str(read.more.get("low", "")), str(read.more.get("high", "")) or END
    if stamps and not low <= min(stamps) <= max(stamps) <= high:
        yield Violation("I04", "A1", "a page shows what lies outside of it", read.channel, "", lines_of(read))


def _gone(index: Index) -> dict[str, dict[str, Message]]:
    """Messages of which a delete was acknowledged."""
    gone: dict[str, dict[str, Message]] = defaultdict(dict)
    for message in index.messages.values():
        if message.deletes and message.ts and message.deleted is not None:
            gone[message.channel][message.ts] = message
    return gone


class _Standing:
    """One line of messages, to find those that a page lacks."""

    def __init__(self, messages: list[Message]) -> None:
        self.kept = [message for message in messages if not message.may_be_gone]
        self.stamps = [message.ts for message in self.kept]
        self.all = set(self.stamps)
        self.going = [message for message in messages if message.may_be_gone]
        self.leaving = [message.ts for message in self.going]

    def missing(self, read: Operation, shown: set[str], high: str) -> Iterator[Message]:
        """What is known to stand in the page, up to `high`, and is not shown."""
        low = str(read.more.get("low", ""))
        begin, end = bisect_left(self.stamps, low), bisect_right(self.stamps, high)
        if end - begin > len(shown & self.all):
            yield from (one for one in self.kept[begin:end] if one.ts not in shown and _stood(one, read))
        for place in range(bisect_left(self.leaving, low), bisect_right(self.leaving, high)):
            message = self.going[place]
            first = min(one.began_s for one in message.deletes if one.outcome != "fail")
            if message.ts not in shown and read.ended_s < first and _stood(message, read):
                yield message


def _stood(message: Message, read: Operation) -> bool:
    """Whether it was there when the read began, or something newer in the page says so."""
    acknowledged = message.acknowledged
    if acknowledged is not None and acknowledged.ended_s < read.began_s:
        return True
    items = read.more.get("items", ())
    return bool(items) and message.ts < max(item[0] for item in items)


def _check_deleted(read: Operation, shown: list[Message]) -> Iterator[Violation]:
    for message in shown:
        deleted = message.deleted
        if deleted is not None and deleted.ended_s < read.began_s:
            what = f"{message.name} is there after its delete was acknowledged"
            yield Violation("I01", "A2", what, read.channel, message.ts, lines_of(deleted, read))


def _missing(
    index: Index, missed: dict[Message, list[Operation]], reads: list[Operation]
) -> Iterator[Violation]:
    """Say of each missing message which promise that breaks: was it there again later?"""
    last: dict[Message, float] = {}
    if missed:
        for read in reads:
            places = index.places[read.channel]
            for item in read.more.get("items", ()):
                if (message := places.get(item[0])) in missed and message is not None:
                    last[message] = max(last.get(message, 0.0), read.ended_s)
    for message, without in missed.items():
        acknowledged, read = message.acknowledged, without[-1]
        lines = lines_of(*message.sends, without[0], read)
        if message in last and last[message] > read.ended_s:
            own = [one for one in without if _knew(message, one)]
            invariant = "I05" if own else "I04"
            read = (own or without)[0]
            what = f"{message.name} is missing for {read.device or read.process} and there again later"
            yield Violation(
                invariant, "A2", what, message.channel, message.ts, lines_of(*message.sends, read)
            )
        elif acknowledged is not None:
            what = f"{message.name} was acknowledged and is not there"
            yield Violation("I01", "A2", what, message.channel, message.ts, lines)
        else:
            what = f"{message.name} was seen, and is not there any more"
            yield Violation("I02", "A3", what, message.channel, message.ts, lines)


def _knew(message: Message, read: Operation) -> bool:
    acknowledged = message.acknowledged
    return (
        acknowledged is not None
        and acknowledged.device == read.device
        and acknowledged.ended_s < read.began_s
    )


def check_seen(index: Index) -> Iterator[Violation]:
    """A2 for what is acknowledged without a place, as a shared file is: some last read shows it."""
    last: dict[str, Operation] = {}
    for read in index.history.of("read"):
        if read.outcome == "ok" and read.more.get("final") and not read.more.get("thread"):
            last[read.channel] = read
    for message in index.messages.values():
        acknowledged, shown = message.acknowledged, last.get(message.channel)
        if acknowledged is None or message.ts or message.thread or shown is None:
            continue
        if acknowledged.ended_s < shown.began_s:
            what = f"{message.name} was acknowledged and nobody sees it"
            yield Violation("I01", "A2", what, message.channel, "", lines_of(*message.sends, shown))


def check_settled(index: Index) -> Iterator[Violation]:
    """A3: after the last fault nobody is left without an answer, once they tried again."""
    healed_s = max((fault.ended_s for fault in index.history.of("fault")), default=0.0)
    for message in index.messages.values():
        if message.acknowledged is not None:
            continue
        tries = [send for send in message.sends if send.began_s > healed_s and send.key]
        told = any(send.outcome != "unknown" for send in message.sends)
        if tries and not told and tries[-1].ended_s - tries[0].began_s > SETTLED_S:
            what = f"{message.name} is still unknown after a minute of asking"
            yield Violation("I25", "A3", what, message.channel, "", lines_of(tries[0], tries[-1]))


def check_messages(index: Index) -> Iterator[Violation]:
    """All of A1 to A5."""
    yield from check_answers(index)
    yield from check_sights(index)
    yield from check_reads(index)
    yield from check_seen(index)
    yield from check_settled(index)
