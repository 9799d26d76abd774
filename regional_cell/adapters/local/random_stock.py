"""Random bytes in stock: drawn from the operating system in bulk, handed out once.

Invariants
    1. No byte is handed out twice, whichever thread asks: nonces are made of them.
    2. They come from the operating system's generator and are kept in memory alone.

A call into the system for each sealed event gives up the interpreter's lock, and a busy process waits to get
it back; of one stock it does so once for hundreds of events.
"""

import os
import threading
from collections.abc import Callable

STOCK_BYTES = 16_384


class RandomStock:
    """Call it with the number of bytes wanted.

    Args:
        draw: gives n bytes that nobody can guess.
    """

    def __init__(self, draw: Callable[[int], bytes] = os.urandom) -> None:
        self._draw = draw
        self._lock = threading.Lock()
        self._stock = b""
        self._next = 0

    def __call__(self, count: int) -> bytes:
        if count > STOCK_BYTES:
            return self._draw(count)
        with self._lock:
            start = self._next
            if start + count > len(self._stock):
                self._stock, start = self._draw(STOCK_BYTES), 0
            self._next = start + count
            return self._stock[start : start + count]
