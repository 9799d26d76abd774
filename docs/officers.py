"""The page of officers: what each door of the directory shows to whom, from `docs/officers.toml`, and which
role may do what, from the code.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from directory.domain.officers import MAY, Role
from docs.tables import table

SEES = {
    "open": "everybody, without a session",
    "alike": "every officer, the same",
    "own": "who has its jurisdictions; others are refused",
    "parts": "every officer, their part",
}


@dataclass(frozen=True, slots=True)
class Door:
    """A row: `sees` is a key of `SEES`, or `act`; then `act` is a value of `OfficerAct`, or `none`."""

    sees: str
    what: str
    why: str
    act: str = ""


def doors(root: Path) -> dict[str, Door]:
    """Every row by verb and path."""
    rows = tomllib.loads((root / "docs" / "officers.toml").read_text("utf-8"))["route"]
    return {route: Door(**row) for route, row in rows.items()}


def parts(rows: dict[str, Door]) -> list[str]:
    """The page below its head."""
    reads = [[f"`{route}`", SEES[it.sees], it.what, it.why] for route, it in rows.items() if it.sees != "act"]
    acts = [[f"`{route}`", it.act, it.what, it.why] for route, it in rows.items() if it.sees == "act"]
    roles = [[act.value, *("yes" if role in may else "no" for role in Role)] for act, may in MAY.items()]
    return [
        "## Reading",
        table(("route", "who is answered", "what it shows", "why"), reads),
        "## Acting",
        "In all jurisdictions of what is acted on. Answers show what reading shows.",
        table(("route", "act", "what it does", "remark"), acts),
        "## Roles",
        table(("act", *(role.value for role in Role)), roles),
    ]
