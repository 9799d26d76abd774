"""The page of stores: what keeps something or passes it on, with its data class and where it rests.

What there is comes from the code (`docs/found.py`). What is declared stands beside columns, keys, labels and
kinds of events, and for the rest in `docs/stores.toml` and `docs/queues.toml`. A store without a class is a
fault, and so is a class that may not be where it is declared.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accord.runtime.logs import LOG_KEYS
from accord.runtime.metrics import LABELS
from directory.adapters.sql import classes as directory_classes
from docs import queues
from docs.found import Names
from docs.tables import code, table
from regional_cell.adapters.local import classes as index_classes
from regional_cell.adapters.sql import classes as cell_classes
from regional_cell.domain.events import KINDS
from residency_policies.vocabulary import CLASS_GROUPS, CLASSES

Classes = dict[str, dict[str, str]]
TableClasses = dict[str, dict[str, str]]

IN_TABLE = ("memory", "topic", "stream")
# Keys that are declared before anything logs them are kept: they are words, and hold nothing.
MAY_BE_UNUSED = ("log key",)
STORES: dict[str, TableClasses] = {
    "cell": cell_classes.CLASSES,
    "search index": index_classes.CLASSES,
    "directory": directory_classes.CLASSES,
}
RESTS = {
    "cell": "the home cell, `cell.db`",
    "search index": "the home cell, `search.db`",
    "directory": "the directory's database",
}
OF_DIRECTORY = re.compile(r"directory[:/]|accord\.wire\.directory\.")
# What repeats what people said, or tells of them: the directory has none of it. Of all that is personal it
# holds blind indexes, and the structure that routes.
NOT_IN_DIRECTORY = frozenset(
    name for group in ("content", "derived", "identity", "activity", "copies") for name in CLASS_GROUPS[group]
)
# But for officers' own credentials, which nothing of users stands beside.
OF_OFFICERS = re.compile(
    r"directory: officers\.|directory/adapters/memory/state\.py::State\.officers|.*\.InviteOfficer"
)
IN_LOGS = frozenset(CLASS_GROUPS["ops"] + CLASS_GROUPS["pseudonymous"])
ON_METRICS = frozenset(CLASS_GROUPS["ops"])


@dataclass(frozen=True, slots=True)
class FileKind:
    """One kind of file: a pattern of its path in the data folder of a federation, and the functions of the
    planes that write it, or `deploy`.
    """

    pattern: str
    data_class: str
    holds: str
    writers: tuple[str, ...]

    def is_of(self, path: str) -> bool:
        """Whether a path in a data folder is of this kind: `*` is some of one name, `**` some of a path."""
        marks = {"**": ".+", "*": "[^/]*"}
        pieces = re.split(r"(\*\*|\*)", self.pattern)
        return re.fullmatch("".join(marks.get(one, re.escape(one)) for one in pieces), path) is not None


@dataclass(frozen=True, slots=True)
class Kept:
    """Something in memory, a topic or a stream, and what it holds."""

    data_class: str
    holds: str


@dataclass(frozen=True, slots=True)
class Declared:
    """What `docs/stores.toml` says; `kept` by kind and place, `no_files` are functions and why they count
    not.
    """

    kept: dict[str, dict[str, Kept]]
    files: tuple[FileKind, ...]
    no_files: dict[str, str]


def declared(root: Path) -> Declared:
    """What the table says. Raises ValueError for a place with two classes."""
    return read(tomllib.loads((root / "docs" / "stores.toml").read_text(encoding="utf-8")))


def read(rows: Mapping[str, Any]) -> Declared:
    """The same of a parsed table."""
    kept: dict[str, dict[str, Kept]] = {kind: {} for kind in IN_TABLE}
    for kind, places in kept.items():
        for data_class, row in rows.get(kind, {}).items():
            for place, holds in row.items():
                if place in places:
                    raise ValueError(f"two classes: {place}")
                places[place] = Kept(data_class, holds)
    files = tuple(
        FileKind(pattern, row["class"], row["holds"], tuple(row["writers"]))
        for pattern, row in rows.get("file", {}).items()
    )
    return Declared(kept, files, rows.get("no_file", {}))


def classes(root: Path) -> Classes:
    """Kind to name to data class. Kinds of files stand below `path`."""
    own = declared(root)
    held = {kind: {place: one.data_class for place, one in rows.items()} for kind, rows in own.kept.items()}
    return held | {
        "table": {
            f"{store}: {name}.{column}": data_class
            for store, known in STORES.items()
            for name, columns in known.items()
            for column, data_class in columns.items()
        },
        "event": {name: kind.data_class for name, kind in KINDS.items()},
        "queue": {
            f"directory: {queue.name}"
            if queue.where.startswith("directory")
            else queue.name: queue.data_class
            for queue in queues.declared(root).queues
        },
        "log key": dict(LOG_KEYS),
        "metric label": dict(LABELS),
        "path": {kind.pattern: kind.data_class for kind in own.files},
    }


def writers(own: Declared) -> set[str]:
    """Functions that are known to write files, or to write none."""
    return {name for kind in own.files for name in kind.writers if name != "deploy"} | own.no_files.keys()


# --- holding one against the other --------------------------------------------------------------------------


def faults(found: Names, known: Classes, writing: set[str]) -> list[str]:
    """Every store without a class, every class of no vocabulary, and what is declared and gone."""
    faulty = [
        f"{kind}: {name} has the class {data_class}, which is none"
        for kind, names in known.items()
        for name, data_class in names.items()
        if data_class not in CLASSES
    ]
    for kind, names in found.items():
        named = (
            writing
            if kind == "file"
            else {_plain(name) for name in known[kind]}
            if kind == "queue"
            else known[kind].keys()
        )
        faulty += [f"{kind}: {name} declares no data class" for name in sorted(names - named)]
        if kind not in MAY_BE_UNUSED:
            faulty += [f"{kind}: {name} is gone" for name in sorted(named - names)]
    return faulty


def _plain(name: str) -> str:
    return name.removeprefix("directory: ")


def unlawful(known: Classes) -> list[str]:
    """Classes that may not be where they are declared: in the directory, in logs, on metrics."""
    return [
        f"{kind}: {name} is {data_class}"
        for kind, names in known.items()
        for name, data_class in names.items()
        if (kind == "log key" and data_class not in IN_LOGS)
        or (kind == "metric label" and data_class not in ON_METRICS)
        or (
            OF_DIRECTORY.match(name) and data_class in NOT_IN_DIRECTORY and not _is_officers(name, data_class)
        )
    ]


def _is_officers(name: str, data_class: str) -> bool:
    return data_class == "credential" and OF_OFFICERS.match(name) is not None


def strangers(paths: Iterable[str], kinds: Iterable[FileKind]) -> list[str]:
    """Paths in a data folder that are of no kind, or of more than one."""
    known = tuple(kinds)
    return [path for path in paths if sum(kind.is_of(path) for kind in known) != 1]


# --- the page -----------------------------------------------------------------------------------------------


def parts(root: Path) -> list[str]:
    """The sections of the page."""
    own, known = declared(root), classes(root)
    made = ["## Tables", table(("store", "table", "data class", "columns", "rests in"), list(_tables()))]
    made += ["## Events", "Each rests sealed in the log of its resident (`events.sealed`)."]
    made += [table(("data class", "events"), _grouped(known["event"]))]
    rows = [(f"`{one.pattern}`", one.data_class, one.holds) for one in own.files]
    made += ["## Files and object prefixes", "In the data folder of a federation, by plane and node."]
    made += [table(("path", "data class", "holds"), rows)]
    made += ["## Queues", "[The page of queues](queues.md) says where each ends. They rest in memory."]
    made += [table(("data class", "queues"), _grouped({_plain(n): c for n, c in known["queue"].items()}))]
    for kind, title, text in (
        ("topic", "Topics", "What processes of one cell tell each other, on sockets of its data folder."),
        ("stream", "Streams", "Between planes, over mutual TLS; each field has a class of its own in"
         " `proto/data_classes.yaml`."),
        ("memory", "Memory and caches", "In the memory of a process of the plane that its path begins with."),
    ):  # fmt: skip
        held = sorted(own.kept[kind].items(), key=lambda row: (CLASSES.index(row[1].data_class), row[0]))
        made += [f"## {title}", text]
        made += [table((kind, "data class", "holds"), [(f"`{n}`", k.data_class, k.holds) for n, k in held])]
    made += ["## Log keys", table(("data class", "keys"), _grouped(known["log key"]))]
    made += ["## Metric labels", table(("data class", "labels"), _grouped(known["metric label"]))]
    return made


def _tables() -> Iterable[tuple[str, str, str, str, str]]:
    for store, known in STORES.items():
        for name, columns in known.items():
            for data_class in dict.fromkeys(columns.values()):
                of_class = [column for column, each in columns.items() if each == data_class]
                yield store, f"`{name}`", data_class, code(of_class), RESTS[store]


def _grouped(names: Mapping[str, str]) -> list[tuple[str, str]]:
    used = sorted(set(names.values()), key=CLASSES.index)
    return [
        (data_class, code(sorted(n for n, each in names.items() if each == data_class)))
        for data_class in used
    ]
