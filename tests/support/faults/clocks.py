"""Processes whose wall clock is set by order, while they run; the clock that measures time goes on.

with Swapped(demo, *names) as cell:
    cell.run(dict.fromkeys(names, CLOCK))
    set_clock(cell, demo, "de-fra", names, -3600)
"""

import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from accord.clock import SystemClock
from tests.support.bugs.patching import replace
from tests.support.federation import RunningDemo
from tests.support.swapping import Swapped

CLOCK = "a clock that is set by order"
SET = signal.SIGUSR1


def by_order() -> None:
    """With each signal the clock is set off by as many seconds as the file beside the settings says."""
    order, ahead_us = _order(Path(sys.argv[sys.argv.index("--config") + 1]).parent), 0

    def read(number: int = 0, frame: object = None) -> None:
        nonlocal ahead_us
        ahead_us = int(order.read_text()) * 1_000_000 if order.exists() else 0

    def make(real: Any) -> Any:
        return lambda self: real(self) + ahead_us

    signal.signal(SET, read)
    replace(SystemClock, "now_us", make)


def set_clock(cell: Swapped, demo: RunningDemo, node: str, names: Iterable[str], ahead_s: int) -> None:
    """Set the clocks of processes of a cell off from the machine's, by `ahead_s` (negative: back)."""
    _order(demo.data_dir / "cells" / node).write_text(str(ahead_s))
    for name in names:
        cell.signal(name, SET)


def _order(folder: Path) -> Path:
    return folder / "clock-ahead-s"
