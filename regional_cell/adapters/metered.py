"""The log and the ledger of a process, counted as they are used. Nothing else changes."""

import time
from collections import Counter
from collections.abc import Sequence

from accord.runtime.metrics import Metrics
from regional_cell.domain.events import SealedEvent
from regional_cell.domain.transfers import DEBIT, RESULT, Entry
from regional_cell.ports.crossings import Ledger
from regional_cell.ports.log import Append, Behind, Log, Outcome, ResidentRecord, Written


class MeteredLog:
    """`ports.Log`: transactions, their time, events by kind, and writes that the fence refused."""

    def __init__(self, log: Log, metrics: Metrics) -> None:
        self._log = log
        self._metrics = metrics
        self._commits = metrics.counter("colink_commits_total")
        self._seconds = metrics.histogram("colink_commit_seconds")

    async def append(self, shares: Sequence[Append]) -> list[Outcome]:
        """As `ports.Log.append`."""
        began_s = time.perf_counter()
        outcomes = await self._log.append(shares)
        self._seconds.observe(time.perf_counter() - began_s)
        self._commits.inc()
        refused = sum(isinstance(outcome, Behind) for outcome in outcomes)
        if refused:
            self._metrics.count("colink_fences_total", refused)
        kinds = Counter(
            event.kind
            for share, outcome in zip(shares, outcomes, strict=True)
            if isinstance(outcome, Written)
            for event in share.events
        )
        for kind, count in kinds.items():
            self._metrics.count("colink_events_total", count, kind=kind)
        return outcomes

    async def open(self, record: ResidentRecord, wrapped_key: bytes) -> None:
        """As `ports.Log.open`."""
        await self._log.open(record, wrapped_key)

    async def record(self, resident: str) -> ResidentRecord | None:
        """As `ports.Log.record`."""
        return await self._log.record(resident)

    async def read(self, resident: str, after: int, limit: int) -> list[SealedEvent]:
        """As `ports.Log.read`."""
        return await self._log.read(resident, after, limit)

    async def entries(self, resident: str, sequences: Sequence[int]) -> dict[int, SealedEvent]:
        """As `ports.Log.entries`."""
        return await self._log.entries(resident, sequences)

    async def residents(self) -> list[ResidentRecord]:
        """As `ports.Log.residents`."""
        return await self._log.residents()


class MeteredLedger:
    """`ports.Ledger`: entries by phase, the time of an append, and what left by purpose."""

    def __init__(self, ledger: Ledger, metrics: Metrics) -> None:
        self._ledger = ledger
        self._metrics = metrics

    async def append(self, entries: Sequence[Entry]) -> int:
        """As `ports.Ledger.append`."""
        began_s = time.perf_counter()
        first = await self._ledger.append(entries)
        self._metrics.observe("colink_ledger_seconds", time.perf_counter() - began_s)
        for entry in entries:
            shown = entry.open
            self._metrics.count("colink_ledger_entries_total", phase=shown["phase"])
            if (shown["side"], shown["phase"]) == (DEBIT, RESULT):
                self._metrics.count("colink_passages_total", purpose=shown["purpose"])
                self._metrics.count("colink_passage_bytes_total", shown["bytes"], purpose=shown["purpose"])
        return first

    @property
    def broken(self) -> str:
        """As `ports.Ledger.broken`."""
        return self._ledger.broken

    async def checkpoint(self) -> str:
        """As `ports.Ledger.checkpoint`."""
        return await self._ledger.checkpoint()
