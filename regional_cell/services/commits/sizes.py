"""How large batches may be: large ones write most a second, small ones let nobody wait long.

Invariants
    1. While one resident alone has commands, a batch is limited by `most` alone.
    2. While several share the process, a batch has no more than was lately written in `ROUND_S`, but `LEAST`:
       a command that comes waits for the end of the batch that is written, and for its own.
"""

ROUND_S = 0.006
LEAST = 32
GROWTH = 1.25
# A batch that was filled to this part says that more would fit.
FULL = 0.8


class BatchSizes:
    """Learns from each batch that was written.

    Args:
        most: commands in a batch, whoever has how many.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._shared = float(most)

    def most(self, *, shared: bool) -> int:
        """How many commands the batch that is filled now may have."""
        return min(self._most, int(self._shared)) if shared else self._most

    def last(self, count: int, *, shared: bool) -> int:
        """How many more may come at the last moment into one that has `count`, of those who have little: they
        find a place although others had much to fill it with.
        """
        return min(self._most - count, LEAST) if shared else 0

    def written(self, count: int, took_s: float) -> None:
        """A batch of so many took so long from its hand-over to its end."""
        if took_s > ROUND_S:
            self._shared = max(LEAST, min(self._shared, count * ROUND_S / took_s))
        elif count >= FULL * self._shared:
            self._shared = min(self._most, self._shared * GROWTH)
