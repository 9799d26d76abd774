"""Shows one long step: lines on standard error and, when asked for, JSON objects on standard output.

On a terminal the line is rewritten in place; elsewhere there is one at the start, every 15 s, and at the end.
The JSON objects are the `step` lines of the demo: name, of, state, took_s, detail.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import TextIO

LINE_S = 15.0


def is_lively(stream: TextIO) -> bool:
    """Whether a stream is a terminal on which lines may be rewritten."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class Progress:
    """One step with a name. `monotonic_s` is the clock that times it."""

    def __init__(
        self, name: str, *, as_json: bool, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._as_json = as_json
        self._monotonic_s = monotonic_s
        self._began_s = monotonic_s()
        self._told_s = self._began_s
        self._lively = is_lively(sys.stderr)

    def started(self, detail: str = "") -> None:
        """The step begins."""
        self._began_s = self._told_s = self._monotonic_s()
        self._event("started", detail)
        self._line(f"making ({detail})" if detail else "making", again=False)

    def tick(self) -> None:
        """The step goes on; call this about once a second."""
        now_s = self._monotonic_s()
        if self._lively or now_s - self._told_s >= LINE_S:
            self._told_s = now_s
            self._line(f"making, {now_s - self._began_s:.0f} s", again=True)

    def note(self, text: str) -> None:
        """Something that the reader should know; the step goes on."""
        self._line(text, again=False)

    def ready(self) -> None:
        """The step is done."""
        self._event("ready", "")
        self._line(f"ready, {self._monotonic_s() - self._began_s:.0f} s", again=False)

    def failed(self) -> None:
        """The step failed; the reason comes from whoever ran it."""
        self._event("failed", "")
        self._line("failed", again=False)

    def _line(self, text: str, *, again: bool) -> None:
        start, end = ("\r\x1b[2K", "" if again else "\n") if self._lively else ("", "\n")
        sys.stderr.write(f"{start}  {self._name:<16} {text}{end}")
        sys.stderr.flush()

    def _event(self, state: str, detail: str) -> None:
        if not self._as_json:
            return
        took_s = round(self._monotonic_s() - self._began_s, 3)
        step = {
            "event": "step",
            "name": self._name,
            "of": None,
            "state": state,
            "took_s": took_s,
            "detail": detail,
        }
        sys.stdout.write(json.dumps(step) + "\n")
        sys.stdout.flush()
