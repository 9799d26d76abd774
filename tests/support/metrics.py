"""What processes count, read from their pages of metrics."""

import re
from collections.abc import Iterable

import httpx2

from tests.support.federation import RunningDemo

READ_S = 30.0


def metrics_of(demo: RunningDemo, *names: str) -> list[str]:
    """The addresses of the pages of metrics of these processes, as the demo's status names them."""
    rows = {row["name"]: row for row in demo.companion("status")["processes"]}
    return [re.sub("^(http://)?", "http://", str(rows[name]["address"])) + "/metrics" for name in names]


def total(pages: Iterable[str], line: str) -> float:
    """The sum of a line, named to its last label, over the pages of some processes; 0 where there is none."""
    return sum(_value(httpx2.get(page, timeout=READ_S).text, line) for page in pages)


def _value(text: str, line: str) -> float:
    return next((float(one.rpartition(" ")[2]) for one in text.splitlines() if one.startswith(line)), 0.0)
