"""A12: cause stands before effect, across channels: what was seen by whoever wrote is seen by whoever sees
that.

Operations are nodes; an edge says that one took effect before another:

    written order    messages of a channel as they stand, versions of a message as they were told
    seen             a page saw a message or a version, and did not see the one after it
    done             what one process did, in its order; what is unknown comes at any time after

A cycle is a history that no order explains (I05). Time itself is no edge: a page may be of a moment ago.
Cycles are looked for where an edge goes back in time only, which is nowhere in most histories.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from deploy.audit.history import READS, WRITES, Operation
from deploy.audit.index import POSTS, Index, Line, Message
from deploy.audit.streams import Sockets, seq_of
from deploy.audit.verdict import Violation, lines_of

Edge = tuple[Operation, Operation]


def check_causes(index: Index) -> Iterator[Violation]:
    """A12."""
    edges = ((after.began_s, before.began_s) for before, after in _edges(index))
    backward = [span for span in edges if span[0] < span[1]]
    if not backward:
        return
    spans = _joined(sorted(backward))
    graph: dict[Operation, list[Operation]] = defaultdict(list)
    for before, after in _edges(index):
        if _inside(spans, before.began_s) and _inside(spans, after.began_s):
            graph[before].append(after)
    for group in _components(graph):
        cycle = _cycle(graph, group)
        what = "no order explains " + ", then ".join(f"{one.op} of line {one.line}" for one in cycle)
        yield Violation("I05", "A12", what, cycle[0].channel, cycle[0].ts, lines_of(*cycle))


def _edges(index: Index) -> Iterator[Edge]:
    lines = index.lines
    nodes = {line: [_node(message) for message in messages] for line, messages in lines.items()}
    for chain in nodes.values():
        yield from pairwise(chain)
    yield from _seen(index, lines, nodes)
    yield from _versions(index)
    yield from _done(index)


def _done(index: Index) -> Iterator[Edge]:
    """What each process did. A message with several attempts took effect in any of them: behind what was done
    before the first, before what was done after the answer.
    """
    last: dict[str, list[Operation]] = defaultdict(list)
    for operation in index.history.of(*WRITES, *READS):
        before = last[operation.process]
        message = index.messages.get(operation.key or operation.value) if operation.op in POSTS else None
        again = message is not None and message.sends[0] is not operation
        if message is not None and again:
            if operation.outcome == "ok":
                before.append(_node(message))
            continue
        for one in before:
            yield one, operation
        if operation.outcome == "ok" or (message is None and operation.outcome == "fail"):
            last[operation.process] = [operation]


def _node(message: Message) -> Operation:
    return message.sends[0]


def _seen(
    index: Index, lines: dict[Line, list[Message]], nodes: dict[Line, list[Operation]]
) -> Iterator[Edge]:
    """A newest page saw everything up to its newest message, and not the one behind it."""
    places = {
        line: {message.ts: place for place, message in enumerate(messages)}
        for line, messages in lines.items()
    }
    for read in index.history.of("read"):
        items = read.more.get("items")
        if read.outcome != "ok" or not items or read.more.get("high"):
            continue
        line = (read.channel, str(read.more.get("thread", "")))
        place = places.get(line, {}).get(max(item[0] for item in items))
        if place is None:
            continue
        yield nodes[line][place], read
        # A deleted message is seen by nobody: the next one that can be is meant.
        following = range(place + 1, len(lines[line]))
        behind = next((there for there in following if not lines[line][there].may_be_gone), None)
        if behind is not None:
            yield read, nodes[line][behind]


def _versions(index: Index) -> Iterator[Edge]:
    edited = {
        (message.channel, message.ts): message
        for message in index.messages.values()
        if message.edits and message.ts
    }
    if not edited:
        return
    told: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for event in Sockets(index).numbered:
        if event.more.get("event") == "message_changed" and (event.channel, event.ts) in edited:
            told[event.channel, event.ts][seq_of(event)] = event.value
    following: dict[tuple[str, str], dict[str, Operation]] = {}
    for place, message in edited.items():
        values = [message.sends[0].value, *(value for _, value in sorted(told[place].items()))]
        writers = [message.values.get(value) for value in values]
        known = [writer for writer in writers if writer is not None]
        known[0] = _node(message)
        yield from pairwise(known)
        following[place] = dict(zip(values, known[1:], strict=False)) if len(known) == len(values) else {}
    for read in index.history.of("read"):
        if read.outcome != "ok":
            continue
        for ts, _, value, *_ in read.more.get("items", ()):
            shown = edited.get((read.channel, ts))
            if shown is None:
                continue
            writer = shown.values.get(value)
            if writer is not None:
                yield (writer if writer.op == "edit" else _node(shown)), read
            if (behind := following[read.channel, ts].get(value)) is not None:
                yield read, behind


def _joined(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for begins_s, ends_s in spans:
        if joined and begins_s <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], ends_s))
        else:
            joined.append((begins_s, ends_s))
    return joined


def _inside(spans: list[tuple[float, float]], now_s: float) -> bool:
    place = bisect_right(spans, (now_s, math.inf)) - 1
    return place >= 0 and spans[place][0] <= now_s <= spans[place][1]


def _components(graph: dict[Operation, list[Operation]]) -> Iterator[list[Operation]]:
    """Groups of more than one node in which each leads to each: Tarjan's algorithm, without recursion."""
    numbers: dict[Operation, int] = {}
    lowest: dict[Operation, int] = {}
    stack: list[Operation] = []
    stacked: set[Operation] = set()
    for root in list(graph):
        if root in numbers:
            continue
        work = [(root, iter(graph[root]))]
        numbers[root] = lowest[root] = len(numbers)
        stack.append(root)
        stacked.add(root)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in numbers:
                    numbers[other] = lowest[other] = len(numbers)
                    stack.append(other)
                    stacked.add(other)
                    work.append((other, iter(graph.get(other, ()))))
                    break
                if other in stacked:
                    lowest[node] = min(lowest[node], numbers[other])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[node])
                if lowest[node] == numbers[node]:
                    group: list[Operation] = []
                    while not group or group[-1] is not node:
                        group.append(stack.pop())
                        stacked.discard(group[-1])
                    if len(group) > 1:
                        yield group


def _cycle(graph: dict[Operation, list[Operation]], group: list[Operation]) -> list[Operation]:
    """A short cycle in such a group, through the node that began first."""
    inside = set(group)
    start = min(group, key=lambda one: one.began_s)
    before: dict[Operation, Operation] = {}
    wave = [start]
    while wave:
        following: list[Operation] = []
        for node in wave:
            for other in graph.get(node, ()):
                if other is start:
                    cycle = [node]
                    while cycle[-1] is not start:
                        cycle.append(before[cycle[-1]])
                    return cycle[::-1]
                if other in inside and other not in before:
                    before[other] = node
                    following.append(other)
        wave = following
    return group
