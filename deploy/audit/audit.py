"""Runs every check over a history. Linear but for sorting: half a million sends take seconds."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

from deploy.audit import edits, history, messages, order, streams
from deploy.audit.history import History
from deploy.audit.index import Index, build
from deploy.audit.verdict import Verdict, Violation

Check = Callable[[Index], Iterator[Violation]]
CHECKS: tuple[Check, ...] = (
    messages.check_messages,
    order.check_order,
    streams.check_streams,
    edits.check_edits,
)


def judge(given: History) -> Verdict:
    """The verdict over a history. Raises HistoryError when it cannot be judged."""
    verdict = Verdict(given.name)
    verdict.count(given)
    index = build(given)
    for check in CHECKS:
        verdict.add(check(index))
    return verdict


def judge_file(path: Path) -> Verdict:
    """The verdict over a file. Raises HistoryError, OSError."""
    # Nothing that is made here is in a cycle, and there is much of it: looking for cycles would take longer
    # than the checks.
    was_on = gc.isenabled()
    gc.disable()
    try:
        return judge(history.read(path))
    finally:
        if was_on:
            gc.enable()
