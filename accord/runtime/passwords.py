"""Password hashes with argon2id, on a bounded pool of threads.

Invariants
    1. An unknown person costs the same work as a wrong password, so the time of an answer tells nothing.
    2. No more than `THREADS` hashes run at once; each takes `memory_mib`.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

THREADS = 2


class Argon2Hasher:
    """`ports.Hasher`."""

    def __init__(self, memory_mib: int, passes: int) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "hasher")
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_mib * 1024)
        self._dummy = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """As `ports.Hasher.hash`."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def verify(self, encoded: str | None, password: str) -> bool:
        """As `ports.Hasher.verify`."""
        fits = await asyncio.get_running_loop().run_in_executor(
            self._threads, self._fits, encoded or self._dummy, password
        )
        return fits and encoded is not None

    def close(self) -> None:
        """Finish what runs."""
        self._threads.shutdown()

    def _fits(self, encoded: str, password: str) -> bool:
        try:
            return self._hasher.verify(encoded, password)
        except (VerificationError, InvalidHashError):
            return False
