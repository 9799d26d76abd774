"""What people read of a shadow."""

import io
from typing import Any

from deploy.policy.output import Output
from deploy.policy.shadow import tell

NONE: dict[str, Any] = {"flows": 0, "rules": []}
LIVE = {"asked": 9, "allowed": NONE, "owes": NONE,
        "refused": {"flows": 4, "rules": [{"rule": "default/de F9", "flows": 4}]}}  # fmt: skip
CELL = {"kind": "cell", "why": "", "acknowledged_s": 60, "flows": 9, "other": 0}
TOLD = {
    "begun_s": 0, "ended_s": None, "live": LIVE, "replayed": LIVE, "agrees": True,
    "nodes": [
        {**CELL, "node": "de-fra", "state": "evaluating"}, {**CELL, "node": "us-iad", "state": "waiting"},
        {**CELL, "node": "in-bom", "state": "refused", "why": "signature"},
        {"node": "fra", "kind": "edge", "state": "unknown", "why": "counts no traffic"},
    ],
}  # fmt: skip


def read(told: dict[str, Any] | None) -> list[str]:
    out = io.StringIO()
    tell(told, Output(out, as_json=False))
    return [line.strip() for line in out.getvalue().splitlines()]


def test_live_and_replayed_stand_beside_each_other_with_whose_it_is() -> None:
    assert read(None) == []
    assert read(TOLD) == [
        "in shadow from 1970-01-01 00:00:00 UTC until now, by data class:",
        "9 flows were asked about under both",
        "0 newly allowed; replayed: 0",
        "4 newly refused; replayed: 4",
        "4 under default/de F9",
        "0 with other obligations; replayed: 0",
        "cell de-fra evaluates it since 1970-01-01 00:01:00 UTC: 9 flows",
        "cell us-iad has not acknowledged it",
        "cell in-bom cannot evaluate it: signature",
        "edge fra is not known: counts no traffic",
    ]


def test_live_and_replayed_that_differ_are_told_so() -> None:
    assert "live and replayed do not agree (yet)" in read({**TOLD, "agrees": False})
