"""Copies of cells' logs for a history: which entries each holds of a workspace, not what they say."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.recorder import Recorder

HEAD = "SELECT max(sequence) FROM events WHERE resident = ?"
ENTRIES = (
    "SELECT sequence, epoch, at_us, kind FROM events WHERE resident = ? AND sequence > ? ORDER BY sequence"
)


def heads(data_dir: Path, workspace: str) -> dict[str, int]:
    """How far each cell's log of a workspace goes; cells without one are left out."""
    found = {cell: _rows(store, HEAD, workspace)[0][0] for cell, store in _stores(data_dir)}
    return {cell: head for cell, head in found.items() if head}


def copy_logs(recorder: Recorder, data_dir: Path, workspace: str, after: Mapping[str, int]) -> None:
    """Read the store of every cell below a demo's folder, behind the heads given."""
    for cell, store in _stores(data_dir):
        rows = _rows(store, ENTRIES, workspace, after.get(cell, 0))
        items = [[str(sequence), str(epoch), _ts(at_us), kind] for sequence, epoch, at_us, kind in rows]
        if items:
            recorder.moment("log", "copy", workspace=workspace, cell=cell, items=items)


def _stores(data_dir: Path) -> Iterator[tuple[str, Path]]:
    for store in sorted(data_dir.glob("cells/*/data/cell.db")):
        yield store.parent.parent.name, store


def _rows(store: Path, statement: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        return connection.execute(statement, values).fetchall()


def _ts(at_us: int) -> str:
    seconds, micros = divmod(at_us, 1_000_000)
    return f"{seconds}.{micros:06d}"
