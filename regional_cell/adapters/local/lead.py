"""Which process of a cell leads: exactly one runs the tails and copies the write-ahead log back.

Invariants
    1. Leading is holding an exclusive lock of a file; the kernel gives it back when the process ends,
       however it ends.
    2. Leading protects work that is wasteful to do twice, never a write: the fence of the log does that.
"""

import asyncio
import fcntl
import os
from pathlib import Path

RETRY_S = 1.0


class Lead:
    """The lock `leader.lock` in a folder that the processes of a cell share."""

    def __init__(self, folder: Path, retry_s: float = RETRY_S) -> None:
        self._path = folder / "leader.lock"
        self._retry_s = retry_s
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this process leads."""
        return self._descriptor is not None

    def take(self) -> bool:
        """Try to lead, without waiting."""
        if self._descriptor is None:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                return False
            self._descriptor = descriptor
        return True

    async def wait(self) -> None:
        """Return once this process leads."""
        while not self.take():  # noqa: ASYNC110 (the lock of a file has no event)
            await asyncio.sleep(self._retry_s)

    def give_back(self) -> None:
        """Let another process lead."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
