"""The clock of roll-outs: what was scheduled takes effect, who is late is cut off, what is over is forgotten;
which deadlines have passed is entered.

Every process of the directory may run it: each turn proves in its transaction what it found.
"""

import asyncio
import contextlib

from accord.errors import ColinkError
from accord.runtime.logs import get_logger
from directory.services.halts import HaltService
from directory.services.officers import OfficerService
from directory.services.policies.rollout import PolicyRollout
from directory.services.policies.shadow import PolicyShadow
from directory.services.unlawful import UnlawfulService

EVERY_S = 1.0
SWEEP_EVERY = 600
OVERDUE_EVERY = 60


async def roll_out(
    rollout: PolicyRollout,
    shadow: PolicyShadow,
    halts: HaltService,
    unlawful: UnlawfulService,
    officers: OfficerService,
    draining: asyncio.Event,
) -> None:
    """Run until the process drains; what fails is tried again at the next turn."""
    turn = 0
    while not draining.is_set():
        try:
            await rollout.tick()
            await shadow.tick()
            await halts.renew()
            if turn % OVERDUE_EVERY == 0:
                await unlawful.tick()
            if turn % SWEEP_EVERY == 0:
                await officers.sweep()
        except ColinkError as error:
            get_logger().warning("roll_out_failed", reason=error.reason.value)
        turn += 1
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(draining.wait(), EVERY_S)
