"""Copies of cells' logs for a history: which entries each holds of a workspace, not what they say."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.recorder import Recorder

ENTRIES = "SELECT sequence, epoch, at_us, kind FROM events WHERE resident = ? ORDER BY sequence"


def copy_logs(recorder: Recorder, data_dir: Path, workspace: str) -> None:
    """Read the store of every cell below a demo's folder."""
    for store in sorted(data_dir.glob("cells/*/data/cell.db")):
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
            rows = connection.execute(ENTRIES, (workspace,)).fetchall()
        if rows:
            items = [[str(sequence), str(epoch), _ts(at_us), kind] for sequence, epoch, at_us, kind in rows]
            cell = store.parent.parent.name
            recorder.moment("log", "copy", workspace=workspace, cell=cell, items=items)


def _ts(at_us: int) -> str:
    seconds, micros = divmod(at_us, 1_000_000)
    return f"{seconds}.{micros:06d}"
