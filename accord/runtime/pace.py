"""Pace: work that costs a fixed price each time is not begun again at once, so that more of it gathers.

A pause is taken only by who comes back early: the first piece after a quiet moment never waits.
"""

import asyncio


class Pace:
    """One rhythm.

    Args:
        pause_s: least time between two returns of `wait`; 0 for none. Timers have a grain of a millisecond.
    """

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s
        self._next_s = 0.0

    async def wait(self) -> None:
        """Return when the next piece may be begun."""
        if not self._pause_s:
            return
        loop = asyncio.get_running_loop()
        left_s = self._next_s - loop.time()
        if left_s > 0:
            await asyncio.sleep(left_s)
        self._next_s = loop.time() + self._pause_s
