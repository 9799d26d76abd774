"""Two servers of PostgreSQL: one that is written to, and a replica that can fall behind and take its place.

    with Pair() as pair:
        engines = Engines(pair.url)      # finds whichever of them may be written to
        pair.fall_behind()               # from now on the replica learns nothing more
        pair.fail_over()                 # the first is killed, the replica takes its place

Invariants
    1. Nothing stays behind, however the tests end: the watchdog stops both.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from tests.support.faults.watchdog import Watchdog
from tests.support.waiting import until

INSTALLED = "/usr/lib/postgresql/*/bin"
TOOLS = ("initdb", "pg_ctl", "pg_basebackup")
HOST, USER = "127.0.0.1", "tests"
COMMAND_S, REPLICA_S = 60, 30.0
# A process is killed here, never the machine: nothing has to be synced.
CONFIGURATION = f"""
listen_addresses = '{HOST}'
unix_socket_directories = ''
fsync = off
shared_buffers = 16MB
max_connections = 30
"""


def tools() -> Path | None:
    """The folder of a server's programs, None where there is none."""
    found = shutil.which("initdb")
    folders = [*([Path(found).parent] if found else []), *sorted(Path("/").glob(INSTALLED[1:]), reverse=True)]
    return next((it for it in folders if all((it / tool).exists() for tool in TOOLS)), None)


def unavailable() -> str:
    """Why there can be no pair here; empty when there can."""
    if tools() is None:
        return f"there is no {', '.join(TOOLS)}: Debian package postgresql"
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        return "a server does not run as root, and there is no runuser"
    return ""


class Pair:
    """Use as a context manager. `url`: of whichever may be written to, for SQLAlchemy."""

    def __init__(self) -> None:
        folder = tools()
        assert folder is not None
        self._tools = folder
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self._ports = (_free_port(), _free_port())
        self._opened = ExitStack()

    @property
    def url(self) -> str:
        hosts = "&".join(f"host={HOST}:{port}" for port in self._ports)
        return f"postgresql+psycopg://{USER}@/postgres?{hosts}&target_session_attrs=read-write"

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            # Short-lived, and the server's user has to reach it.
            home = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="colink-pair-")))
            if self._as:
                shutil.chown(home, "postgres")
            watchdog = Watchdog()
            opened.callback(watchdog.close)
            self._folders = (home / "first", home / "replica")
            first, replica = map(str, self._folders)
            for folder in (first, replica):
                watchdog.at_end(self._command("pg_ctl", "-s", "-D", folder, "-m", "immediate", "stop"))
            self._run("initdb", "-D", first, "-U", USER, "-A", "trust", "-N", "--locale=C.UTF-8")
            with (self._folders[0] / "postgresql.conf").open("a") as file:
                file.write(CONFIGURATION)
            self._start(0)
            source = f"host={HOST} port={self._ports[0]} user={USER}"
            self._run("pg_basebackup", "-D", replica, "-R", "-X", "stream", "-N", "-c", "fast", "-d", source)
            self._start(1)
            until(lambda: self._followers() == 1, REPLICA_S, "a replica")
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def fall_behind(self) -> None:
        """The replica has everything so far, and learns nothing more."""
        written = self._sql(0, "SELECT pg_current_wal_flush_lsn()::text")
        has = f"SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn"
        until(lambda: self._sql(1, has), REPLICA_S, "the replica has everything")
        self._sql(1, "ALTER SYSTEM SET primary_conninfo = ''")
        self._sql(1, "SELECT pg_reload_conf()")
        until(lambda: self._followers() == 0, REPLICA_S, "none follows")

    def fail_over(self) -> None:
        """Kill the first with all its processes; the replica may be written to when this returns."""
        lock = self._folders[0] / "postmaster.pid"
        first = int(lock.read_text().split("\n", 1)[0])
        for pid in (first, *_children(first)):
            os.kill(pid, signal.SIGKILL)
        # Else whoever stops what is left waits for who is dead.
        lock.unlink()
        assert self._sql(1, "SELECT pg_promote(true, 30)") is True

    def _start(self, place: int) -> None:
        folder = str(self._folders[place])
        options = f"-p {self._ports[place]}"
        self._run("pg_ctl", "-D", folder, "-l", f"{folder}.log", "-o", options, "-w", "start")

    def _followers(self) -> int:
        return int(self._sql(0, "SELECT count(*) FROM pg_stat_replication"))

    def _sql(self, place: int, statement: str) -> Any:
        address = f"host={HOST} port={self._ports[place]} user={USER} dbname=postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            found = connection.execute(statement.encode())
            row = found.fetchone() if found.description else None
        return row[0] if row else None

    def _command(self, tool: str, *arguments: str) -> list[str]:
        return [*self._as, str(self._tools / tool), *arguments]

    def _run(self, tool: str, *arguments: str) -> None:
        # A server that starts keeps what it is given: a pipe would never end.
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                self._command(tool, *arguments), cwd="/", stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                timeout=COMMAND_S, check=False,
            )  # fmt: skip
            said.seek(0)
            assert done.returncode == 0, said.read().decode(errors="replace")


def _children(pid: int) -> Sequence[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
