"""Histories: what clients tried, what they were answered and what they were told, one JSON object a line.

Written by the clients' harness, with the monotonic clock of one process, in the order of that clock. An
operation is two lines under one number: `invoke` when it begins, then `ok`, `fail` or `unknown` when it ends;
what has no duration (an event told by a socket, the copy of a cell's log) is one line.
docs/reference/histories.md lists operations and members.

Invariants
    1. Times never go back, a number begins once and ends at most once, a process does one thing at a time:
       whatever else stands in a file is refused with its line, and nothing is judged.
    2. An operation without an end is `unknown`: it may take effect at any time after it began.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from deploy.audit.operations import KINDS, MEMBERS, are_items_of, is_of, of_group

Outcome = Literal["ok", "fail", "unknown"]
CHUNK_LINES = 5_000
LINE_BYTES_MAX = 16 * 1024 * 1024
WRITES, READS, MOMENTS = of_group("write"), of_group("read"), of_group("moment")
OFTEN = frozenset({"process", "device", "user", "workspace", "channel", "edge", "cell"})
TEXTS = OFTEN | {"key", "value", "ts"}
# Most operations have nothing beyond: they share it, and nobody writes into it.
NOTHING: dict[str, Any] = {}


class HistoryError(ValueError):
    """A file that is no history; the text names the file, the line and why."""


@dataclass(slots=True, eq=False)
class Operation:
    """One operation of one process.

    Attributes:
        line, end_line: where it stands in the file, from 1; `end_line` is 0 when it has no end.
        process: who did it; one thing at a time.
        device: the session under which it was done: sessions are promised their own order.
        ended_s: when the answer came; infinite when none did.
        more: every other member of both lines.
    """

    number: int
    op: str
    began_s: float
    line: int
    process: str = ""
    device: str = ""
    user: str = ""
    workspace: str = ""
    channel: str = ""
    edge: str = ""
    cell: str = ""
    key: str = ""
    value: str = ""
    ts: str = ""
    ended_s: float = math.inf
    outcome: Outcome = "unknown"
    end_line: int = 0
    more: dict[str, Any] = field(default_factory=lambda: NOTHING)

    @property
    def latest_s(self) -> float:
        """The last moment at which it can have taken effect."""
        return math.inf if self.outcome == "unknown" else self.ended_s

    @property
    def lines(self) -> tuple[int, ...]:
        """Its lines in the file."""
        return (self.line, self.end_line) if self.end_line else (self.line,)


class History:
    """A whole history; operations in the order in which they began."""

    def __init__(self, name: str, operations: list[Operation]) -> None:
        self.name, self.operations = name, operations
        self._by_kind: dict[str, list[Operation]] = {}
        for operation in operations:
            self._by_kind.setdefault(operation.op, []).append(operation)

    def of(self, *kinds: str) -> Iterable[Operation]:
        """Operations of these kinds, in order."""
        there = frozenset(kinds) & self._by_kind.keys()
        if len(there) == 1:
            return self._by_kind[next(iter(there))]
        return (operation for operation in self.operations if operation.op in there)


def read(path: Path) -> History:
    """Read a file. Raises HistoryError, OSError."""
    with path.open("rb") as file:
        return parse(file, str(path))


def parse(lines: Iterable[bytes], name: str) -> History:
    """The history in these lines. Raises HistoryError."""
    reading = _Reading(name)
    source = iter(lines)
    while chunk := list(islice(source, CHUNK_LINES)):
        for fields in _decoded(chunk, name, reading.line):
            reading.take(fields)
    return History(name, reading.operations)


def _decoded(chunk: list[bytes], name: str, before: int) -> list[Any]:
    """All lines of a chunk at once, which is much faster; one by one only to name a bad one."""
    if all(len(line) <= LINE_BYTES_MAX for line in chunk):
        try:
            values: list[Any] = json.loads(b"[" + b",".join(chunk) + b"]")
        except (ValueError, RecursionError):
            values = []
        if len(values) == len(chunk):
            return values
    for number, line in enumerate(chunk, before + 1):
        try:
            json.loads(line if len(line) <= LINE_BYTES_MAX else b"")
        except (ValueError, RecursionError):
            raise HistoryError(f"{name}:{number}: not a line of JSON") from None
    raise HistoryError(f"{name}: {before + 1} to {before + len(chunk)}: not one JSON object a line")


class _Reading:
    """Joins the two lines of each operation."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.line = 0
        self.operations: list[Operation] = []
        self._numbers: set[int] = set()
        self._open: dict[int, Operation] = {}
        self._busy: dict[str, int] = {}
        self._now_s = -math.inf
        self._texts: dict[str, str] = {}

    def take(self, fields: Any) -> None:
        """One more line. Its members go into the operation."""
        self.line += 1
        try:
            now_s, number, kind = fields.pop("t"), fields.pop("i"), fields.pop("type")
        except (TypeError, KeyError, IndexError, AttributeError):
            raise self._refused("i, t and type are needed") from None
        if type(now_s) not in (float, int) or type(number) is not int or not math.isfinite(now_s):
            raise self._refused("i is a whole number and t are seconds")
        if now_s < self._now_s:
            raise self._refused("the clock went back")
        self._now_s = now_s
        if number in self._open and kind != "invoke":
            self._end(self._open.pop(number), fields, kind, now_s)
        else:
            self._begin(fields, number, kind, now_s)

    def _begin(self, fields: dict[str, Any], number: int, kind: Any, now_s: float) -> None:
        op = fields.pop("op", None)
        if number in self._numbers:
            raise self._refused(f"number {number} began before")
        if type(op) is not str or op not in KINDS:
            raise self._refused("there is no such op")
        if (kind == "invoke") == (op in MOMENTS) or kind not in ("invoke", "ok"):
            raise self._refused(f"{op} does not begin with this type")
        self._numbers.add(number)
        operation = Operation(number, op, now_s, self.line)
        self._keep(operation, fields)
        self.operations.append(operation)
        if kind == "ok":
            operation.ended_s, operation.outcome = now_s, "ok"
            return
        other = self._busy.setdefault(operation.process, number)
        if other != number:
            raise self._refused(f"process {operation.process} is still busy with number {other}")
        self._open[number] = operation

    def _end(self, operation: Operation, fields: dict[str, Any], kind: Any, now_s: float) -> None:
        if kind not in ("ok", "fail", "unknown"):
            raise self._refused("type is one of invoke, ok, fail, unknown")
        if fields.pop("op", operation.op) != operation.op:
            raise self._refused(f"number {operation.number} began as {operation.op}")
        fields.pop("process", None)
        del self._busy[operation.process]
        operation.outcome, operation.ended_s, operation.end_line = kind, now_s, self.line
        self._keep(operation, fields)

    def _keep(self, operation: Operation, fields: dict[str, Any]) -> None:
        """Put what is left of a line where it belongs."""
        texts = self._texts
        for name, value in fields.items():
            if name in TEXTS:
                if type(value) is not str:
                    raise self._refused(f"{name} is text")
                setattr(operation, name, texts.setdefault(value, value) if name in OFTEN else value)
                continue
            member = MEMBERS.get(name)
            if member is not None and not is_of(member.kind, value):
                raise self._refused(f"{name} is of another kind")
            if name == "items" and not are_items_of(operation.op, value):
                raise self._refused(f"items of a {operation.op} have other texts")
            if operation.more is NOTHING:
                operation.more = {}
            operation.more[name] = value

    def _refused(self, why: str) -> HistoryError:
        return HistoryError(f"{self.name}:{self.line}: {why}")
