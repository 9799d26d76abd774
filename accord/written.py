"""Written: whether a call has changed something already, for whoever has to say how it ended.

A call may write first and fail then: it cannot read what it is to show, or one of several writes finds no
room. Then "nothing happened, come again" is not true, and who believes it does the same twice. It is noted in
the context of the call's task.
"""

from contextvars import ContextVar
from typing import TypeVar

from accord.errors import ColinkError, OutcomeUnknownError

T = TypeVar("T")
_written: ContextVar[bool] = ContextVar("written", default=False)


def begin() -> None:
    """A call begins in this task: nothing is written yet."""
    _written.set(False)


def noted(done: T) -> T:
    """What was done stands, whatever becomes of the call. Gives it on."""
    _written.set(True)
    return done


def told(error: ColinkError) -> ColinkError:
    """What to tell of a call that ended with `error`: that its outcome is unknown, where the error asks to
    come again and something stands already.
    """
    return OutcomeUnknownError() if _written.get() and error.rule.retry != "N" else error
