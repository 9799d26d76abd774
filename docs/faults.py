"""The page of faults: the catalogue of `docs/faults.toml`, and the tests that say which of them they inject.

    @pytest.mark.fault("F04")
    def test_...(hurt, fault): ...     the docstring says what is asserted

A mark may stand at the test, or at one of its parameters (`pytest.param(..., marks=...)`); the same holds for
`long`. In the test the fixture `fault` is the number.
"""

import ast
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from docs.tables import table

MARK, LONG = "fault", "long"
ORDINARY, BOTH, ASKED = "each run", "each run, longer with `--long`", "with `--long`"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the catalogue; `absent`: what of it cannot be injected, since it does not exist yet."""

    fault: str
    users: str
    never: str
    absent: str = ""


@dataclass(frozen=True, slots=True)
class Injection:
    """One test of one fault: `test` is `file::name`, `asserted` its docstring, `when` it runs."""

    number: str
    test: str
    asserted: str
    when: str


def catalogue(root: Path) -> dict[str, Entry]:
    """The faults by number."""
    rows = tomllib.loads((root / "docs" / "faults.toml").read_text("utf-8"))
    return {number: Entry(**row) for number, row in rows.items()}


def injections(root: Path) -> Iterator[Injection]:
    """Every test that names a fault, by file and place."""
    for path in sorted((root / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if f"mark.{MARK}(" in text:
            yield from injections_of(text, path.relative_to(root).as_posix())


def injections_of(text: str, file: str) -> Iterator[Injection]:
    """The same of one file."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            asserted = " ".join((ast.get_docstring(node) or "").split())
            for number in dict.fromkeys(_numbers(node.decorator_list)):
                yield Injection(number, f"{file}::{node.name}", asserted, when_of(node.decorator_list))


def _numbers(decorators: Iterable[ast.expr]) -> Iterator[str]:
    for decorator in decorators:
        for node in ast.walk(decorator):
            if isinstance(node, ast.Call) and _is_mark(node.func, MARK):
                yield from (str(word.value) for word in node.args if isinstance(word, ast.Constant))


def when_of(decorators: Iterable[ast.expr]) -> str:
    """In which run a test with these decorators is."""
    marked = [node for decorator in decorators for node in ast.walk(decorator) if _is_mark(node, LONG)]
    if not marked:
        return ORDINARY
    return ASKED if any(node in marked for node in decorators) else BOTH


def _is_mark(node: ast.AST, name: str) -> bool:
    """`pytest.mark.<name>`."""
    if not isinstance(node, ast.Attribute) or node.attr != name:
        return False
    return isinstance(node.value, ast.Attribute) and node.value.attr == "mark"


def parts(entries: Mapping[str, Entry], tests: Iterable[Injection]) -> list[str]:
    """The parts of the page.

    Raises:
        KeyError: a fault without a test that is not said to be absent, a test of a fault that the catalogue
            does not have, or one that does not say what it asserts.
    """
    listed = sorted(tests, key=lambda one: (one.number, one.test))
    injected = {one.number for one in listed}
    unknown = injected - set(entries)
    untested = {number for number, entry in entries.items() if number not in injected and not entry.absent}
    silent = {one.test for one in listed if not one.asserted}
    if faults := sorted(unknown | untested | silent):
        raise KeyError(f"unknown faults, faults without a test, or tests without a docstring: {faults}")
    rows = [[one.number, f"`{one.test}`", one.asserted, one.when] for one in listed]
    absent = [f"* {number}: {entry.absent}" for number, entry in sorted(entries.items()) if entry.absent]
    return [
        table(
            ("number", "fault", "users see", "never"),
            [[number, row.fault, row.users, row.never] for number, row in sorted(entries.items())],
        ),
        "## Tests",
        table(("number", "test", "what is asserted", "when"), rows),
        *(["## Not there yet", "\n".join(absent)] if absent else []),
    ]
