"""Writes histories: what clients of a test did, were answered and were told, for `deploy.audit` to judge.

One recorder for all clients of a test, of one process: its monotonic clock orders them. Cheap enough for
every operation; safe to share between threads.

Invariants
    1. Lines stand in the order of their times: both are taken under one lock.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

Ending = Literal["ok", "fail", "unknown"]


class Recorder:
    """The history of one test."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lines: list[dict[str, Any]] = []
        self._number = 0
        self._acknowledged: dict[str, int] = {}

    def begin(self, op: str, process: str, **members: Any) -> int:
        """An operation begins. Returns its number, to end it by."""
        with self._lock:
            self._number += 1
            line = {"i": self._number, "t": self._clock(), "op": op, "type": "invoke", "process": process}
            self._lines.append(line | members)
            return self._number

    def end(self, number: int, op: str, outcome: Ending, **members: Any) -> None:
        """It ends, with what was learned."""
        with self._lock:
            self._lines.append({"i": number, "t": self._clock(), "op": op, "type": outcome, **members})
            if outcome == "ok":
                self._acknowledged[op] = self._acknowledged.get(op, 0) + 1

    def moment(self, op: str, process: str, **members: Any) -> int:
        """Something without a duration: an event told, a socket closed, a log copied. Returns its number."""
        with self._lock:
            self._number += 1
            line = {"i": self._number, "t": self._clock(), "op": op, "type": "ok", "process": process}
            self._lines.append(line | members)
            return self._number

    @contextmanager
    def fault(self, what: str, target: str) -> Iterator[None]:
        """A fault that holds while the context does; `target` names what it is done to."""
        number = self.begin("fault", f"fault {self._number}", value=what, target=target)
        try:
            yield
        finally:
            self.end(number, "fault", "ok")

    def acknowledged(self, *ops: str) -> int:
        """How many operations of these kinds were acknowledged so far."""
        with self._lock:
            return sum(self._acknowledged.get(op, 0) for op in ops)

    def lines(self) -> Iterator[bytes]:
        """Everything so far, as lines of a history; what is under way has no end there."""
        with self._lock:
            lines = list(self._lines)
        return (json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)

    def write(self, path: Path) -> None:
        """Write everything so far to a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.writelines(self.lines())
