"""The record of a campaign: which fault each test injected, what was checked under it and what was found.

    campaign.record("F08", injected=1, operations=verdict.operations, violations=verdict.found, seconds=12.5)

`Load.verdict` does so by itself; a test that injects a fault without a load calls `record`. The lines go to
the file that `python -m deploy test` names in DEPLOY_TEST_CAMPAIGN, which sums them up in its end; run
without it, nothing is written.
"""

import json
import os
from pathlib import Path

from deploy.campaign import VARIABLE


def record(
    fault: str, *, injected: int, operations: int, violations: int, seconds: float, test: str = ""
) -> None:
    """Add one line.

    Args:
        fault: its number in the catalogue of faults, `F01` ..., or a word of one's own.
        injected: how often it was injected.
        test: by default the test that runs.
    """
    path = os.environ.get(VARIABLE)
    if not path:
        return
    line = {
        "fault": fault,
        "test": test or os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0],
        "injected": injected,
        "operations": operations,
        "violations": violations,
        "seconds": round(seconds, 3),
    }
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
