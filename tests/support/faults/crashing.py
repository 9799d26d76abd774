"""Processes of a cell that die at a named point of the next batch, once they were armed by SIGUSR1."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from regional_cell.adapters.sql import append
from regional_cell.services.commits import writer
from tests.support.bugs.patching import replace

ANSWERED_S = 0.1
ARM = signal.SIGUSR1


def before_commit() -> None:
    """When the batch stands in the transaction, and is not committed."""
    armed = _armed_by_signal()

    def make(real: Any) -> Any:
        def commit(self: Any) -> None:
            if armed():
                _die()
            real(self)

        return commit

    replace(append.Appender, "_commit", make)


def after_commit() -> None:
    """When the batch is committed and synced, and nobody was told."""
    armed = _armed_by_signal()

    def make(real: Any) -> Any:
        def commit(self: Any) -> None:
            real(self)
            if armed():
                _die()

        return commit

    replace(append.Appender, "_commit", make)


def before_telling() -> None:
    """When the authors were acknowledged, and nobody else was told."""
    armed = _armed_by_signal()

    def make(real: Any) -> Any:
        def tell(self: Any, *arguments: Any) -> None:
            if armed():
                # What is acknowledged now has this long to leave.
                threading.Timer(ANSWERED_S, _die).start()
            else:
                real(self, *arguments)

        return tell

    replace(writer.GroupCommits, "_tell_feeds", make)


def _armed_by_signal() -> Callable[[], bool]:
    armed = threading.Event()
    signal.signal(ARM, lambda number, frame: armed.set())
    return armed.is_set


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
