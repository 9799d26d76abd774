"""Traffic on real processes: what people do is counted by their cell, and is in the analysis of a change."""

import time
from pathlib import Path
from typing import Any

from tests.flows.test_files import fetch
from tests.flows.test_policies import STRICTER, Officers
from tests.support.clients import web
from tests.support.federation import RunningDemo
from tests.support.rooms import person

WITHIN_S = 60.0
# A download is asked about before it begins, and once for each piece.
ASKED = 2


def refused(officers: Officers, number: int) -> tuple[int, dict[str, Any]]:
    """How many flows of the last 30 days the revision would refuse, analysed now; and all that is said."""
    told = officers.ask("officer-de-1", "impact", str(number))[-1]["analysis"]["traffic"]
    assert told["allowed"]["flows"] == 0
    return told["refused"]["flows"], told


def test_a_change_says_which_flows_of_the_last_days_it_would_refuse(
    hurt: RunningDemo, tmp_path: Path
) -> None:
    officers, anna = Officers(hurt, tmp_path), person(hurt, "acme", "member", 0)
    answer = web(hurt.edge("fra"), anna.token).files_upload_v2(content=b"for Europe", filename="eu.txt")
    address = answer["files"][0]["url_private"]
    number = officers.submit(STRICTER)
    try:
        before, _ = refused(officers, number)
        for _ in range(3):
            assert fetch(hurt, "iad", anna.token, address) == (200, b"for Europe")
        begun_s = time.monotonic()
        while (now := refused(officers, number))[0] < before + 3 * ASKED:
            assert time.monotonic() - begun_s < WITHIN_S, now
            time.sleep(1)
        flows, told = now
        assert flows == before + 3 * ASKED
        assert told["refused"]["rules"] == [{"rule": "default/de F9", "flows": flows}]
        assert sum(it["flows"] for it in told["refused"]["workspaces"]) == flows
        nodes = {it["node"]: it["since_s"] is not None for it in told["nodes"]}
        assert nodes == {"de-fra": True, "us-iad": True, "fra": False, "iad": False}
    finally:
        officers.ask("officer-de-1", "withdraw", str(number))
