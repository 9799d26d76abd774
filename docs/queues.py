"""The page of queues: `docs/queues.toml` says of everything in which something can wait where it ends and
what happens there. What the code makes and the table does not name is a fault, and so is a bound that does
not exist.
"""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from docs.tables import table

PACKAGES = ("accord", "directory", "edge", "regional_cell")
GENERATED = "accord/wire"
MAKERS = frozenset(
    """
    deque Queue LifoQueue PriorityQueue SimpleQueue OrderedDict ThreadPoolExecutor Gate Lanes
    """.split()  # noqa: SIM905 - read as prose
)


@dataclass(frozen=True, slots=True)
class Queue:
    """One row: `buffers` hold it (`file::Class.name`), `bounds` name its limit in the code (`file::NAME`) or
    in the settings (`setting writer.queue_max`).
    """

    name: str
    where: str
    holds: str
    data_class: str
    limit: str
    full: str
    buffers: tuple[str, ...]
    bounds: tuple[str, ...]
    metric: str = ""


@dataclass(frozen=True, slots=True)
class Declared:
    """All queues, and what looks like one and is none, each with why."""

    queues: tuple[Queue, ...]
    others: dict[str, str]


def declared(root: Path) -> Declared:
    """What the table says."""
    rows = tomllib.loads((root / "docs" / "queues.toml").read_text("utf-8"))
    queues = [_queue(name, **row) for name, row in rows["queue"].items()]
    return Declared(tuple(queues), rows["no_queue"])


def _queue(name: str, buffers: list[str], bounds: list[str], **row: str) -> Queue:
    data_class = row.pop("class")
    return Queue(name, buffers=tuple(buffers), bounds=tuple(bounds), data_class=data_class, **row)


def buffers(root: Path) -> Iterator[str]:
    """Every place in the source in which something can wait: `file::Class.name`."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            file = path.relative_to(root).as_posix()
            if not file.startswith(GENERATED):
                yield from buffers_of(path.read_text(encoding="utf-8"), file)


def buffers_of(text: str, file: str) -> Iterator[str]:
    """The same of one file."""
    for scope, owner in _scopes(ast.parse(text), ""):
        for node in scope:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if node.value is not None and _holds(node.value, is_attribute=isinstance(target, ast.Attribute)):
                yield f"{file}::{owner}{ast.unparse(target).removeprefix('self.')}"


def _scopes(tree: ast.AST, owner: str) -> Iterator[tuple[list[ast.Assign | ast.AnnAssign], str]]:
    """Assignments by the class that they stand in."""
    own: list[ast.Assign | ast.AnnAssign] = []
    todo = list(ast.iter_child_nodes(tree))
    while todo:
        node = todo.pop(0)
        if isinstance(node, ast.ClassDef):
            yield from _scopes(node, f"{owner}{node.name}.")
            continue
        if isinstance(node, ast.Assign | ast.AnnAssign):
            own.append(node)
        todo[:0] = ast.iter_child_nodes(node)
    yield own, owner


def _holds(value: ast.expr, *, is_attribute: bool) -> bool:
    made = {
        ast.unparse(node.func).partition("[")[0].rpartition(".")[2]
        for node in ast.walk(value)
        if isinstance(node, ast.Call)
    }
    return bool(made & MAKERS) or (is_attribute and isinstance(value, ast.List) and not value.elts)


def unknown(root: Path, names: Iterable[str]) -> list[str]:
    """Limits and buffers that stand in no code and no setting."""
    settings = (root / "docs" / "settings.toml").read_text(encoding="utf-8")
    return [
        name
        for name in names
        if not (
            f'"{name.removeprefix("setting ")}"' in settings
            if name.startswith("setting ")
            else _stands(root, *name.split("::"))
        )
    ]


def _stands(root: Path, file: str, name: str) -> bool:
    """Whether the name, without its classes, is given a value in the file."""
    path, last = root / file, re.escape(name.rpartition(".")[2])
    given = re.compile(rf"^\s*(self\.|socket\.)?{last}\b[\w, .]*(:[^=]*)?=", re.MULTILINE)
    together = re.compile(rf"^\s*([\w.]+, )+(self\.)?{last}\b[\w, .]*=", re.MULTILINE)
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return bool(given.search(text) or together.search(text))


def parts(known: Declared) -> list[str]:
    """The sections of the page."""
    rows = [
        (
            one.name,
            one.where,
            one.holds,
            one.data_class,
            one.limit,
            one.full,
            f"`{one.metric}`" if one.metric else "",
        )
        for one in known.queues
    ]
    return [table(("queue", "where", "what waits", "data class", "limit", "at the limit", "metric"), rows)]
