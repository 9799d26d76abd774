"""Which demos run: a file each, so that companions find them; stale ones are dropped when seen.

A demo's file holds its data folder, its process id and its control socket; no secret.
"""

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy import environment
from deploy.demo.processes import is_alive


class NoDemoError(Exception):
    """There is no demo to act on, or more than one and none was chosen; the text says so."""


@dataclass(frozen=True, slots=True)
class Running:
    """A running demo."""

    pid: int
    data_dir: Path
    control: Path


def _folder() -> Path:
    return environment.store() / "demos"


def add(running: Running) -> Path:
    """Make a demo known. Returns its file, to be removed when it ends."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{running.pid}.json"
    aside = file.with_suffix(".new")
    aside.write_text(
        json.dumps({key: str(value) for key, value in asdict(running).items()}), encoding="utf-8"
    )
    aside.replace(file)
    return file


def remove(pid: int) -> None:
    """Forget a demo, and the folder when it was the last."""
    (_folder() / f"{pid}.json").unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        _folder().rmdir()


def running() -> list[Running]:
    """All demos that run, oldest first."""
    found: list[Running] = []
    for file in sorted(_folder().glob("*.json"), key=os.path.getmtime) if _folder().is_dir() else []:
        try:
            fields = json.loads(file.read_text(encoding="utf-8"))
            demo = Running(int(fields["pid"]), Path(fields["data_dir"]), Path(fields["control"]))
        except (OSError, ValueError, KeyError):
            continue
        if is_alive(demo.pid):
            found.append(demo)
        else:
            file.unlink(missing_ok=True)
    return found


def find(data_dir: Path | None) -> Running:
    """The demo with this data folder, or the only one. Raises NoDemoError."""
    demos = running()
    if data_dir is not None:
        demos = [demo for demo in demos if demo.data_dir.resolve() == data_dir.resolve()]
    if not demos:
        raise NoDemoError(f"no demo runs{f' on {data_dir}' if data_dir else ''}")
    if len(demos) > 1:
        folders = ", ".join(str(demo.data_dir) for demo in demos)
        raise NoDemoError(f"several demos run ({folders}); choose one with --data DIR")
    return demos[0]
