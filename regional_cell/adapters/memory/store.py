"""The log in memory, with its views written in the same step.

Invariants
    1. `append` never waits between its first look and its last write, so a batch is one instant for every
       reader.
    2. A share that cannot be held leaves no trace.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from accord.errors import ConflictError
from regional_cell.adapters.memory.tables import Tables, Undo, change, empty, take_back
from regional_cell.adapters.shares import behind, by_resident, required, sift
from regional_cell.domain.changes import Change, Patch
from regional_cell.domain.events import SealedEvent
from regional_cell.domain.state import OPEN
from regional_cell.domain.views.apply import counters
from regional_cell.domain.views.residents import EVENTS, RESIDENTS
from regional_cell.ports.log import Append, Outcome, ResidentRecord, Sealer, Unfit, Unmet, Written


class MemoryStore:
    """`ports.Log` in memory. `tables` and `records` are read by `MemoryViews` and by tests."""

    def __init__(self, sealer: Sealer) -> None:
        self.sealer = sealer
        self.records: dict[str, ResidentRecord] = {}
        self.entries_of: dict[str, list[SealedEvent]] = {}
        self.tables: dict[str, Tables] = {}
        self._wrapped: dict[str, bytes] = {}

    async def open(self, record: ResidentRecord, wrapped_key: bytes) -> None:
        """As `ports.Log.open`."""
        old = self.records.get(record.resident)
        if old is not None:
            if old.epoch != record.epoch:
                raise ConflictError(what="resident")
            return
        self.records[record.resident] = record
        self.entries_of[record.resident] = []
        self.tables[record.resident] = empty()
        self._wrapped[record.resident] = wrapped_key

    async def record(self, resident: str) -> ResidentRecord | None:
        """As `ports.Log.record`."""
        return self.records.get(resident)

    async def residents(self) -> list[ResidentRecord]:
        """As `ports.Log.residents`."""
        return [self.records[resident] for resident in sorted(self.records)]

    async def read(self, resident: str, after: int, limit: int) -> list[SealedEvent]:
        """As `ports.Log.read`."""
        self.admit(resident)
        return self.entries_of.get(resident, [])[after : after + limit]

    async def entries(self, resident: str, sequences: Sequence[int]) -> dict[int, SealedEvent]:
        """As `ports.Log.entries`."""
        self.admit(resident)
        log = self.entries_of.get(resident, [])
        return {sequence: log[sequence - 1] for sequence in sequences if 0 < sequence <= len(log)}

    async def append(self, shares: Sequence[Append]) -> list[Outcome]:
        """As `ports.Log.append`."""
        outcomes: dict[int, Outcome] = {}
        for resident, positions in by_resident(shares).items():
            chosen = [shares[position] for position in positions]
            outcomes.update(zip(positions, self._append(resident, chosen), strict=True))
        return [outcomes[position] for position in range(len(shares))]

    def admit(self, resident: str) -> None:
        """Hand the resident's wrapped key to the sealer, once."""
        if resident in self.records and not self.sealer.holds(resident):
            self.sealer.admit(resident, self.records[resident].key_id, self._wrapped[resident])

    def _append(self, resident: str, shares: Sequence[Append]) -> list[Outcome]:
        record, tables = self.records.get(resident), self.tables.get(resident, {})
        rows = {place: tables.get(place[0], {}).get(place[1]) for place in required(shares)}
        outcomes = sift(shares, _found(tables, shares), rows)
        expected = shares[0].events[0].sequence - 1
        if record is None or (record.epoch, record.state, record.head) != (shares[0].epoch, OPEN, expected):
            return behind(outcomes)
        for position, share in enumerate(shares):
            if isinstance(outcomes[position], Written) and (fault := self._write(share)):
                rest = [Unmet() if isinstance(one, Written) else one for one in outcomes[position + 1 :]]
                return [*outcomes[:position], Unfit(fault), *rest]
        return outcomes

    def _write(self, share: Append) -> str:
        """Write one share, or name what is wrong with it and leave nothing."""
        tables, undo = self.tables[share.resident], Undo()
        log = self.entries_of[share.resident]
        length = len(log)
        before = self.records[share.resident]
        try:
            log.extend(share.events)
            for one in (*share.changes, *counters(share.events)):
                if not self._truth(share.resident, one):
                    change(tables, one, undo)
        except (ValueError, TypeError, KeyError) as error:
            take_back(tables, undo)
            del log[length:]
            self.records[share.resident] = before
            return type(error).__name__
        last = share.events[-1]
        record = self.records[share.resident]
        clock_us = max(record.clock_us + len(share.events), last.at_us)
        self.records[share.resident] = replace(record, head=last.sequence, clock_us=clock_us)
        return ""

    def _truth(self, resident: str, one: Change) -> bool:
        """Make a change to the log or the fencing row; False for a change to a view."""
        if one.view == EVENTS and isinstance(one, Patch):
            log, index = self.entries_of[resident], one.key[0] - 1
            if 0 <= index < len(log):
                log[index] = replace(log[index], sealed=None)
        elif one.view == RESIDENTS and isinstance(one, Patch):
            self.records[resident] = replace(self.records[resident], key_id=one.values["key_id"])
        return one.view in (EVENTS, RESIDENTS)


def _found(tables: Tables, shares: Sequence[Append]) -> dict[tuple[str, str], int]:
    wanted = {share.client_msg_id for share in shares if share.client_msg_id}
    if not wanted:
        return {}
    rows = tables.get("messages", {}).values()
    return {
        (row["user"], row["client_msg_id"]): row["sequence"]
        for row in rows
        if (row["user"], row["client_msg_id"]) in wanted
    }
