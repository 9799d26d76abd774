"""Processes that stand still for a while, and are thawed in any case."""

import contextlib
import os
import signal
from collections.abc import Iterator, Sequence

from tests.support.faults.watchdog import Watchdog
from tests.support.federation import RunningDemo

FROZEN_S_MAX = 300.0


def pids_of(demo: RunningDemo, *names: str) -> list[int]:
    """The processes of these names, as the demo's status has them; `de-fra` is its first alone."""
    rows = {row["name"]: int(row["pid"]) for row in demo.companion("status")["processes"]}
    return [rows[name] for name in names]


@contextlib.contextmanager
def frozen(watchdog: Watchdog, pids: Sequence[int]) -> Iterator[None]:
    """All of them stand still while the context is open."""
    thaw = [["kill", "-CONT", str(pid)] for pid in pids]
    with watchdog.guard(*thaw, within_s=FROZEN_S_MAX):
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
