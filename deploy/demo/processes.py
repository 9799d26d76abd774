"""Processes of a demo: started, watched, stopped, and never left behind.

Invariants
    1. Each child ends when this process does (COLINK_END_WITH_PARENT, its own process group is never left
    running).
    2. A child that ends unasked is reported once.
    3. `stop_all` returns only when every child has ended.
"""

import asyncio
import contextlib
import os
import signal
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from deploy import environment

STOP_S = 12.0
READY_POLL_S = 0.05


class NotReadyError(Exception):
    """A process ended, or did not answer its readiness probe in time; the text says which and where its log
    is.
    """


@dataclass
class Child:
    """One process of the demo.

    Attributes:
        name: `directory`, `de-fra`, `de-fra/2`, `fra`.
        plane: `directory`, `regional_cell`, `edge`: the module that is run.
        ready_url: its readiness probe.
        under: a command that is put before its own, and becomes the process.
    """

    name: str
    plane: str
    config: Path
    log: Path
    ready_url: str
    extra: tuple[str, ...] = ()
    environ: dict[str, str] = field(default_factory=dict)
    under: tuple[str, ...] = ()
    process: asyncio.subprocess.Process | None = None
    asked_to_end: bool = False
    watcher: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def pid(self) -> int:
        """Process id; 0 while it does not run."""
        return self.process.pid if self.is_running and self.process else 0

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.returncode is None


class Processes:
    """The children of one demo. `on_exit(child, code)` hears of each that ended unasked."""

    def __init__(self, on_exit: Callable[[Child, int], None]) -> None:
        self.children: dict[str, Child] = {}
        self._on_exit = on_exit

    def add(self, child: Child) -> None:
        """Make a child known; it is not started."""
        self.children[child.name] = child

    async def start(self, name: str) -> Child:
        """Start a child that does not run. Raises KeyError for an unknown name."""
        child = self.children[name]
        if child.is_running:
            return child
        command = environment.module_command(child.plane, "--config", str(child.config), *child.extra)
        with child.log.open("ab") as log:
            child.process = await asyncio.create_subprocess_exec(
                *child.under,
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**environment.module_environ(), "COLINK_END_WITH_PARENT": "1", **child.environ},
                cwd=child.config.parent,
            )
        child.asked_to_end = False
        child.watcher = asyncio.create_task(self._watch(child, child.process))
        return child

    async def ready(self, child: Child, within_s: float) -> None:
        """Wait until the child answers its readiness probe. Raises NotReadyError."""
        deadline_s = time.monotonic() + within_s
        # Probes are plain HTTP: a context that knows no authority saves reading all of the system's.
        async with httpx2.AsyncClient(timeout=2.0, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as client:
            while time.monotonic() < deadline_s:
                if not child.is_running:
                    raise NotReadyError(
                        f"{child.name} ended while starting; its log is {child.log}\n{tail_of(child.log)}"
                    )
                try:
                    if (await client.get(child.ready_url)).status_code == 200:
                        return
                except httpx2.HTTPError:
                    pass
                await asyncio.sleep(READY_POLL_S)
        raise NotReadyError(
            f"{child.name} was not ready after {within_s:.0f} s; its log is {child.log}\n{tail_of(child.log)}"
        )

    def signal(self, child: Child, number: int, *, asked: bool = True) -> None:
        """Send a signal to a running child; `asked` says that its end is wanted."""
        if child.process is not None and child.is_running:
            child.asked_to_end = asked
            child.process.send_signal(number)

    async def stop(self, child: Child) -> None:
        """SIGTERM, then SIGKILL after 12 s. Returns when it has ended."""
        if child.process is None or not child.is_running:
            return
        with contextlib.suppress(ProcessLookupError):  # it ends by itself just now
            self.signal(child, signal.SIGTERM)
            # A frozen process does not hear SIGTERM.
            child.process.send_signal(signal.SIGCONT)
        try:
            await asyncio.wait_for(child.process.wait(), STOP_S)
        except TimeoutError:
            child.process.kill()
            await child.process.wait()

    async def stop_all(self) -> None:
        """Stop edges first, then cells, then the directory."""
        for plane in ("edge", "regional_cell", "directory"):
            await asyncio.gather(
                *(self.stop(child) for child in self.children.values() if child.plane == plane)
            )
        await asyncio.gather(
            *(child.watcher for child in self.children.values() if child.watcher), return_exceptions=True
        )

    async def _watch(self, child: Child, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        if not child.asked_to_end:
            self._on_exit(child, code)


def tail_of(log: Path, lines: int = 12) -> str:
    """The last lines of a log, indented."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:])


def resident_mib(pids: list[int]) -> float:
    """Proportional memory of processes in MiB, as the kernel tells it; 0 where it does not."""
    total_kib = 0
    for pid in pids:
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
                if line.startswith("Pss:"):
                    total_kib += int(line.split()[1])
        except (OSError, ValueError):
            continue
    return total_kib / 1024


def is_alive(pid: int) -> bool:
    """Whether a process with this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0
