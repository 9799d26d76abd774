"""Pace: work that costs a fixed price each time is not begun again at once after a small piece, so that more
of it gathers.

A pause is taken only by who comes back early: the first piece after a quiet moment never waits. What somebody
waits for is hurried and ends the pause.
"""

import asyncio
import contextlib


class Pace:
    """One rhythm.

    Args:
        pause_s: least time between two returns of `wait`; 0 for none. Timers have a grain of a millisecond.
        enough: a piece of so many needs no pause after it.
    """

    def __init__(self, pause_s: float, enough: int) -> None:
        self._pause_s, self._enough = pause_s, enough
        self._next_s = 0.0
        self._hurry = asyncio.Event()

    def hurry(self) -> None:
        """The next piece may be begun at once."""
        if self._next_s:
            self._hurry.set()

    async def wait(self) -> None:
        """Return when the next piece may be begun."""
        if not self._next_s or self._hurry.is_set():
            return
        left_s = self._next_s - asyncio.get_running_loop().time()
        if left_s > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._hurry.wait()

    def began(self, count: int) -> None:
        """A piece of so many was begun."""
        paused = self._pause_s and count < self._enough
        self._next_s = asyncio.get_running_loop().time() + self._pause_s if paused else 0.0
        self._hurry.clear()
