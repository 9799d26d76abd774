"""How often may be tried again: a share of what was asked, so that who is in trouble is not asked for more.

Invariants
    1. Retries are at most `share` of the calls of late, plus a small reserve.
"""


class RetryBudget:
    """A bucket for one target, that calls fill by `share` each and retries empty by one."""

    def __init__(self, share: float = 0.1, reserve: float = 10.0) -> None:
        self._share = share
        self._reserve = reserve
        self._left = reserve

    def called(self) -> None:
        """One more call, whatever becomes of it."""
        self._left = min(self._reserve, self._left + self._share)

    def spend(self) -> bool:
        """Take one retry; False when none is left."""
        if self._left < 1:
            return False
        self._left -= 1
        return True
