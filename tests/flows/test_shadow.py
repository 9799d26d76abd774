"""A policy in shadow on real processes: nothing is decided by it, and cells count what would be."""

from pathlib import Path
from typing import Any

from tests.flows.test_files import fetch
from tests.flows.test_policies import STRICTER, Officers, until
from tests.support.clients import web
from tests.support.federation import RunningDemo
from tests.support.rooms import person

WITHIN_S = 30.0
# A download is asked about before it begins, and once for each piece.
ASKED = 2
DOWNLOADS = 4


def told(officers: Officers, number: int) -> dict[str, Any]:
    """What came of the shadow until now."""
    shadow: dict[str, Any] = officers.ask("auditor-1", "status", str(number))[-1]["shadow"]
    return shadow


def states(officers: Officers, number: int) -> dict[str, str]:
    return {it["node"]: it["state"] for it in told(officers, number)["nodes"]}


def test_a_replay_of_what_was_counted_in_shadow_equals_what_cells_saw_live(
    hurt: RunningDemo, tmp_path: Path
) -> None:
    officers, anna = Officers(hurt, tmp_path), person(hurt, "acme", "member", 0)
    answer = web(hurt.edge("fra"), anna.token).files_upload_v2(content=b"for Europe", filename="eu.txt")
    address = answer["files"][0]["url_private"]
    before = officers.version()
    number = officers.submit(STRICTER)
    try:
        assert officers.ask("officer-de-1", "shadow", str(number), status=1)[-1]["error"] == "WRONG_STATE"
        for name in ("officer-de-2", "officer-de-3"):
            officers.ask(name, "approve", str(number))
        # Seen before it is in shadow: no part of it.
        assert fetch(hurt, "iad", anna.token, address) == (200, b"for Europe")
        assert officers.ask("officer-de-1", "shadow", str(number))[-1]["state"] == "shadow"
        evaluating = {"de-fra": "evaluating", "us-iad": "evaluating", "fra": "unknown", "iad": "unknown"}
        until(lambda: states(officers, number) == evaluating)
        for _ in range(DOWNLOADS):
            # What the shadow would refuse is allowed as before.
            assert fetch(hurt, "iad", anna.token, address) == (200, b"for Europe")
            assert fetch(hurt, "fra", anna.token, address) == (200, b"for Europe")
        wanted = DOWNLOADS * ASKED
        until(lambda: told(officers, number)["live"]["refused"]["flows"] >= wanted, WITHIN_S)
        until(lambda: told(officers, number)["agrees"], WITHIN_S)
        shadow = told(officers, number)
        assert shadow["live"] == shadow["replayed"]
        assert shadow["live"]["refused"]["rules"] == [{"rule": "default/de F9", "flows": wanted}]
        assert shadow["live"]["allowed"]["flows"] == shadow["live"]["owes"]["flows"] == 0
        assert shadow["live"]["asked"] > wanted
        german = next(it for it in shadow["nodes"] if it["node"] == "de-fra")
        assert german["changed"] == {"allowed": 0, "refused": wanted, "owes": 0}
        assert officers.version() == before
        # Another roll-out has to wait; and out of shadow nothing is counted under it any more.
        ended = officers.ask("officer-de-1", "shadow", str(number), "--end")[-1]
        assert ended["state"] == "approved"
        assert told(officers, number)["ended_s"] is not None
        log = officers.ask("auditor-1", "log")
        acts = [it["open"]["act"] for it in log if "open" in it]
        assert [it for it in acts if "shadow" in it][-2:] == ["revision_shadowed", "revision_unshadowed"]
    finally:
        officers.ask("officer-de-1", "withdraw", str(number))
