"""The page of what residency policies are held to: the rows of `docs/acceptance.toml`, each with the tests
that show it and the run that they are part of.
"""

import ast
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from docs.faults import when_of
from docs.tables import table

WORKS = "benchmarks/works"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: what holds, tests as `file::name`, and works of the benchmarks that measure it."""

    number: int
    holds: str
    tests: tuple[str, ...]
    works: tuple[str, ...] = ()


def entries(root: Path) -> dict[str, Entry]:
    """The rows by name, in their order."""
    rows = tomllib.loads((root / "docs" / "acceptance.toml").read_text("utf-8"))
    return {
        name: Entry(row["number"], row["holds"], tuple(row["tests"]), tuple(row.get("works", ())))
        for name, row in rows.items()
    }


def shown_by(root: Path, test: str) -> str:
    """In which run a test is.

    Raises:
        KeyError: there is no such test.
    """
    file, _, name = test.partition("::")
    path = root / file
    for node in ast.walk(ast.parse(path.read_text("utf-8"))) if path.is_file() else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return when_of(node.decorator_list)
    raise KeyError(f"docs/acceptance.toml names {test}, which is not there")


def parts(root: Path, rows: Mapping[str, Entry]) -> list[str]:
    """The parts of the page.

    Raises:
        KeyError: a row that nothing shows, a test or a work that is not there.
    """
    found: list[list[str]] = []
    for name, row in rows.items():
        if not row.tests and not row.works:
            raise KeyError(f"docs/acceptance.toml: nothing shows {name}")
        lines = [[f"`{test}`", shown_by(root, test)] for test in row.tests]
        for work in row.works:
            if not (root / WORKS / f"{work}.py").is_file():
                raise KeyError(f"docs/acceptance.toml names the work {work}, which is not there")
            lines.append([f"`python -m benchmarks {work}`", "measured, when asked for"])
        head = [str(row.number), name, row.holds]
        found += [[*(("", "", "") if at else head), *line] for at, line in enumerate(lines)]
    return [table(("number", "name", "what holds", "shown by", "when"), found)]
