"""What keeps something or passes it on, as the code makes it: the stores that the page of stores is about.

Columns come from the schemas of stores that are made and opened for it, keys, labels and kinds of events from
their registries, streams from the descriptors; memory, files, subjects and log keys from the syntax tree.
"""

import ast
import asyncio
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import sqlalchemy as sa
from google.protobuf.descriptor import ServiceDescriptor

from accord.runtime.metrics import METRICS, Metric
from accord.wire.cell.v1 import channel_pb2, gateway_pb2, operations_pb2
from accord.wire.directory.v1 import directory_pb2
from directory.adapters.sql import schema_version as directory_schema
from directory.adapters.sql.engine import Engines
from docs import queues
from regional_cell.adapters.local.search_fts5 import Fts5Index
from regional_cell.adapters.sql import schema_version as cell_schema
from regional_cell.domain.events import KINDS

Names = dict[str, set[str]]

_HOLDERS = frozenset({"dict", "set", "bytearray", "OrderedDict", "defaultdict", "Counter"})
_KEEPERS = frozenset({"cache", "lru_cache", "cached_property"})
_FLAGS = ("O_WRONLY", "O_RDWR", "O_CREAT")
_WRITERS = frozenset(
    {"write_bytes", "write_text", "mkdtemp", "mkstemp", "create_engine", "bind", "start_unix_server"}
)
_LEVELS = frozenset({"debug", "info", "warning", "error", "critical", "exception", "log"})
_WRITING = re.compile(r"[rbt]*[wax+][rwaxbt+]*")


def found(root: Path) -> Names:
    """Every store of the project, by kind."""
    known = queues.declared(root)
    waiting = {buffer for queue in known.queues for buffer in queue.buffers}
    names: Names = {
        "table": tables(),
        "event": set(KINDS),
        "stream": streams(),
        "metric label": labels(METRICS),
        "queue": {queue.name for queue in known.queues},
        "memory": set(queues.buffers(root)),
        "file": set(),
        "topic": set(),
        "log key": set(),
    }
    for file, text in sources(root):
        for kind, of_file in found_in(text, file).items():
            names[kind] |= of_file
    names["memory"] -= waiting
    return names


def sources(root: Path) -> Iterator[tuple[str, str]]:
    """Path and text of every module of the planes."""
    for package in queues.PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            file = path.relative_to(root).as_posix()
            if not file.startswith(queues.GENERATED):
                yield file, path.read_text(encoding="utf-8")


# --- schemas and registries --------------------------------------------------------------------------------


def tables() -> set[str]:
    """`store: table.column` of each store, as the database says once it is made."""
    with tempfile.TemporaryDirectory() as folder:
        cell, index = Path(folder, "cell.db"), Path(folder, "search.db")
        cell_schema.migrate(f"sqlite:///{cell}")
        asyncio.run(_open_once(Fts5Index(index)))
        engines = Engines(f"sqlite:///{Path(folder, 'directory.db')}")
        try:
            directory_schema.migrate(engines)
            return {
                *columns("cell", sa.create_engine(f"sqlite:///{cell}")),
                *columns("search index", sa.create_engine(f"sqlite:///{index}")),
                *columns("directory", engines.writer),
            }
        finally:
            engines.close()


async def _open_once(index: Fts5Index) -> None:
    await index.open()
    await index.close()


def columns(store: str, engine: sa.Engine) -> Iterator[str]:
    """What one store has. A full-text table's own tables hold what it holds, and are not listed."""
    with engine.connect() as connection:
        made = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all()
        virtual = [name for name, sql in made if (sql or "").upper().startswith("CREATE VIRTUAL")]
        for name, _ in made:
            if not name.startswith((*(f"{one}_" for one in virtual), "sqlite_")):
                for column in connection.exec_driver_sql(f'PRAGMA table_info("{name}")').all():
                    yield f"{store}: {name}.{column[1]}"


def streams() -> set[str]:
    """Every rpc on which more than one message goes one way."""
    services: list[ServiceDescriptor] = [
        service
        for file in (channel_pb2, gateway_pb2, operations_pb2, directory_pb2)
        for service in file.DESCRIPTOR.services_by_name.values()
    ]
    return {
        f"{service.full_name}/{method.name}"
        for service in services
        for method in service.methods
        if method.client_streaming or method.server_streaming
    }


def labels(metrics: Mapping[str, Metric]) -> set[str]:
    """Every label of every metric."""
    return {label for metric in metrics.values() for label in metric.labels}


# --- the syntax tree ---------------------------------------------------------------------------------------


def found_in(text: str, file: str) -> Names:
    """What one module keeps in memory, which of its functions write files, its subjects and log keys."""
    names: Names = {"memory": set(), "file": set(), "topic": set(), "log key": set()}
    for owner, scope, node in owned(ast.parse(text), "", ""):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if any(_last(one) in _KEEPERS for one in node.decorator_list):
                names["memory"].add(f"{file}::{owner}")
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target, value in _assigned(node):
                if _keeps(value, target, is_lasting=owner == scope):
                    name = ast.unparse(target).removeprefix("self.")
                    names["memory"].add(f"{file}::{scope}.{name}" if scope else f"{file}::{name}")
        elif isinstance(node, ast.Call):
            if _writes(node):
                names["file"].add(f"{file}::{owner}")
            if subject := _subject(node):
                names["topic"].add(f"{file}::{subject}")
            names["log key"] |= _log_keys(node)
    return names


def owned(tree: ast.AST, owner: str, scope: str) -> Iterator[tuple[str, str, ast.AST]]:
    """Every node with the classes and functions that it stands in, and with the classes alone. A function
    stands in itself.
    """
    for node in ast.iter_child_nodes(tree):
        inside, within = owner, scope
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            inside = f"{owner}.{node.name}" if owner else node.name
            within = inside if isinstance(node, ast.ClassDef) else scope
        yield inside, within, node
        yield from owned(node, inside, within)


def _assigned(node: ast.Assign | ast.AnnAssign) -> list[tuple[ast.expr, ast.expr | None]]:
    """Targets with their values; several in one statement stand for themselves."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
        return list(zip(target.elts, node.value.elts, strict=False))
    return [(target, node.value)]


def _last(node: ast.expr) -> str:
    """The last name of what is called or named, without its type arguments."""
    called = node.func if isinstance(node, ast.Call) else node
    return ast.unparse(called).partition("[")[0].rpartition(".")[2]


def _keeps(value: ast.expr | None, target: ast.expr, *, is_lasting: bool) -> bool:
    """Whether an attribute, a field of a class or a name of a module begins as something that fills."""
    if isinstance(value, ast.Call) and _last(value) == "field":
        made = [word.value for word in value.keywords if word.arg == "default_factory"]
        return bool(made) and _last(made[0]) in _HOLDERS
    if not (is_lasting or (isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name))):
        return False
    if isinstance(value, ast.Dict):
        return not value.keys
    return isinstance(value, ast.Call) and _last(value) in _HOLDERS


def _writes(call: ast.Call) -> bool:
    """Whether a call makes or changes something in a file system."""
    told = [*call.args, *(word.value for word in call.keywords)]
    if ast.unparse(call.func) == "os.open":
        return any(flag in ast.unparse(one) for one in told for flag in _FLAGS)
    if _last(call) == "open":
        modes = [one.value for one in told if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        return any(_WRITING.fullmatch(mode) for mode in modes)
    return _last(call) in _WRITERS or ast.unparse(call.func) == "sqlite3.connect"


def _subject(call: ast.Call) -> str:
    """What a call listens for, or tells, between the processes of a cell."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in ("listen", "tell") or not call.args:
        return ""
    return ast.unparse(call.args[0]) if "intercom" in ast.unparse(call.func) else ""


def _log_keys(call: ast.Call) -> set[str]:
    """Keys that a call writes to the log."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _LEVELS:
        return set()
    logger = ast.unparse(call.func.value)
    if logger != "events" and "get_logger(" not in logger:
        return set()
    return {word.arg for word in call.keywords if word.arg is not None}
