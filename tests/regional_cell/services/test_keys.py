"""Keys are passed on in whole steps, and whatever rests under an older one is read."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from accord.clock import ManualClock
from accord.errors import InvalidError, KeyUnavailableError, UnknownResidentError
from accord.signing import KeyRing, KeyState, RingKey, SigningKey, SigningKeys
from regional_cell.adapters.local.keys import CellKeys, cell_key_id
from regional_cell.adapters.local.random_stock import RandomStock
from regional_cell.adapters.local.sealer import LocalSealer
from regional_cell.adapters.sql.data_keys import SqlDataKeys
from regional_cell.adapters.sql.database import Database
from regional_cell.adapters.sql.log import SqlLog
from regional_cell.adapters.sql.schema_version import migrate
from regional_cell.adapters.sql.views import SqlViews
from regional_cell.domain.errors import IntegrityError
from regional_cell.ports.keys import KeyStatus, Progress
from regional_cell.services.commits.writer import GroupCommits
from regional_cell.services.keys import RESIDENTS_MAX, Keys
from regional_cell.services.rebuild import Rebuild
from tests.regional_cell.stores import (
    CELL_KEY,
    START_US,
    T1,
    T2,
    Store,
    channel_created,
    one,
    open_resident,
    post,
    sql_url,
)

NEW_KEY = b"n" * 32
OLD, NEW = cell_key_id(CELL_KEY), cell_key_id(NEW_KEY)
FIRST, SECOND = SigningKey.from_seed(b"1" * 32), SigningKey.from_seed(b"2" * 32)


class Process:
    """A process of a cell, as far as keys go; several may share a folder."""

    def __init__(self, folder: Path, *cell_keys: bytes) -> None:
        if not (folder / "cell.db").exists():
            migrate(sql_url(folder))
        self.clock = ManualClock(START_US)
        self.database = Database(sql_url(folder))
        self.data_keys = SqlDataKeys(self.database)
        self.cell_keys = CellKeys(*cell_keys)
        self.sealer = LocalSealer(self.cell_keys, RandomStock(), self.data_keys.find)
        self.log, self.views = SqlLog(self.database, self.sealer), SqlViews(self.database, self.sealer)
        self.store = Store(self.sealer, self.log, self.views, self.database.close)
        self.commits = GroupCommits(self.log, self.views, self.sealer, self.clock, shared=True)
        self.ring = KeyRing([_ring_key(FIRST)])
        self.signing = SigningKeys([FIRST], self.ring, lambda: START_US // 1_000_000)
        self.keys = Keys(
            "de-fra", self.signing, self.ring, self.cell_keys, self.data_keys, self.sealer, self.commits,
            self.log,
        )  # fmt: skip

    async def __aenter__(self) -> "Process":
        await self.commits.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.commits.stop()
        self.database.close()

    async def begin(self, *residents: str) -> None:
        for resident in residents:
            await open_resident(self.store, resident)
            await self.commits.commit(resident, one("ChannelCreated", channel_created()), principal="")

    async def post(self, text: str) -> str:
        """Id of the data key that a message is sealed under."""
        done = await self.commits.commit(T1, post(text), principal="")
        (entry,) = (await self.log.entries(T1, [done.events[0].sequence])).values()
        return entry.key_id

    async def texts(self) -> list[str]:
        events = await self.commits.read(T1, 0, 1_000)
        return [event.payload["text"] for event in events if event.kind == "MessagePosted"]


def _ring_key(key: SigningKey, state: KeyState = "active", not_before_s: int = 0) -> RingKey:
    return RingKey("de-fra", "*", key.key_id, key.public, not_before_s, 2**40, state)


async def _last(walk: AsyncIterator[Progress]) -> Progress:
    return [progress async for progress in walk][-1]


def _counts(status: KeyStatus) -> dict[str, tuple[bool, int]]:
    return {key.key_id: (key.wraps, key.data_keys) for key in status.sealing}


async def test_data_keys_are_wrapped_again_and_the_old_key_is_not_needed_any_more(tmp_path: Path) -> None:
    async with Process(tmp_path, CELL_KEY) as process:
        await process.begin(T1, T2)
        await process.post("before")
        process.cell_keys.replace([NEW_KEY, CELL_KEY])
        assert _counts(await process.keys.status()) == {NEW: (True, 0), OLD: (False, 2)}
        assert await _last(process.keys.wrap_again()) == Progress(2, 2, {})
        assert await _last(process.keys.wrap_again()) == Progress(2, 0, {})
        assert _counts(await process.keys.status()) == {NEW: (True, 2), OLD: (False, 0)}
    async with Process(tmp_path, NEW_KEY) as later:
        assert await later.texts() == ["before"]
    async with Process(tmp_path, CELL_KEY) as stale:
        with pytest.raises(IntegrityError):
            await stale.texts()
        assert (await stale.keys.status()).lost == (T1, T2)


async def test_what_no_key_opens_is_left_as_it_is_and_named(tmp_path: Path) -> None:
    async with Process(tmp_path, CELL_KEY) as process:
        await process.begin(T1)
    async with Process(tmp_path, NEW_KEY) as other:
        await other.begin(T2)
        assert await _last(other.keys.wrap_again()) == Progress(2, 0, {T1: "INTERNAL"})


async def test_what_is_written_after_a_rotation_rests_under_the_new_key_in_every_process(
    tmp_path: Path,
) -> None:
    async with Process(tmp_path, CELL_KEY) as process, Process(tmp_path, CELL_KEY) as other:
        await process.begin(T1)
        used = [await process.post("one"), await other.post("two")]
        assert await _last(process.keys.rotate_data_keys([T1])) == Progress(1, 1, {})
        used += [await process.post("three"), await other.post("four"), await other.post("five")]
        # The other process may seal one batch before it hears of the new key.
        assert used[0] == used[1] != used[2] == used[4]
        assert await process.texts() == await other.texts() == ["one", "two", "three", "four", "five"]
        record = await process.log.record(T1)
        assert record is not None
        assert record.key_id == used[2]
        # Old entries that are read once more do not bring the old key back.
        await other.commits.read(T1, 0, 100)
        assert await other.post("six") == used[2]
        rebuilt = await Rebuild(other.log, other.views, other.sealer).compare(T1)
        assert rebuilt.equal, rebuilt


async def test_residents_that_are_not_here_and_too_many_are_refused(tmp_path: Path) -> None:
    async with Process(tmp_path, CELL_KEY) as process:
        await process.begin(T1)
        used = await process.post("one")
        with pytest.raises(UnknownResidentError):
            await _last(process.keys.rotate_data_keys([T1, T2]))
        assert await process.post("two") == used
        with pytest.raises(InvalidError):
            await _last(process.keys.rotate_data_keys([T1] * (RESIDENTS_MAX + 1)))


async def test_the_first_key_that_is_admitted_signs_and_without_one_nothing_does(tmp_path: Path) -> None:
    async with Process(tmp_path, CELL_KEY) as process:
        signing, ring = process.signing, process.ring
        signing.replace([SECOND, FIRST])
        assert signing.current() is FIRST
        ring.replace([_ring_key(FIRST), _ring_key(SECOND, not_before_s=START_US)])
        assert signing.current() is FIRST
        ring.replace([_ring_key(FIRST), _ring_key(SECOND)])
        assert signing.current() is SECOND
        found = {key.key_id: key for key in (await process.keys.status()).signing}
        assert [found[key.key_id].signs for key in (FIRST, SECOND)] == [False, True]
        ring.replace([_ring_key(FIRST, "verify_only"), _ring_key(SECOND, "withdrawn")])
        with pytest.raises(KeyUnavailableError):
            signing.current()
        signing.replace([SECOND])
        found = {key.key_id: key for key in (await process.keys.status()).signing}
        assert [(found[key.key_id].held, found[key.key_id].signs) for key in (FIRST, SECOND)] == [
            (False, False),
            (True, False),
        ]


async def test_what_changed_meanwhile_is_not_exchanged(tmp_path: Path) -> None:
    async with Process(tmp_path, CELL_KEY) as process:
        await process.begin(T1)
        (one_key,) = await process.data_keys.page(("", ""), 10)
        process.cell_keys.replace([NEW_KEY, CELL_KEY])
        first, second = (process.cell_keys.wrap_again(*one_key) for _ in range(2))
        assert first is not None
        assert second is not None
        assert await process.data_keys.exchange([(one_key, first)]) == 1
        assert await process.data_keys.exchange([(one_key, second)]) == 0
        assert await process.data_keys.page(("", ""), 10) == [one_key._replace(wrapped=first)]
        assert await process.data_keys.page((one_key.resident, one_key.key_id), 10) == []
