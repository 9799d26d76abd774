"""Counts the tests of a run and shows them: live, as plain lines, or as JSON objects.

Invariants
    1. Every test is counted once; what stands in for a crashed or unreadable part counts as one failure.
    2. The last line for people is `N passed, N failed, N skipped`, on standard output; with JSON on standard
       output it goes to standard error.
    3. A run succeeded when none failed and at least one passed or was skipped.
"""

import json
import os
import sys
import time
from dataclasses import dataclass, field

from deploy.progress import is_lively

LINE_S = 15.0
RED, GREEN, YELLOW = "31", "32", "33"


@dataclass(frozen=True)
class Failure:
    """One failure: the tier, the test (or part) and the command that runs it again."""

    tier: str
    name: str
    rerun: str
    text: str


@dataclass
class Tally:
    """The counts of a run, and the way they are shown."""

    as_json: bool = False
    passed: int = 0
    failures: list[Failure] = field(default_factory=list)
    skips: list[tuple[str, str]] = field(default_factory=list)
    _shown_s: float = field(default_factory=time.monotonic)
    _expected: int = 0
    _before: int = 0
    _campaign: str = ""

    def __post_init__(self) -> None:
        self._lively = not self.as_json and is_lively(sys.stdout)
        self._coloured = self._lively and not os.environ.get("NO_COLOR")

    @property
    def total(self) -> int:
        """How many tests have an outcome."""
        return self.passed + len(self.failures) + len(self.skips)

    def line(self) -> str:
        """The counts as the last line gives them."""
        return f"{self.passed} passed, {len(self.failures)} failed, {len(self.skips)} skipped"

    def exit_status(self) -> int:
        """0 only when none failed and at least one ran."""
        return 0 if not self.failures and self.passed else 1

    def tier_started(self, tier: str, summary: str) -> None:
        """The following outcomes belong to this tier."""
        self._before, self._expected = self.total, 0
        self._event("tier", name=tier, state="started")
        self._say(f"{tier}: {summary}")

    def expect(self, count: int) -> None:
        """So many tests of the tier are known to come."""
        self._expected = count

    def tier_ended(self, tier: str, took_s: float) -> None:
        """The tier is over."""
        ran = self.total - self._before
        self._event("tier", name=tier, state="ended", ran=ran, took_s=round(took_s, 1))
        self._say(
            f"{tier}: {ran} ran in {took_s:.1f} s" if ran else f"{tier}: there are no tests in this tier"
        )

    def add_passed(self, tier: str, name: str, took_s: float) -> None:
        """A test passed."""
        self.passed += 1
        self._event("test", tier=tier, id=name, outcome="passed", took_s=took_s)
        self._show(tier)

    def add_skipped(self, tier: str, name: str, reason: str) -> None:
        """A test was skipped; a skip without a reason says so."""
        reason = reason or "no reason given"
        self.skips.append((name, reason))
        self._event("test", tier=tier, id=name, outcome="skipped", reason=reason)
        self._say(self._paint(f"  skipped {name}: {reason}", YELLOW))

    def add_failed(self, failure: Failure) -> None:
        """A test, a check or a whole tier failed."""
        self.failures.append(failure)
        members = {"tier": failure.tier, "id": failure.name, "rerun": failure.rerun, "text": failure.text}
        self._event("test", outcome="failed", **members)
        self._say(self._paint(f"  FAILED {failure.name}", RED))

    def add_campaign(self, line: str, members: dict[str, int], path: str) -> None:
        """What the tests that injected faults come to, shown before the counts."""
        self._campaign = line
        self._event("campaign", **members, path=path)

    def close(self) -> None:
        """Show every failure in full, then the list with the commands, then the counts."""
        for failure in self.failures:
            self._say(f"\n{'-' * 8} {failure.tier}: {failure.name}\n{failure.text.rstrip()}")
        if self.failures:
            self._say("\nfailed, and how to run each again:")
        for failure in self.failures:
            self._say(f"  {failure.name}\n    {failure.rerun}")
        counts = {"passed": self.passed, "failed": len(self.failures), "skipped": len(self.skips)}
        self._event("finished", **counts)
        if self.as_json:
            sys.stderr.write(self.line() + "\n")
        else:
            if self._campaign:
                self._say(self._campaign)
            self._say(self._paint(self.line(), GREEN if self.exit_status() == 0 else RED))

    def _show(self, tier: str) -> None:
        now_s = time.monotonic()
        ran = self.total - self._before
        text = f"  {tier}: {ran} of {max(self._expected, ran)}, {len(self.failures)} failed so far"
        if self._lively:
            sys.stdout.write(f"\r\x1b[2K{text}")
            sys.stdout.flush()
        elif now_s - self._shown_s >= LINE_S:
            self._shown_s = now_s
            self._say(text)

    def _say(self, text: str) -> None:
        if self.as_json:
            return
        sys.stdout.write(("\r\x1b[2K" if self._lively else "") + text + "\n")
        sys.stdout.flush()

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured else text

    def _event(self, event: str, **members: object) -> None:
        if self.as_json:
            sys.stdout.write(json.dumps({"event": event, **members}) + "\n")
            sys.stdout.flush()
