"""The record of a campaign of faults: what each test injected, checked and found, one JSON object a line.

`colink test` names a fresh file to its tests (`tests/support/campaign.py` writes into it), puts first what
ran, and sums it up in its end. The file stays below `.colink/campaigns/`: {fault, test, injected, operations,
violations, seconds} for each test, after a first line {began, commit, long} and before a last one with the
totals.
"""

import json
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deploy import environment
from deploy.tally import Failure, Tally

VARIABLE = "DEPLOY_TEST_CAMPAIGN"
KEPT = 20


@dataclass
class Totals:
    """What a campaign comes to."""

    injected: int = 0
    kinds: int = 0
    operations: int = 0
    violations: int = 0

    def add(self, injected: int, operations: int, violations: int) -> None:
        """One more line."""
        self.injected += injected
        self.operations += operations
        self.violations += violations

    def line(self) -> str:
        """As the end of a run says it."""
        faults = f"{self.injected} faults injected (of {self.kinds} kinds)"
        return f"{faults}, {self.operations} operations checked, {self.violations} violations"


class Campaign:
    """One run's file. Nothing of it is left when no test injected anything."""

    def __init__(self, root: Path, *, long: bool) -> None:
        began = datetime.now(UTC)
        folder = environment.store(root) / "campaigns"
        folder.mkdir(parents=True, exist_ok=True)
        for old in sorted(folder.glob("*.jsonl"))[:-KEPT]:
            old.unlink(missing_ok=True)
        self.path = folder / f"{began:%Y%m%dT%H%M%S.%f}.jsonl"
        self._write({"began": f"{began:%Y-%m-%dT%H:%M:%SZ}", "commit": _commit(root), "long": long})

    def close(self, tally: Tally) -> None:
        """Sum up, write the totals and tell them; nothing of it, and no file, when nothing was injected."""
        totals, kinds = Totals(), set()
        for number, line in enumerate(self.path.read_text(encoding="utf-8").splitlines()[1:], 2):
            try:
                entry = json.loads(line)
                kinds.add(entry["fault"])
                totals.add(entry["injected"], entry["operations"], entry["violations"])
            except (ValueError, KeyError, TypeError):
                text = f"{self.path}:{number}: not a line of tests/support/campaign.py"
                tally.add_failed(Failure("campaign", "the record of faults", "python -m deploy test", text))
        totals.kinds = len(kinds)
        if not kinds:
            self.path.unlink()
            return
        self._write({"totals": vars(totals)})
        tally.add_campaign(totals.line(), vars(totals), str(self.path))

    def _write(self, line: dict[str, object]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _commit(root: Path) -> str:
    """The commit that is tested; empty outside of a checkout of git."""
    command = ["git", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
