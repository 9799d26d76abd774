"""Puts other processes in the place of a demo's own: the same files, addresses and arguments, with a bug in
them.

Invariants
    1. A name has one process at a time: the old one is gone before the new one starts.
    2. No process that was started here outlives this object.
"""

import os
import signal
import subprocess
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.asking import status_of
from tests.support.federation import RunningDemo

READY_S = 180.0
Started = subprocess.Popen[bytes]


class Swapped:
    """Processes of a demo, some of them with a bug. Use as a context manager.

    Args:
        names: of the processes that may be swapped, as the demo's status names them.
        environ: added to the environment of what is started here.
    """

    def __init__(self, demo: RunningDemo, *names: str, environ: Mapping[str, str] | None = None) -> None:
        self._demo, self._environ = demo, environ or {}
        rows = {row["name"]: row for row in demo.companion("status")["processes"]}
        self._ways = {name: _Way(int(rows[name]["pid"])) for name in names}
        self._bugs = dict.fromkeys(names, "")
        self._running: dict[str, Started] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()

    def run(self, bugs: Mapping[str, str]) -> None:
        """Let each process have the bug that is named for it, or none; then wait until all are ready."""
        changed = [name for name in self._ways if bugs.get(name, "") != self._bugs[name]]
        for name in changed:
            self.kill(name)
        for name in changed:
            self._bugs[name] = bugs.get(name, "")
            self._start(name)
        for name in changed:
            self._wait(name)

    def kill(self, name: str) -> None:
        """End a process without a warning."""
        process = self._running.pop(name, None)
        if process is None:
            os.kill(self._ways[name].pid, signal.SIGKILL)
            while self._demo.wait_for("exited", 15)["of"] != name:
                pass
        else:
            process.kill()
            process.wait()

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a process that was started here."""
        self._running[name].send_signal(number)

    def ended(self, name: str, within_s: float) -> int:
        """Wait until a process that was started here has ended by itself. Returns its exit status."""
        return self._running.pop(name).wait(within_s)

    def revive(self, name: str) -> None:
        """Start it again as it was."""
        self._start(name)
        self._wait(name)

    def _start(self, name: str) -> None:
        way, bug = self._ways[name], self._bugs[name]
        command = (
            [*way.interpreter, "tests.support.bugs", bug, *way.module]
            if bug
            else [*way.interpreter, *way.module]
        )
        log = self._demo.data_dir / "logs" / f"{name.replace('/', '-')}-swapped.log"
        with log.open("ab") as file:
            self._running[name] = subprocess.Popen(
                command, env={**way.environ, **self._environ}, cwd=way.folder,
                stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            )  # fmt: skip

    def _wait(self, name: str) -> None:
        ends_s = time.monotonic() + READY_S
        while True:
            process = self._running[name]
            assert process.poll() is None, f"{name} with {self._bugs[name]!r} ended with {process.returncode}"
            if status_of(self._ways[name].ready) == 200:
                return
            assert time.monotonic() < ends_s, f"{name} is not ready"
            time.sleep(0.05)


class _Way:
    """How a process was started (Linux)."""

    def __init__(self, pid: int) -> None:
        place = Path(f"/proc/{pid}")
        self.pid = pid
        words = [word.decode() for word in (place / "cmdline").read_bytes().split(b"\0")[:-1]]
        at = words.index("-m") + 1
        self.interpreter, self.module = words[:at], words[at:]
        pairs = (pair.decode().partition("=") for pair in (place / "environ").read_bytes().split(b"\0")[:-1])
        self.environ = {name: value for name, _, value in pairs}
        self.folder = (place / "cwd").readlink()
        self.ready = f"http://{self._address()}/readyz"

    def _address(self) -> str:
        config = Path(self.module[self.module.index("--config") + 1])
        listen: dict[str, Any] = tomllib.loads(config.read_text("utf-8"))["listen"]
        key = "http" if "http" in listen else "health"
        return self.environ.get(f"COLINK_LISTEN__{key.upper()}", str(listen[key]))
