"""Small, ratcheted: a module has at most 400 lines, a function at most 70."""

import ast
from collections.abc import Iterator

from tests.architecture.sources import PACKAGES, modules, parse

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

# Offenders and their sizes. An entry may shrink or go; nothing is ever added.
RATCHET: dict[str, int] = {}


def sizes(path: str, text: str) -> Iterator[tuple[str, int, int]]:
    """Name, lines and limit of the module and of every function in it."""
    yield path, len(text.splitlines()), MODULE_LINES_MAX
    for node in ast.walk(parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield f"{path}:{node.name}", lines, FUNCTION_LINES_MAX


def faults(measured: dict[str, tuple[int, int]], ratchet: dict[str, int]) -> Iterator[str]:
    """What is too large, and entries of the ratchet that no longer describe the source."""
    for name, (lines, limit) in measured.items():
        if lines > ratchet.get(name, limit):
            yield f"{name}: {lines} lines, at most {ratchet.get(name, limit)}"
    for name, listed in ratchet.items():
        lines, limit = measured.get(name, (0, 0))
        if lines <= limit or lines < listed:
            yield f"{name}: has {lines} lines, the list says {listed}: lower or remove the entry"


def test_modules_and_functions_stay_small() -> None:
    measured = {
        name: (lines, limit)
        for path, text in modules(*PACKAGES, "tests", "proto", "benchmarks")
        for name, lines, limit in sizes(path, text)
    }
    found = list(faults(measured, RATCHET))
    assert measured
    assert not found, "\n".join(found)


def test_what_grows_too_large_is_found() -> None:
    body = "def act():\n" + "    pass\n" * FUNCTION_LINES_MAX
    module = body + "pass\n" * MODULE_LINES_MAX
    measured = {name: (lines, limit) for name, lines, limit in sizes("a.py", module)}
    assert len(list(faults(measured, {}))) == 2


def test_the_ratchet_only_tightens() -> None:
    measured = {"a.py": (450, 400), "b.py": (300, 400)}
    assert not list(faults(measured, {"a.py": 450}))
    assert list(faults(measured, {"a.py": 449}))
    assert list(faults(measured, {"a.py": 460}))
    assert list(faults(measured, {"a.py": 450, "b.py": 410}))
    assert list(faults(measured, {"a.py": 450, "gone.py": 410}))
