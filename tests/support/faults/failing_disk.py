"""A disk that fails by order: syncs and writes of a process fail, lie or take their time. Needs a C compiler.

    disk = FailingDisk(folder)
    subprocess.Popen(command, env={**os.environ, **disk.environ()})
    with disk.order("sync", "eio", times=1, part="cell.db-wal"):
        ...
    disk.told()                                         # what was carried out

`failing_disk.c` says what can be ordered. With `shadow` it also keeps what a power cut would leave of the
files of one folder, at worst: nothing of what was not synced (`cut_power`). So a cut needs neither root nor a
file system.
"""

import functools
import itertools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("failing_disk.c")
COMPILE_S = 60


def unavailable() -> str:
    """Why there can be no such disk; empty when there can."""
    if sys.platform != "linux":
        return "a disk that fails by order needs Linux"
    return "" if _compiler() else "there is no C compiler"


@dataclass(frozen=True, slots=True)
class Told:
    """One order that was carried out: `at_s` of the monotonic clock."""

    at_s: float
    process: int
    call: str
    what: str
    path: str


class FailingDisk:
    """The orders for processes that were started with `environ`, and what became of them.

    Args:
        folder: for itself; made when it is not there.
        shadow: the folder whose files are kept as a power cut would leave them.
    """

    def __init__(self, folder: Path, shadow: Path | None = None) -> None:
        self._folder, self._shadow = folder.absolute(), shadow.absolute() if shadow else None
        (self._folder / "disk").mkdir(parents=True, exist_ok=True)
        self._orders: list[str] = []
        self._numbers = itertools.count(1)

    def environ(self) -> dict[str, str]:
        """What a process needs in its environment."""
        found = {"LD_PRELOAD": str(_library()), "FAILING_DISK": str(self._folder)}
        return {**found, "FAILING_DISK_SHADOW": str(self._shadow)} if self._shadow else found

    @contextmanager
    def order(self, call: str, what: str, *, part: str, times: int = 0) -> Iterator[None]:
        """Have calls on files with `part` in their path go wrong, while the context holds; `times` in each
        process, 0: always.
        """
        order = f"{next(self._numbers)} {call} {what} {times} {part}"
        self._orders.append(order)
        self._write()
        try:
            yield
        finally:
            self._orders.remove(order)
            self._write()

    def told(self) -> list[Told]:
        """Everything that was carried out, in order."""
        file = self._folder / "told"
        rows = [line.split(" ", 4) for line in file.read_text().splitlines()] if file.exists() else []
        return [Told(int(at) / 1e9, int(process), *rest) for at, process, *rest in rows]

    def cut_power(self) -> None:
        """Leave of the shadowed files what was synced. Their processes are gone."""
        assert self._shadow is not None
        for kept in (self._folder / "disk").iterdir():
            shutil.copyfile(kept, self._shadow / kept.name)
        for memory in self._shadow.glob("*-shm"):
            memory.unlink()

    def _write(self) -> None:
        aside = self._folder / "orders.new"
        aside.write_text("".join(f"{order}\n" for order in self._orders))
        aside.replace(self._folder / "orders")


def _compiler() -> str:
    return next((tool for tool in ("cc", "gcc", "clang") if shutil.which(tool)), "")


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Where the library is, as long as this process lives."""
    return tempfile.TemporaryDirectory(prefix="colink-failing-disk-")


@functools.cache
def _library() -> Path:
    """The library, compiled once by each process that wants it."""
    target = Path(_folder().name) / "failing_disk.so"
    command = [_compiler(), "-shared", "-fPIC", "-O1", "-Wall", "-o", str(target), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True, timeout=COMPILE_S)
    return target
