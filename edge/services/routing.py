"""Keeps the route table true to the directory's signed deltas, and answers where a resident lives.

Invariants
    1. A delta counts as applied after its signature, chain and hand-overs are proven and its record is
       synced.
    2. Without a proven journal and without the directory the edge is not ready; it never serves made-up
       routes.
    3. Placements that come unsigned (`Resolve`, `moved`) need a proven hand-over and never lower an epoch.
"""

import asyncio
import contextlib
from collections.abc import Callable

from accord.clock import Clock
from accord.errors import (
    ColinkError,
    InvalidError,
    Moved,
    NotReadyError,
    StorageFullError,
    UnknownResidentError,
)
from accord.handover import verify_handover
from accord.routes import CHAIN_START, verify_route
from accord.signing import KeyRing
from edge.domain.journal import JournalBrokenError, Record, read_journal
from edge.domain.routes import CellRoute, Delta, Misses, Placement, RouteTable
from edge.ports import Directory, JournalStore, ParseDelta, RouteFeed, Sleep

HEARD_EVERY_S = 60.0
RESOLVES_MAX = 64


class Routing:
    """The route table and its journal.

    Args:
        signers: the directory's keys: who may sign deltas.
        age_s_max: age of the journal beyond which it is not started from.
        compact_bytes: length at which the journal is begun anew from a full snapshot.
        changed: called after each change of cells, edges or keys.
        refused: called with a word for each delta or entry that was refused; lost: for each lost watch.
        jitter: a number from 0 to 1.
    """

    def __init__(
        self,
        store: JournalStore,
        directory: Directory,
        ring: KeyRing,
        parse: ParseDelta,
        clock: Clock,
        *,
        signers: KeyRing,
        age_s_max: float,
        miss_kept_s: float = 5.0,
        compact_bytes: int = 64 * 1024 * 1024,
        backoff_s_max: float = 30.0,
        changed: Callable[[], None] = lambda: None,
        refused: Callable[[str], None] = lambda why: None,
        lost: Callable[[str], None] = lambda why: None,
        sleep: Sleep = asyncio.sleep,
        jitter: Callable[[], float] = lambda: 0.5,
    ) -> None:
        self.table = RouteTable()
        self.ready = False
        self.last_hash = b""
        self.heard_at_s: float | None = None
        self._store, self._directory, self._ring, self._parse = store, directory, ring, parse
        self._clock = clock
        self._signers = signers
        self._age_s_max, self._compact_bytes, self._backoff_s_max = age_s_max, compact_bytes, backoff_s_max
        self._misses = Misses(miss_kept_s)
        self._changed, self._refused, self._lost = changed, refused, lost
        self._sleep, self._jitter = sleep, jitter
        self._length = 0
        self._resolving: dict[str, asyncio.Future[Placement]] = {}

    # --- start and watch -----------------------------------------------------------------------

    def start(self) -> None:
        """Read the journal. Ready when there is one, proven and young enough.

        Raises:
            JournalBrokenError: a journal that cannot be trusted; too old is the same.
        """
        stored = self._store.read()
        if stored is None:
            return
        self.table = RouteTable(stored.epochs)
        journal = read_journal(stored.data, stored.synced, self._signed_after)
        if journal.length < len(stored.data):
            self._store.truncate(journal.length)
        if not journal.records:
            return
        for record in journal.records:
            try:
                self.table.apply(self._parse(record.delta))
            except InvalidError:
                raise JournalBrokenError("a signed record of the journal cannot be read") from None
        self._ring.replace(self.table.keys.values())
        self.last_hash, self._length = journal.last_hash, journal.length
        if stored.age_s > self._age_s_max:
            raise JournalBrokenError(f"the journal is {stored.age_s / 3600:.0f} hours old")
        self.ready = True
        self._changed()

    async def watch(self) -> None:
        """Follow the directory for ever; a lost watch is begun again with growing pauses and jitter."""
        pause_s = 0.1
        while True:
            last = b"" if self._length > self._compact_bytes else self.last_hash
            feed = self._directory.watch(self.table.watch_version if last else 0, last)
            try:
                if await self._follow(feed):
                    pause_s = 0.1
            except ColinkError as error:
                self._lost(error.reason.lower())
            await self._sleep(pause_s * (0.5 + self._jitter()))
            pause_s = min(self._backoff_s_max, pause_s * 2)

    async def _follow(self, feed: RouteFeed) -> bool:
        heard = False
        heartbeat = asyncio.ensure_future(self._note_heard())
        try:
            async for nonce, record in feed.records():
                why = await self.take(record)
                if why is not None:
                    self._refused(why)
                    await feed.nack(nonce, why)
                    return heard
                heard = True
                await feed.ack(nonce)
                if self._length > self._compact_bytes and len(record.delta) < self._compact_bytes // 2:
                    return heard
        finally:
            heartbeat.cancel()
        return heard

    async def _note_heard(self) -> None:
        while True:
            await self._sleep(HEARD_EVERY_S)
            if self.ready:
                self.heard_at_s = self._clock.monotonic_s()
                with contextlib.suppress(OSError):
                    await self._store.heard()

    async def take(self, record: Record) -> str | None:
        """Prove, sync and apply one record; a word when it is refused."""
        first = not self.last_hash
        chained = self._signed_after(self.last_hash or CHAIN_START, record)
        if not chained and not self._signed_after(CHAIN_START, record):
            return "signature"
        try:
            delta = self._parse(record.delta)
        except InvalidError:
            return "form"
        begins = first or not chained
        if begins and not delta.full:
            return "chain"
        why = self._faulty(delta)
        if why is not None:
            return why
        await self._store_record(record.encode(), begins=begins)
        self.last_hash = record.hash_after(CHAIN_START if begins else self.last_hash)
        for _ in self.table.apply(delta):
            self._refused("lower epoch")
        for entry in delta.placements:
            self._misses.forget(entry.resident)
        if delta.keys or delta.full:
            self._ring.replace(self.table.keys.values())
        self.ready = True
        self.heard_at_s = self._clock.monotonic_s()
        if delta.full or delta.cells or delta.edges or delta.keys:
            self._changed()
        return None

    async def _store_record(self, data: bytes, *, begins: bool) -> None:
        try:
            if begins:
                await self._store.begin(data, dict(self.table.epochs))
                self._length = 0
            else:
                await self._store.append(data)
        except OSError:
            # What stands on the disk now is not known: the next record begins a whole new file.
            self.last_hash = b""
            raise StorageFullError() from None
        self._length += len(data)

    def _signed_after(self, previous: bytes, record: Record) -> bool:
        return verify_route(self._signers, record.key_id.hex(), previous, record.delta, record.signature)

    def _faulty(self, delta: Delta) -> str | None:
        """Why a signed delta is refused all the same: its keys or its hand-overs."""
        try:
            ring = KeyRing(self.table.keys_with(delta).values())
        except InvalidError:
            return "keys"
        for entry in delta.placements:
            if entry.epoch > self.table.highest_epoch(entry.resident) and not _proven(entry, ring):
                return "handover"
        return None

    # --- answers -------------------------------------------------------------------------------

    def resolve_now(self, resident: str) -> Placement:
        """From the table alone.

        Raises:
            UnknownResidentError: gone. NotReadyError: not in the table; nobody was asked.
        """
        entry = self.table.find(resident)
        if entry is not None:
            return entry
        if self.table.is_gone(resident):
            raise UnknownResidentError()
        self._misses.check(resident, self._clock.monotonic_s())
        raise NotReadyError()

    async def resolve(self, resident: str, deadline_s: float = 2.0) -> Placement:
        """From the table, else from the directory once.

        Raises:
            UnknownResidentError: the directory knows none. NotReadyError: it could not be asked, or named
            less than
                was seen before.
        """
        entry = self.table.find(resident)
        if entry is not None:
            return entry
        if self.table.is_gone(resident):
            raise UnknownResidentError()
        self._misses.check(resident, self._clock.monotonic_s())
        asking = self._resolving.get(resident)
        if asking is None:
            if len(self._resolving) >= RESOLVES_MAX:
                raise NotReadyError(retry_after_ms=1_000)
            asking = asyncio.ensure_future(self._ask(resident, deadline_s))
            self._resolving[resident] = asking
            asking.add_done_callback(lambda done: self._resolved(resident, done))
        return await asyncio.shield(asking)

    def _resolved(self, resident: str, done: "asyncio.Future[Placement]") -> None:
        self._resolving.pop(resident, None)
        if not done.cancelled():
            done.exception()  # seen, even when every caller has left

    async def _ask(self, resident: str, deadline_s: float) -> Placement:
        try:
            entry = await self._directory.resolve(resident, deadline_s)
        except ColinkError:
            self._misses.add(resident, self._clock.monotonic_s(), ready=False)
            raise NotReadyError(retry_after_ms=1_000) from None
        if entry is None:
            self._misses.add(resident, self._clock.monotonic_s(), ready=True)
            raise UnknownResidentError()
        if entry.resident != resident or not _proven(entry, self._ring) or not self.table.put(entry):
            self._misses.add(resident, self._clock.monotonic_s(), ready=False)
            raise NotReadyError(retry_after_ms=1_000)
        return entry

    def home(self, placement: Placement) -> CellRoute:
        """The placement's cell. Raises NotReadyError."""
        return self.table.home(placement)

    async def repair(self, moved: Moved, held: Placement) -> Placement | None:
        """Take a cell's word for a new home, if both cells signed it and its epoch is higher."""
        if moved.resident != held.resident or moved.epoch <= held.epoch:
            return None
        entry = Placement(
            moved.resident, moved.cell, moved.epoch, held.bundle_version, held.version, moved.handover,
            held.establishment, held.subjects, held.tags,
        )  # fmt: skip
        if not _proven(entry, self._ring):
            self._refused("handover")
            return None
        if moved.epoch > self.table.highest_epoch(moved.resident):
            await self._store.keep_epoch(moved.resident, moved.epoch)
        if not self.table.put(entry):
            return self.table.find(moved.resident)
        return entry


def _proven(entry: Placement, ring: KeyRing) -> bool:
    try:
        handover = verify_handover(entry.handover, ring)
    except ColinkError:
        return False
    return (handover.resident, handover.target, handover.epoch) == (entry.resident, entry.cell, entry.epoch)
