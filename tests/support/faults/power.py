"""A disk of its own for one folder of a cell: its power can be cut, it can be full, and it can be slow.

The folder rests in an ext4 file system in a file. A cut stops the cell, copies that file as it is, kills the
cell and starts it again on the copy: what it had written and not synced was in memory alone and is gone, as
after a real cut, and the journal of the file system replays as it would. Linux, as root.

Invariants
    1. The copy is of one moment: nothing reached the file meanwhile, or it is made again while the cell
       stands still.
    2. Nothing stays behind, however the tests end: the watchdog takes the file system down.
"""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.faults.hosts import CommandFailedError, run
from tests.support.faults.watchdog import Watchdog
from tests.support.federation import RunningDemo, processes_below
from tests.support.waiting import until

TOOLS = ("mkfs.ext4", "mount", "umount", "losetup")
SIZE_MIB = 1024
# Of the root group: they hold for whatever is written to the device, also by the kernel itself.
SLOW_OPERATIONS = Path("/sys/fs/cgroup/blkio/blkio.throttle.write_iops_device")
SLOW_BYTES = Path("/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device")
SLOW_S_MAX = 300.0
STILL_S = 30.0
COPIES_MAX = 50


def unavailable() -> str:
    """Why there can be no disk that loses its power; empty when there can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a file system in a file needs root on Linux"
    if lacking := [tool for tool in TOOLS if shutil.which(tool) is None]:
        return f"there is no {' and no '.join(lacking)}"
    if not Path("/dev/loop-control").exists():
        return "there are no loop devices"
    return ""


def cannot_be_slow() -> str:
    """Why the disk cannot be made slow here; empty when it can."""
    return "" if SLOW_BYTES.exists() else "a slow device needs the control group blkio of version 1"


class PowerCutDisk:
    """The data folder of a cell of a running demo, on a disk of its own. Use as a context manager.

    The cell is stopped and started once when the disk comes and once when it goes.
    """

    def __init__(self, demo: RunningDemo, cell: str) -> None:
        self._demo, self._cell = demo, cell
        self._node = demo.data_dir / "cells" / cell
        self._folder = self._node / "data"
        self._aside = Path(tempfile.mkdtemp(prefix="colink-power-"))
        self._image = self._aside / "disk"
        self._watchdog = Watchdog()

    def __enter__(self) -> Self:
        self._watchdog.at_end(["umount", "--lazy", str(self._folder)], ["rm", "-rf", str(self._aside)])
        self._demo.kill(self._cell)
        with self._image.open("wb") as file:
            file.truncate(SIZE_MIB * 1024 * 1024)
        run(["mkfs.ext4", "-q", "-F", str(self._image)])
        before = self._folder.rename(self._aside / "before")
        self._folder.mkdir()
        self._mount()
        run(["cp", "--archive", f"{before}/.", str(self._folder)])
        self._demo.companion("start", self._cell)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._demo.kill(self._cell)
        after = self._aside / "after"
        run(["cp", "--archive", str(self._folder), str(after)])
        self._unmount()
        self._folder.rmdir()
        run(["mv", str(after), str(self._folder)])
        self._watchdog.close()
        self._demo.companion("start", self._cell)

    def cut(self) -> float:
        """Cut the power, and start the cell again. Gives the seconds until it was ready."""
        copy = self._aside / "copy"
        processes = processes_below(f"{self._node}/")
        assert processes, "the cell does not run"
        commands = [["kill", "-CONT", str(process)] for process in processes]
        with self._watchdog.guard(*commands, within_s=STILL_S):
            for process in processes:
                os.kill(process, signal.SIGSTOP)
            until(lambda: all(map(_stands_still, processes)), STILL_S, "the cell stands still")
            self._copy(copy)
            self._demo.kill(self._cell)
        self._unmount()
        copy.replace(self._image)
        self._mount()
        began_s = time.monotonic()
        self._demo.companion("start", self._cell)
        return time.monotonic() - began_s

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        """Leave not a byte on the disk while the context is open."""
        balloon = self._folder / "balloon"
        try:
            with balloon.open("wb") as file:
                for step in (1 << 22, 1 << 16, 1 << 12):
                    with contextlib.suppress(OSError):
                        while True:
                            os.posix_fallocate(file.fileno(), file.tell(), step)
                            file.seek(step, os.SEEK_CUR)
            yield
        finally:
            balloon.unlink()

    @contextlib.contextmanager
    def slow(self, operations_s: int, bytes_s: int) -> Iterator[None]:
        """Let the device write no more than that in a second, while the context is open."""
        number = os.stat(self._folder).st_dev
        device = f"{os.major(number)}:{os.minor(number)}"
        undo = [["sh", "-c", f"echo {device} 0 > {file}"] for file in (SLOW_OPERATIONS, SLOW_BYTES)]
        with self._watchdog.guard(*undo, within_s=SLOW_S_MAX):
            try:
                SLOW_OPERATIONS.write_text(f"{device} {operations_s}", encoding="ascii")
                SLOW_BYTES.write_text(f"{device} {bytes_s}", encoding="ascii")
                yield
            finally:
                for command in undo:
                    run(command)

    def _copy(self, copy: Path) -> None:
        """The file as it is at one moment; when the kernel wrote something back meanwhile, once more."""
        for _ in range(COPIES_MAX):
            before = self._written()
            run(["cp", "--sparse=always", str(self._image), str(copy)])
            if self._written() == before:
                return
        raise CommandFailedError("the disk is written to all the time")

    def _written(self) -> str:
        """Changes whenever something reached the file: the loop device's count of sectors written."""
        device = Path(run(["losetup", "--noheadings", "--output", "NAME", "-j", str(self._image)]).strip())
        return Path(f"/sys/block/{device.name}/stat").read_text("ascii").split()[6]

    def _mount(self) -> None:
        run(["mount", "-o", "loop", str(self._image), str(self._folder)])

    def _unmount(self) -> None:
        until(self._unmounted, STILL_S, "nobody uses the disk")

    def _unmounted(self) -> bool:
        try:
            run(["umount", str(self._folder)])
        except CommandFailedError:
            return False
        return True


def _stands_still(process: int) -> bool:
    """Whether every thread of a process is stopped."""
    states = [
        (thread / "stat").read_text("ascii").rpartition(")")[2].split()[0]
        for thread in Path(f"/proc/{process}/task").iterdir()
    ]
    return all(state in "Tt" for state in states)
