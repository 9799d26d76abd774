"""Waiting for something that will become true soon, with a deadline; nobody guesses how long it takes."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def until(check: Callable[[], Value], within_s: float, what: str, every_s: float = 0.05) -> Value:
    """The first value of `check` that is true. Raises AssertionError, naming `what`, when there is none in
    time.
    """
    ends_s = time.monotonic() + within_s
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < ends_s, f"{what}: not within {within_s:.1f} s"
        time.sleep(every_s)
