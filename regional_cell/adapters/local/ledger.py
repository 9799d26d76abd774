"""The ledger of a cell in a folder: appends from the event loop, grouped, on one thread of its own.

Invariants
    1. `append` returns only after the sync of its entries and of a checkpoint that covers them.
    2. Whatever is queued when the thread is free is written together; nothing waits for company.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from accord.errors import LedgerUnavailableError
from accord.signing import SigningKey
from regional_cell.adapters.local.ledger_book import Book
from regional_cell.domain.transfers import Entry

QUEUE_MAX = 4096
GROUP_MAX = 256


class FolderLedger:
    """`ports.Ledger` over a `Book`. Open it on a running loop; close it when no crossing is open any more."""

    def __init__(self, folder: Path, origin: str, key: SigningKey, random: Callable[[int], bytes]) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._folder = folder
        self._origin = origin
        self._key = key
        self._random = random
        self._book: Book | None = None
        self._queue: list[tuple[list[Entry], asyncio.Future[int]]] = []
        self._writing = False

    async def open(self) -> None:
        """Read the book and prove its checkpoint. A broken one is not an error here: appends will say so."""
        loop = asyncio.get_running_loop()
        self._book = await loop.run_in_executor(
            self._thread, Book, self._folder, self._origin, self._key, self._random
        )

    @property
    def broken(self) -> str:
        """Why nothing can be appended; empty while all is well."""
        return self._book.broken if self._book else "not open"

    async def append(self, entries: Sequence[Entry]) -> int:
        """Book and sync. Raises LedgerUnavailableError."""
        if self._book is None or len(self._queue) >= QUEUE_MAX:
            raise LedgerUnavailableError(why="not open" if self._book is None else "queue")
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._queue.append((list(entries), done))
        if not self._writing:
            self._next()
        return await done

    async def checkpoint(self) -> str:
        """The newest signed note; empty before the first entry."""
        return self._book.note if self._book else ""

    async def close(self) -> None:
        """Wait for what is being written."""
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)

    def _next(self) -> None:
        group, self._queue = self._queue[:GROUP_MAX], self._queue[GROUP_MAX:]
        self._writing = bool(group)
        if not group or self._book is None:
            return
        written = asyncio.get_running_loop().run_in_executor(
            self._thread, self._book.append, [entry for entries, _ in group for entry in entries]
        )
        written.add_done_callback(lambda future: self._finish(group, future))

    def _finish(
        self, group: list[tuple[list[Entry], asyncio.Future[int]]], written: asyncio.Future[int]
    ) -> None:
        error = written.exception()
        first = 0 if error else written.result()
        for entries, done in group:
            if not done.done():
                if error is None:
                    done.set_result(first)
                else:
                    done.set_exception(LedgerUnavailableError(why=type(error).__name__))
            first += len(entries)
        self._next()
