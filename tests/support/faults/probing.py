"""Single calls that are watched closely: how long each took and how it ended."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.support.clients import Plain

PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One call: HTTP status (0: no answer), error code (empty: `ok`), seconds until the answer."""

    status: int
    error: str
    took_s: float

    @property
    def is_typed(self) -> bool:
        """Whether the contract has a word for it: done, refused for now, or unknown."""
        return (self.status, self.error) in {
            (200, ""),
            (200, "fatal_error"),
            (503, "service_unavailable"),
        }


def ask(edge: Mapping[str, Any], token: str, method: str = "auth.test", **arguments: Any) -> Asked:
    """One call at an edge on a connection of its own."""
    began_s = time.monotonic()
    with Plain(edge, token, PATIENCE_S) as plain:
        try:
            answer = plain.call(method, **arguments)
        except httpx2.HTTPError as error:
            return Asked(0, type(error).__name__, time.monotonic() - began_s)
    if answer.status == 503:
        assert int(answer.headers["retry-after"]) >= 1
    return Asked(answer.status, answer.error, time.monotonic() - began_s)


def memory_bytes(pid: int) -> int:
    """What a process holds in memory (Linux)."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
