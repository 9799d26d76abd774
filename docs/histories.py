"""The page of histories: their operations and members, the invariants and the checks, as `deploy/audit` has
them.
"""

import inspect
import sys

from deploy.audit.audit import CHECKS
from deploy.audit.books import check_books
from deploy.audit.operations import KINDS, MEMBERS
from deploy.audit.verdict import INVARIANTS
from docs.tables import code, table


def histories() -> list[str]:
    """The parts of the page."""
    operations = [
        [f"`{name}`", kind.group, kind.meaning, code(kind.begins.split()), code(kind.ends.split())]
        for name, kind in KINDS.items()
    ]
    modules = [*(check.__module__ for check in CHECKS), check_books.__module__]
    checks = [inspect.cleandoc(sys.modules[module].__doc__ or "") for module in modules]
    return [
        "What clients of a federation did, were answered and were told, one JSON object a line, in the order"
        " of one clock. Whoever drives a federation with clients of their own writes one;"
        " `colink audit HISTORY` judges it (`deploy/audit/`). The tests of this project write them with"
        " `tests/support/recorder.py`.",
        "An operation is two lines under one number; what has no duration, a moment, is one. An operation"
        " without an end is `unknown`: it may take effect at any time after it began. A file whose times"
        " fall, whose process does two things at once or whose lines cannot be read is refused, not judged.",
        "## Operations",
        table(("op", "group", "meaning", "begins with", "ends with"), operations),
        "## Members",
        "Every line has `i`, `t`, `op` and `type`; the one that begins an operation also `process`, `device`,"
        " `user`, `workspace` and `edge`, where they apply. Others are kept and not looked at.",
        table(
            ("member", "kind", "meaning"),
            [[f"`{name}`", member.kind, member.meaning] for name, member in MEMBERS.items()],
        ),
        "## Invariants",
        table(("number", "promise"), [[number, promise] for number, promise in INVARIANTS.items()]),
        "## Checks",
        *(f"```text\n{check}\n```" for check in checks),
    ]
