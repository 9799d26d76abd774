"""The sweep: ends leases whose time is over, forgets old versions, counts what there is.

Nothing depends on its punctuality: an expired lease is already worth nothing to those who ask.
"""

import asyncio
import contextlib

from accord.errors import ColinkError
from accord.runtime.logs import get_logger
from accord.runtime.metrics import Metrics
from directory.services.claims import ClaimService
from directory.services.watch import WatchService

EVERY_S = 10.0
FORGET_EVERY = 360
"""Old versions are forgotten about once an hour."""


async def sweep(claims: ClaimService, watch: WatchService, metrics: Metrics, draining: asyncio.Event) -> None:
    """Run until the process drains; a store that does not answer is tried again at the next turn."""
    turn = 0
    while not draining.is_set():
        try:
            ended = await claims.sweep()
            if ended:
                metrics.count("colink_claims_total", ended, outcome="expired")
            if turn % FORGET_EVERY == 0:
                await watch.forget_old_versions()
        except ColinkError as error:
            get_logger().warning("sweep_failed", reason=error.reason.value)
        turn += 1
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(draining.wait(), EVERY_S)
