"""Verdicts: what a history breaks, by the number of the invariant, with the lines that show it.

A violation names the least that shows it: the operations that contradict each other, and no others.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from deploy.audit.history import History, Operation

INVARIANTS = {
    "I01": "no acknowledged write is lost",
    "I02": "nothing is visible that was not written",
    "I03": "one key is one message",
    "I04": "one order in each channel",
    "I05": "a device sees its own writes and never goes back",
    "I06": "a stream is gap-free or says that it was reset",
    "I07": "nobody is shown what they have no right to",
    "I08": "one cell writes a workspace in each epoch",
    "I12": "the directory away, what exists goes on",
    "I13": "it recovers unaided",
    "I15": "what is derived equals what it is derived from; the deleted never returns",
    "I17": "both books of a crossing agree, and nothing is taken out of either",
    "I25": "what was unknown becomes known by one more try with the same key",
}
EACH_MAX = 20


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise.

    Attributes:
        invariant: `I01` ...
        check: the check that found it, A1 ... A15.
        lines: the lines of the history that show it, in order.
        ts: the message that it is about, where it is about one.
    """

    invariant: str
    check: str
    what: str
    channel: str = ""
    ts: str = ""
    lines: tuple[int, ...] = ()

    def __str__(self) -> str:
        place = f" in {self.channel}" if self.channel else ""
        at = f" (lines {', '.join(map(str, self.lines))})" if self.lines else ""
        return f"{self.invariant} {self.check}{place}: {self.what}{at}"


@dataclass(slots=True)
class Span:
    """Some seconds: what was asked in them, what of it was served, which faults held.

    Attributes:
        begins_s: since the first operation.
    """

    begins_s: float
    asked: int = 0
    served: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Verdict:
    """What became of a history.

    Attributes:
        violations: at most 20 of each invariant and check, the first ones; `counts` has how many there are.
        items: how many messages were read.
        told: how many events sockets told.
        spans: how much was served beside the faults, second by second.
    """

    name: str
    violations: list[Violation] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    operations: int = 0
    acknowledged: int = 0
    failed: int = 0
    unknown: int = 0
    items: int = 0
    told: int = 0
    faults: int = 0
    spans: list[Span] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.counts

    @property
    def invariants(self) -> list[str]:
        """Numbers of the invariants that are broken."""
        return sorted({invariant for invariant, _ in self.counts})

    @property
    def found(self) -> int:
        """How many violations there are, also those that are not kept."""
        return self.counts.total()

    def add(self, violations: Iterable[Violation]) -> None:
        """Note what a check found."""
        for violation in violations:
            kind = (violation.invariant, violation.check)
            if self.counts[kind] < EACH_MAX:
                self.violations.append(violation)
            self.counts[kind] += 1

    def count(self, history: History) -> None:
        """Count what was judged."""
        for operation in history.operations:
            if operation.op == "receive":
                self.told += 1
            elif operation.op == "fault":
                self.faults += 1
            else:
                self.operations += 1
                self.acknowledged += operation.outcome == "ok"
                self.failed += operation.outcome == "fail"
                self.unknown += operation.outcome == "unknown"
                self.items += len(operation.more.get("items", ()))


def lines_of(*operations: Operation | None) -> tuple[int, ...]:
    """The lines of these operations, in order."""
    return tuple(sorted({line for one in operations if one is not None for line in one.lines}))
