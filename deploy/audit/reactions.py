"""A2 for reactions: the last that a user acknowledged to do with a reaction is what the last read shows.

an acknowledged reaction is there, one that was taken back is not                                I01
no reaction is there that nobody added                                                           I02
"""

from collections import defaultdict
from collections.abc import Iterator

from deploy.audit.history import Operation
from deploy.audit.index import Index
from deploy.audit.verdict import Violation, lines_of

Place = tuple[str, str]


def check_reactions(index: Index) -> Iterator[Violation]:
    """A2 for reactions."""
    tried: dict[Place, dict[str, list[Operation]]] = defaultdict(lambda: defaultdict(list))
    for operation in index.history.of("react", "unreact"):
        if operation.outcome != "fail":
            tried[operation.channel, operation.ts][f"{operation.value}:{operation.user}"].append(operation)
    for read in index.history.of("read"):
        if read.outcome == "ok" and read.more.get("final"):
            for ts, _, _, *reactions in read.more.get("items", ()):
                present = set(" ".join(reactions).split())
                yield from _check(index, read, ts, present, tried[read.channel, ts])


def _check(
    index: Index, read: Operation, ts: str, present: set[str], tried: dict[str, list[Operation]]
) -> Iterator[Violation]:
    for name, operations in tried.items():
        last = operations[-1]
        alone = all(one.latest_s < last.began_s for one in operations[:-1])
        settled = last.outcome == "ok" and last.ended_s < read.began_s and alone
        if settled and (name in present) != (last.op == "react"):
            done = "added" if last.op == "react" else "taken back"
            what = f"{name} on {ts} was {done}, and is read otherwise"
            yield Violation("I01", "A2", what, read.channel, ts, lines_of(last, read))
    for name in sorted(present):
        if all(one.op == "unreact" for one in tried[name]) and read.channel in index.channels:
            what = f"nobody put {name} on {ts}"
            yield Violation("I02", "A4", what, read.channel, ts, lines_of(read))
