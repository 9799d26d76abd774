"""The invariants that stand at the top of modules, and the tests that hold them: a page of the reference."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from docs.tables import code

PACKAGES = ("accord", "residency_policies", "directory", "edge", "regional_cell", "deploy")
_BLOCK = re.compile(r"^Invariants\n((?:[ ]+\S.*\n?|\n(?=[ ]+\d))+)", re.MULTILINE)
_ITEM = re.compile(r"^\s*\d+\.\s+", re.MULTILINE)


def invariants_of(text: str) -> list[str]:
    """The numbered sentences below `Invariants` in a module's docstring, each on one line."""
    docstring = ast.get_docstring(ast.parse(text)) or ""
    block = _BLOCK.search(docstring)
    return [" ".join(item.split()) for item in _ITEM.split(block[1])[1:]] if block else []


def stated(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Every module that states invariants, with them."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if found := invariants_of(path.read_text(encoding="utf-8")):
                yield path.relative_to(root).as_posix(), found


def held(root: Path) -> dict[str, list[str]]:
    """Tests by module, as `docs/invariants.toml` lists them."""
    listed: dict[str, list[str]] = tomllib.loads((root / "docs" / "invariants.toml").read_text("utf-8"))
    return listed


def parts(modules: list[tuple[str, list[str]]], tests: dict[str, list[str]]) -> list[str]:
    """A part of the page for each module.

    Raises:
        KeyError: a module without a test, or a test of a module that states nothing.
    """
    names = [name for name, _ in modules]
    if faults := {name for name in names if not tests.get(name)} ^ (set(tests) - set(names)):
        raise KeyError(f"invariants without a test, or tests without invariants: {sorted(faults)}")
    made = []
    for name, found in modules:
        lines = [f"{number}. {sentence}" for number, sentence in enumerate(found, 1)]
        shown = "  \n".join(code([test]) for test in tests[name])
        made.append("\n".join([f"## {name}", "", *lines, "", f"Held by  \n{shown}"]))
    return made
