"""The bell of one process: wakes every waiting watch after a change."""

import asyncio
import contextlib


class LocalBell:
    """`directory.ports.Bell` within one event loop."""

    def __init__(self) -> None:
        self._rung = 0
        self._next = asyncio.Event()

    def ring(self) -> None:
        self._rung += 1
        self._next.set()
        self._next = asyncio.Event()

    def rung(self) -> int:
        return self._rung

    async def wait(self, rung: int, timeout_s: float) -> None:
        if self._rung > rung:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._next.wait(), timeout_s)
