"""A process that writes a log without a pause, and says what was acknowledged; and what is found later.

    python -m tests.support.faults.writing FOLDER PREFIX [as-a-cell]

It posts under keys, each again until its end is known, and copies the write-ahead log back all the while. It
prints lines: `ok <sequence> <key>`, `failed <reason> <key>`.
"""

import asyncio
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

from accord.clock import SystemClock
from accord.errors import ColinkError
from deploy import environment
from regional_cell.adapters.sql.database import Checkpointer
from regional_cell.adapters.sql.schema_version import require_current
from regional_cell.services.commits.writer import GroupCommits
from regional_cell.services.rebuild import Rebuild
from tests.regional_cell.stores import T1, U1, open_resident, post, sql_store, sql_url

SENDERS = 8
COPY_S = 0.05
TRY_AGAIN_S = 0.02
WAIT_S = 60.0
END_S = 10.0


class Writing:
    """The process, and what it said. Use as a context manager.

    Args:
        prefix: of its keys; another one for each process on one folder.
        as_a_cell: it looks at the schema first, as a process of a cell does.
    """

    def __init__(
        self, folder: Path, environ: dict[str, str], prefix: str = "first", *, as_a_cell: bool = False
    ) -> None:
        self._options = [prefix, *(["as-a-cell"] if as_a_cell else [])]
        self.acknowledged: dict[str, int] = {}
        self.failed: Counter[str] = Counter()
        self._folder, self._environ = folder, environ
        self._lines: queue.Queue[str | None] = queue.Queue()

    def __enter__(self) -> Self:
        if not (self._folder / "cell.db").exists():
            asyncio.run(_begin(self._folder))
        self._process = subprocess.Popen(
            environment.module_command(__name__, str(self._folder), *self._options),
            stdout=subprocess.PIPE,
            text=True,
            env={**environment.module_environ(), **self._environ},
            cwd=environment.ROOT,
        )
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def goes_on(self, more: int = 40) -> None:
        """Wait for further acknowledgements. Raises AssertionError when they do not come."""
        enough, ends_s = len(self.acknowledged) + more, time.monotonic() + WAIT_S
        while len(self.acknowledged) < enough:
            assert self._take(ends_s), f"no more acknowledgements after {len(self.acknowledged)}"

    def fails(self, more: int = 20) -> None:
        """Wait for further failures."""
        enough, ends_s = self.failed.total() + more, time.monotonic() + WAIT_S
        while self.failed.total() < enough:
            assert self._take(ends_s), f"no more failures after {self.failed.total()}"

    def kill(self) -> None:
        """End it without a warning, and hear it to the end."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(END_S)
        while self._take(time.monotonic() + END_S):
            pass

    def _take(self, ends_s: float) -> bool:
        try:
            line = self._lines.get(timeout=max(0.01, ends_s - time.monotonic()))
        except queue.Empty:
            return False
        if line is None:
            self._lines.put(None)
            return False
        what, value, key = line.split()
        if what == "ok":
            self.acknowledged[key] = int(value)
        else:
            self.failed[value] += 1
        return True

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.endswith("\n"):
                self._lines.put(line)
        self._lines.put(None)


async def lost(folder: Path, acknowledged: dict[str, int]) -> list[str]:
    """Keys whose message is not at the sequence that was told, in what the folder holds now.

    Raises AssertionError when the store is not whole: a key twice, a gap, damaged pages, views that are not
    the fold.
    """
    store = sql_store(folder)
    try:
        database = store.log._database  # type: ignore[attr-defined]
        sound = await database.read(
            lambda connection: connection.exec_driver_sql("PRAGMA integrity_check").all()
        )
        assert [tuple(row) for row in sound] == [("ok",)]
        entries = await store.log.read(T1, 0, 1_000_000)
        assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
        texts = [store.sealer.open_event(entry).payload["text"] for entry in entries]
        assert len(set(texts)) == len(texts), "a message twice"
        assert (await Rebuild(store.log, store.views, store.sealer).compare(T1)).equal
    finally:
        store.close()
    found = {text: place for place, text in enumerate(texts, 1)}
    return sorted(key for key, sequence in acknowledged.items() if found.get(key) != sequence)


async def _begin(folder: Path) -> None:
    store = sql_store(folder)
    await open_resident(store)
    store.close()


async def _write(folder: Path, prefix: str) -> None:
    store = sql_store(folder)
    commits = GroupCommits(store.log, store.views, store.sealer, SystemClock())
    await commits.start()
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    asyncio.ensure_future(_copy_back(folder))  # noqa: RUF006 (as long as the process)
    await asyncio.gather(*(_send(commits, f"{prefix}-{sender}") for sender in range(SENDERS)))


async def _send(commits: GroupCommits, sender: str) -> None:
    turn = 0
    while True:
        key = f"{sender}-{turn}"
        try:
            done = await commits.commit(T1, post(key, client_msg_id=key), principal=U1)
        except ColinkError as error:
            _say(f"failed {error.reason.value} {key}")
            await asyncio.sleep(TRY_AGAIN_S)
            continue
        _say(f"ok {(done.duplicate or done.events[0]).sequence} {key}")
        turn += 1


async def _copy_back(folder: Path) -> None:
    checkpointer = Checkpointer(sql_url(folder))
    while True:
        try:
            await asyncio.to_thread(checkpointer.run)
        except Exception as error:
            sys.stderr.write(f"{type(error).__name__}\n")
        await asyncio.sleep(COPY_S)


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    if "as-a-cell" in sys.argv[3:]:
        require_current(sql_url(Path(sys.argv[1])))
    asyncio.run(_write(Path(sys.argv[1]), sys.argv[2]))
