"""Deadline: the moment after which nobody waits for a call, for everything that is done on its behalf.

It is set once, where a call begins, and stands in the context of its task and of those that it starts, as
gRPC carries its own. Whoever is about to do what cannot be taken back first asks whether anybody waits.

Times are those of the event loop, in seconds.
"""

from contextvars import ContextVar

NEVER_S = float("inf")
_until_s: ContextVar[float] = ContextVar("until_s", default=NEVER_S)


def until_s() -> float:
    """When nobody waits any more; `NEVER_S` for work of the process itself."""
    return _until_s.get()


def wait_until(moment_s: float) -> None:
    """From here on, this task's work is for nothing after `moment_s`."""
    _until_s.set(moment_s)
