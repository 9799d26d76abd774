"""What verbs print: lines for people, with colours where a terminal wants them, or one JSON object a line."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Literal, TextIO

from residency_policies.errors import Finding

Colour = Literal["plain", "red", "yellow", "green"]
_CODES = {"plain": "", "red": "31", "yellow": "33", "green": "32"}


class Output:
    """Writes to one stream. `NO_COLOR` and streams that are no terminals take colours away."""

    def __init__(self, stream: TextIO, as_json: bool = False) -> None:
        self.stream, self.as_json = stream, as_json
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        self._coloured = stream.isatty() and not plain and not as_json

    def line(self, text: str, colour: Colour = "plain") -> None:
        """A line for people; nothing when JSON is asked for."""
        if self.as_json:
            return
        code = _CODES[colour] if self._coloured else ""
        self.stream.write(f"\033[{code}m{text}\033[0m\n" if code else f"{text}\n")

    def value(self, value: Mapping[str, object]) -> None:
        """An object for programs; nothing when lines are asked for."""
        if self.as_json:
            self.stream.write(json.dumps(value, ensure_ascii=False, sort_keys=True) + "\n")

    def findings(self, found: Iterable[Finding]) -> bool:
        """Each finding in turn. Returns whether one of them is an error."""
        failed = False
        for finding in found:
            error = finding.code.startswith("E-")
            failed |= error
            self.line(str(finding), "red" if error else "yellow")
            self.value({"event": "finding", **asdict(finding)})
        return failed
