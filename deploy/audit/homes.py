"""A11: in each epoch of a workspace one cell commits, into a log without gaps, in which every acknowledgement
stands.

    of each epoch of a workspace one cell has entries; epochs do not fall along the log             I08
    whoever acknowledged a write is the cell that has the entry                                     I08
    sequences have no gap, and times rise with them                                                 I04
    an acknowledged message has an entry                                                            I01

Operations `log` are copies of cells' logs, made by whoever may read their stores.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from deploy.audit.history import Operation
from deploy.audit.index import POSTS, Index
from deploy.audit.verdict import Violation, lines_of

Entry = tuple[int, int, str]


def check_homes(index: Index) -> Iterator[Violation]:
    """A11."""
    owners: dict[tuple[str, int], Operation] = {}
    places: dict[str, dict[int, Operation]] = defaultdict(dict)
    stamps: dict[str, dict[str, str]] = defaultdict(dict)
    for log in index.history.of("log"):
        cell, workspace = log.cell, log.workspace
        entries = [(int(sequence), int(epoch), ts) for sequence, epoch, ts, *_ in log.more.get("items", ())]
        yield from _check_log(log, entries)
        for sequence, epoch, ts in entries:
            owner = owners.setdefault((workspace, epoch), log)
            other = places[workspace].setdefault(sequence, log)
            if owner.cell != cell:
                what = f"{owner.cell} and {cell} both committed in epoch {epoch} of {workspace}"
                yield Violation("I08", "A11", what, "", "", lines_of(owner, log))
                break
            if other is not log and other.cell != cell:
                what = f"{other.cell} and {cell} both have entry {sequence} of {workspace}"
                yield Violation("I08", "A11", what, "", "", lines_of(other, log))
                break
            stamps[workspace][ts] = cell
    yield from _check_acknowledged(index, stamps)


def _check_log(log: Operation, entries: list[Entry]) -> Iterator[Violation]:
    for before, after in pairwise(entries):
        where = f"of {log.workspace} in {log.cell}"
        if after[0] != before[0] + 1:
            what = f"entry {before[0]} {where} is followed by {after[0]}"
            yield Violation("I04", "A11", what, "", "", lines_of(log))
        if after[1] < before[1]:
            what = f"the epoch falls from {before[1]} to {after[1]} at entry {after[0]} {where}"
            yield Violation("I08", "A11", what, "", "", lines_of(log))
        if after[2] <= before[2]:
            what = f"entry {after[0]} {where} is not later than the one before"
            yield Violation("I04", "A11", what, "", "", lines_of(log))


def _check_acknowledged(index: Index, stamps: dict[str, dict[str, str]]) -> Iterator[Violation]:
    """Acknowledgements against the logs, or without any against each other."""
    copied_s = max((log.began_s for log in index.history.of("log")), default=0.0)
    answering: dict[str, Operation] = {}
    for post in index.history.of(*POSTS):
        cell = post.cell
        if post.outcome != "ok" or not post.ts:
            continue
        if post.workspace in stamps:
            found = stamps[post.workspace].get(post.ts)
            if found is None and post.ended_s < copied_s:
                what = f"{post.key or post.value} was acknowledged and has no entry in the log"
                yield Violation("I01", "A11", what, post.channel, post.ts, lines_of(post))
            elif found is not None and cell and found != cell:
                what = f"{cell} acknowledged what {found} committed"
                yield Violation("I08", "A11", what, post.channel, post.ts, lines_of(post))
        elif cell:
            other = answering.setdefault(post.workspace, post)
            if other.cell != cell:
                what = f"{other.cell} and {cell} both acknowledge for {post.workspace}"
                yield Violation("I08", "A11", what, post.channel, post.ts, lines_of(other, post))
                answering[post.workspace] = post
