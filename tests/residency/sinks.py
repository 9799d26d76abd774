"""Where something of Germany may not be: every file of a demo but those of the German cell.

An edge is in no cell, so nothing may rest at the German edge either, and no log may hold content, be it the
log of the home itself.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2

from tests.residency.planting import HOME
from tests.support.canaries import Canary, Form, needles
from tests.support.federation import processes_below
from tests.support.hunt import Find, Hunter, columns_of

# The demo's own list of made-up people and tokens, for whoever started it; no process of a plane reads it.
DEMO_FILES = ("secrets.json", "load.json")
HOME_FOLDER = f"cells/{HOME}/"
CLAIMS = "directory/data/directory.db:claims.blind_index"
# The same pages as they lie in the file and its write-ahead log.
CLAIM_PAGES = ("directory/data/directory.db", "directory/data/directory.db-wal")


def hunter(canaries: Iterable[Canary], keys: Iterable[bytes]) -> Hunter[Form]:
    """A hunter for the canaries in every form, under every key."""
    return Hunter(needles(canaries, keys))


def elsewhere(data_dir: Path) -> Iterator[tuple[Path, str]]:
    """Every file outside the German cell, with its place."""
    for path in sorted(data_dir.rglob("*")):
        place = path.relative_to(data_dir).as_posix()
        if path.is_file() and place not in DEMO_FILES and not place.startswith(HOME_FOLDER):
            yield path, place


def leaks(data_dir: Path, of: Hunter[Form]) -> list[Find[Form]]:
    """What was found elsewhere and may not be there."""
    return [
        find for path, place in elsewhere(data_dir) for find in of.in_file(path, place) if not is_lawful(find)
    ]


def is_lawful(find: Find[Form]) -> bool:
    """Whether it is a blind index among the directory's claims: the only form that may leave the cell."""
    return find.label.is_blind_index and not find.layers and find.place in (CLAIMS, *CLAIM_PAGES)


def leaks_of_processes(ready: Mapping[str, Any], of: Hunter[Form]) -> list[Find[Form]]:
    """The same for what running processes show of themselves: metrics, command lines, environments."""
    found: list[Find[Form]] = []
    for kind, rows in (("edge", ready["edges"]), ("cell", ready["cells"])):
        for row in rows:
            name = f"{kind} {row['name']}"
            found += of.in_bytes(httpx2.get(row["metrics"], timeout=10).content, f"{name}: metrics")
    directory = ready["directory"]
    found += of.in_bytes(httpx2.get(directory["http"] + "/metrics", timeout=10).content, "directory: metrics")
    # Not those of the ready line: some may have been started anew since.
    pids = processes_below(f"{ready['data_dir']}/")
    assert len(pids) > len(ready["edges"]) + len(ready["cells"]), "the federation does not run"
    return found + [find for pid in pids for find in _of_process(pid, of)]


def _of_process(pid: int, of: Hunter[Form]) -> list[Find[Form]]:
    folder = Path(f"/proc/{pid}")
    return [
        find
        for part in ("cmdline", "environ")
        for find in of.in_bytes((folder / part).read_bytes(), f"process {pid}: {part}")
    ]


def mentions(data_dir: Path, ids: Iterable[str]) -> dict[str, set[str]]:
    """Columns of databases elsewhere that name one of these residents: place to the ids."""
    looked_for = Hunter({one.encode(): one for one in ids})
    found: dict[str, set[str]] = {}
    for path, place in elsewhere(data_dir):
        if path.suffix == ".db":
            for column, values in columns_of(path).items():
                if named := looked_for.labels_in(values):
                    found[f"{place}:{column}"] = set(named)
    return found


def shown(finds: Iterable[Find[Any]]) -> str:
    """Finds as lines: where, what, in which form. Never the value."""
    lines = {f"{find.place}: {find.label} {'in '.join(('', *find.layers))}" for find in finds}
    return "\n".join(sorted(re.sub(r"/process-\d+", "", line) for line in lines))
