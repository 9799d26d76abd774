"""The intercom of processes that are objects in one process."""

import asyncio
import contextlib
from collections.abc import Callable

Hear = Callable[[bytes], None]


class MemoryIntercom:
    """`ports.Intercom` in memory. `group`: the others, and this one."""

    def __init__(self, group: list["MemoryIntercom"]) -> None:
        self._listeners: dict[str, list[Hear]] = {}
        self._group = group
        group.append(self)

    @property
    def alone(self) -> bool:
        """As `ports.Intercom.alone`."""
        return len(self._group) == 1

    def listen(self, subject: str, hear: Hear) -> None:
        """As `ports.Intercom.listen`."""
        self._listeners.setdefault(subject, []).append(hear)

    def tell(self, subject: str, body: bytes) -> None:
        """As `ports.Intercom.tell`."""
        loop = asyncio.get_running_loop()
        for other in self._group:
            if other is not self:
                loop.call_soon(other._take, subject, body)

    def _take(self, subject: str, body: bytes) -> None:
        for hear in self._listeners.get(subject, ()):
            with contextlib.suppress(Exception):
                hear(body)
