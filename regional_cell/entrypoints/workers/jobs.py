"""Jobs that come round again: each is tried, its failure is logged by kind, and it is tried again at its
next turn.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from accord.errors import ColinkError
from accord.runtime.logs import error_place, get_logger


@dataclass(frozen=True, slots=True)
class Job:
    """A job and the pause after each turn; `first_s`: before the first one."""

    name: str
    pause_s: float
    turn: Callable[[], Awaitable[object]]
    first_s: float = 0


async def run(job: Job) -> None:
    """Turn after turn, until cancelled."""
    await asyncio.sleep(job.first_s)
    while True:
        try:
            await job.turn()
        except ColinkError as error:
            get_logger().warning("job_failed", op=job.name, reason=error.reason.value)
        except Exception as error:
            get_logger().error(
                "job_failed", op=job.name, error=type(error).__name__, error_at=error_place(error)
            )
        await asyncio.sleep(job.pause_s)
