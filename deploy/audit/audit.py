"""Runs every check over a history. Linear but for sorting: half a million sends take seconds."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

from deploy.audit import (
    causes,
    derived,
    edits,
    history,
    homes,
    members,
    messages,
    order,
    reactions,
    recovery,
    streams,
)
from deploy.audit.history import History
from deploy.audit.index import Index, build
from deploy.audit.verdict import Verdict, Violation

Check = Callable[[Index], Iterator[Violation]]
CHECKS: tuple[Check, ...] = (
    messages.check_messages,
    reactions.check_reactions,
    order.check_order,
    streams.check_streams,
    edits.check_edits,
    members.check_members,
    homes.check_homes,
    causes.check_causes,
    derived.check_derived,
    recovery.check_recovery,
)


def judge(given: History) -> tuple[Verdict, Index]:
    """The verdict over a history, and its messages. Raises HistoryError when it cannot be judged."""
    verdict = Verdict(given.name)
    verdict.count(given)
    index = build(given)
    for check in CHECKS:
        verdict.add(check(index))
    verdict.spans = recovery.curve(index)
    return verdict, index


def judge_file(path: Path) -> tuple[Verdict, Index]:
    """The same of a file. Raises HistoryError, OSError."""
    # Nothing that is made here is in a cycle, and there is much of it.
    was_on = gc.isenabled()
    gc.disable()
    try:
        return judge(history.read(path))
    finally:
        if was_on:
            gc.enable()
