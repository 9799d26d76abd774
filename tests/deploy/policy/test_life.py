"""What officers read of conversations that policies no longer allow."""

import io
from typing import Any

from deploy.policy.life import show_unlawful
from deploy.policy.output import Output

ONE = {
    "workspace": "T1", "channel": "C1", "outcome": "refused", "rule": "default/de F9", "bundle_version": 2,
    "since_s": 0, "deadline_s": 86_400, "overdue_s": 0,
}  # fmt: skip


def said(**cell: Any) -> str:
    """The lines about a cell."""
    stream = io.StringIO()
    known = {"cell": "de-fra", "known": True, "more": 0, "conversations": []}
    show_unlawful({**known, **cell}, Output(stream))
    return stream.getvalue()


def test_each_is_named_with_its_rule_and_deadline_and_so_is_a_cell_that_said_nothing() -> None:
    assert said() == ""
    assert said(known=False) == "  conversations of de-fra are not known\n"
    lines = said(conversations=[ONE], more=3).splitlines()
    assert lines[0].endswith("C1 is refused by default/de F9: resolve it until 1970-01-02 00:00:00 UTC")
    assert lines[1] == "  de-fra has 3 more"
    [late] = said(conversations=[{**ONE, "overdue_s": 129_600}]).splitlines()
    assert late.endswith("resolve it until 1970-01-02 00:00:00 UTC, overdue for 1.5 days")
