"""The page of enforcement points: where each plane asks for a decision, what, and which tests hold it.

Points stand in `domain/enforcement.py` of each plane. Where they are asked, the syntax tree tells; which test
notices that a check is gone, and which flow reaches a point, the tests say themselves:

    @pytest.mark.notices("edge/services/calls.py::Calls.admit", "edge.transit")
    @pytest.mark.reaches("edge.transit")
"""

import ast
import importlib
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docs.found import sources
from docs.tables import code, table
from residency_policies.points import Point

TABLES = tuple(f"{plane}.domain.enforcement" for plane in ("directory", "edge", "regional_cell"))
NOTICES, REACHES = "notices", "reaches"
# Where questions are decided: whatever asks comes through here, with a point.
DECIDING = {
    "directory/domain/homes.py",
    "edge/services/policies.py",
    "regional_cell/services/egress.py",
    "regional_cell/adapters/directory/policies.py",
}
# What decides: a profile, or a cell's policies.
ASKED = re.compile(r"(profile|policies)\b\W*$|profile_for\(")


@dataclass(frozen=True, slots=True, order=True)
class Asked:
    """A point, by its name, and a function that asks there: `file::Class.function`."""

    point: str
    place: str


def points() -> dict[str, Point]:
    """Every point by name, as the tables have them."""
    found: dict[str, Point] = {}
    for name in TABLES:
        for point in points_in(list(vars(importlib.import_module(name)).values())):
            if found.setdefault(point.name, point) is not point:
                raise ValueError(f"two points: {point.name}")
    return found


def points_in(value: Any) -> Iterator[Point]:
    """Points that a value is or holds."""
    if isinstance(value, Point):
        yield value
    elif isinstance(value, tuple | list):
        for one in value:
            yield from points_in(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from points_in(one)


def asked(root: Path) -> set[Asked]:
    """Every function that names a point of its module."""
    places: set[Asked] = set()
    for file, text in sources(root):
        module = file.removesuffix(".py").replace("/", ".")
        if ("oint" in text and module not in TABLES) or "enforcement import" in text:
            places |= set(asked_in(text, file, importlib.import_module(module)))
    return places


def asked_in(text: str, file: str, module: types.ModuleType) -> Iterator[Asked]:
    """The same of one module."""
    for owner, node in _functions(ast.parse(text), ""):
        for name in {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}:
            for point in points_in(vars(module).get(name)):
                yield Asked(point.name, f"{file}::{owner}")


def _functions(tree: ast.AST, owner: str) -> Iterator[tuple[str, ast.AST]]:
    """Outermost functions, with their classes."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{owner}{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{owner}{node.name}", node


def loose(text: str, file: str) -> list[str]:
    """Calls that ask without a point: questions and points made elsewhere, profiles and policies used
    elsewhere.
    """
    is_table = file.removesuffix(".py").replace("/", ".") in TABLES
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    found = []
    for node in sorted(calls, key=lambda call: call.lineno):
        owner, _, name = ast.unparse(node.func).rpartition(".")
        asks = name == "profile_for" or (name in ("decide", "bind") and ASKED.search(owner) is not None)
        is_loose = name == "Question" or (name == "Point" and not is_table)
        if is_loose or (asks and file not in DECIDING):
            found.append(f"{file}:{node.lineno}: {name}")
    return found


def marked(root: Path, mark: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Tests with this mark, and what it says; names of modules stand for their values."""
    for path in sorted((root / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if f"mark.{mark}(" in text:
            yield from _marked_in(path.relative_to(root).as_posix(), mark)


def _marked_in(file: str, mark: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
    for name, function in vars(module).items():
        for one in getattr(function, "pytestmark", ()) if name.startswith("test_") else ():
            if one.name == mark:
                yield f"{file}::{name}", one.args


def noticed(root: Path) -> dict[Asked, list[str]]:
    """Tests that notice when a point is not asked at a place."""
    found: dict[Asked, list[str]] = {}
    for test, (place, *names) in marked(root, NOTICES):
        for name in names:
            found.setdefault(Asked(name, place), []).append(test)
    return found


def reached(root: Path) -> dict[str, list[str]]:
    """Flows by the point that they reach."""
    found: dict[str, list[str]] = {}
    for test, names in marked(root, REACHES):
        for name in names:
            found.setdefault(name, []).append(test)
    return found


def faults(
    known: Mapping[str, Point],
    places: Iterable[Asked],
    tests: Mapping[Asked, list[str]],
    flows: Mapping[str, list[str]],
) -> list[str]:
    """What keeps the table from being whole, both ways."""
    there = set(places)
    names = {one.point for one in there}
    return [
        *(f"nobody asks at {name}" for name in sorted(known.keys() - names)),
        *(f"no table has {name}" for name in sorted(names - known.keys())),
        *(f"no test notices {one.place} without {one.point}" for one in sorted(there - tests.keys())),
        *(f"{one.place} does not ask at {one.point}" for one in sorted(tests.keys() - there)),
        *(f"no flow reaches {name}" for name in sorted(known.keys() - flows.keys())),
        *(f"no table has {name}, which a flow reaches" for name in sorted(flows.keys() - known.keys())),
    ]


def parts(root: Path) -> list[str]:
    """The sections of the page."""
    tests, flows, places = noticed(root), reached(root), sorted(asked(root))
    rows = []
    for name, point in points().items():
        rows.append((
            f"`{name}`", point.op, code(point.classes), point.purpose,
            "all" if len(point.can) > 8 else code(sorted(point.can)) or "none",
            code(one.place for one in places if one.point == name),
            code(flows.get(name, ())),
            code(dict.fromkeys(test for one in places if one.point == name for test in tests.get(one, ()))),
        ))  # fmt: skip
    head = ("point", "operation", "classes", "purpose", "can discharge", "asked in", "flow", "noticed by")
    return [table(head, rows)]
