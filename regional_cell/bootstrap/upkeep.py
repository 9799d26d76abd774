"""What comes round again while a cell lives, done by the one process that leads."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from accord.clock import Clock
from regional_cell.bootstrap.chat import Chat
from regional_cell.bootstrap.stores import Stores
from regional_cell.entrypoints.workers.jobs import Job, run
from regional_cell.services.claims import Claims
from regional_cell.services.gatherings import Gatherings
from regional_cell.services.placing import Placing
from regional_cell.services.tails import TailRunner
from regional_cell.services.traffic import FLUSH_S, Traffic
from regional_cell.services.unlawful import UnlawfulReports

CHECKPOINT_S = 5.0
SCHEDULED_S = 1.0
GUESTS_S = 1.0
GATHERINGS_S = 1.0
PURGE_S = 5.0
SETTLE_S, PLACING_S = 10.0, 5.0
# It loads every resident; after a start everybody comes back, so it waits.
DRIFT_S, DRIFT_FIRST_S = 3_600.0, 300.0


class Upkeep:
    """Made in every process; `lead` waits until this one leads.

    Args:
        spawn: runs a coroutine beside and keeps it.
    """

    def __init__(
        self,
        stores: Stores,
        tails: Sequence[TailRunner],
        chat: Chat,
        claims: Claims,
        placing: Placing,
        gatherings: Gatherings,
        traffic: Traffic,
        unlawful: UnlawfulReports,
        clock: Clock,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._stores, self._tails, self._chat, self._claims = stores, tails, chat, claims
        self._placing = placing
        self._gatherings, self._traffic, self._unlawful = gatherings, traffic, unlawful
        self._clock, self._spawn = clock, spawn

    async def lead(self) -> None:
        """Begin once this process leads, and go on for as long as it lives."""
        await self._stores.lead.wait()
        for tail in self._tails:
            await tail.start()
        for job in (
            Job("checkpoint", CHECKPOINT_S, self._stores.checkpoint),
            Job("scheduled", SCHEDULED_S, self._chat.scheduled.post_due),
            Job("guests", GUESTS_S, self._chat.guests.end_due),
            Job("file_purge", PURGE_S, self._purge_files),
            Job("gatherings", GATHERINGS_S, self._gatherings.walk),
            Job("traffic_report", FLUSH_S, self._traffic.report),
            Job("unlawful", GATHERINGS_S, self._unlawful.report),
            Job("claims", SETTLE_S, self._claims.settle),
            Job("placing", PLACING_S, self._placing.look),
            Job("claims_drift", DRIFT_S, self._claims.drift, DRIFT_FIRST_S),
        ):
            self._spawn(run(job))

    async def _purge_files(self) -> None:
        await self._chat.files.purge(self._clock.now_us() // 1_000_000)
