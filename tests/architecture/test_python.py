"""How Python is typed and started."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from tests.architecture.sources import PACKAGES, modules, parse, pyproject

# Libraries without types, each with the reason why it is used all the same.
UNTYPED: dict[str, str] = {
    "grpc_health": "the health service of gRPC; it ships no types and the stubs of grpcio do not cover it",
    "grpc_tools": "the compiler of the contracts, used by scripts and tests alone; it ships no types",
    "matplotlib": "plots of the benchmarks, in their own environment alone: not there when types are checked",
}

LOOSENED = ("ignore_missing_imports", "follow_imports", "follow_untyped_imports", "ignore_errors")
GENERATED = {"accord.wire.*"}
BLANKET = re.compile(r"#\s*type:\s*ignore(?!\[)|#\s*noqa(?!:)|#\s*mypy:|#\s*ruff:\s*noqa")


def loosened(mypy: dict[str, Any], untyped: dict[str, str]) -> Iterator[str]:
    """Settings of mypy that let an import or a module go unchecked without a listed reason."""
    if mypy.get("strict") is not True:
        yield "mypy is not strict"
    yield from (f"{option} for everything" for option in LOOSENED if option in mypy)
    for override in mypy.get("overrides", []):
        names = override["module"] if isinstance(override["module"], list) else [override["module"]]
        for name in set(names) - GENERATED:
            if any(option in override for option in LOOSENED) and not untyped.get(name.partition(".")[0]):
                yield f"{name} goes unchecked without a reason"


def blankets(path: str, text: str) -> Iterator[str]:
    """Comments that silence a checker without saying which rule."""
    for number, line in enumerate(text.splitlines(), start=1):
        if BLANKET.search(line) and not path.endswith("test_python.py"):
            yield f"{path}:{number}: say which rule is ignored"


def unsafe_starts(path: str, text: str) -> Iterator[str]:
    """Commands with `-m` but without `-P`: they would import from the current folder."""
    for node in ast.walk(parse(text)):
        parts = node.elts if isinstance(node, ast.List | ast.Tuple) else []
        words = [part.value for part in parts if isinstance(part, ast.Constant)]
        if "-m" in words and "-P" not in words:
            yield f"{path}:{getattr(node, 'lineno', 0)}: a Python process is started without -P"


def test_types_are_checked_everywhere() -> None:
    assert not list(loosened(pyproject()["tool"]["mypy"], UNTYPED))


def test_no_checker_is_silenced_without_a_rule() -> None:
    found = [fault for path, text in modules(*PACKAGES, "tests", "proto") for fault in blankets(path, text)]
    assert not found, "\n".join(found)


def test_python_processes_are_started_without_the_current_folder() -> None:
    found = [fault for path, text in modules(*PACKAGES, "tests") for fault in unsafe_starts(path, text)]
    assert not found, "\n".join(found)


def test_a_loosened_type_check_is_found() -> None:
    override = {"module": "somelib.*", "ignore_missing_imports": True}
    assert len(list(loosened({"strict": True, "overrides": [override]}, {}))) == 1
    assert not list(loosened({"strict": True, "overrides": [override]}, {"somelib": "ships no types"}))
    assert list(loosened({"strict": False}, {}))
    assert list(loosened({"strict": True, "ignore_missing_imports": True}, {}))


def test_a_silenced_checker_is_found() -> None:
    assert list(blankets("a.py", "import b  # type: " + "ignore"))
    assert not list(blankets("a.py", "import b  # type: " + "ignore[import-untyped]"))


def test_an_unsafe_start_is_found() -> None:
    assert list(unsafe_starts("a.py", 'run([python, "-m", "edge"])'))
    assert not list(unsafe_starts("a.py", 'run([python, "-P", "-m", "edge"])'))
