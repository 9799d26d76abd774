"""Two writers on one SQLite file: nothing lost, nothing doubled, one order; and a process that is killed."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from accord.clock import SystemClock
from accord.errors import ConflictError
from regional_cell.adapters.local.doorbell import LocalDoorbell
from regional_cell.adapters.sql.append import Appender
from regional_cell.adapters.sql.database import Database
from regional_cell.adapters.sql.log import SqlLog
from regional_cell.domain.decisions import Committed
from regional_cell.ports.log import Log
from regional_cell.services.commits.writer import GroupCommits
from regional_cell.services.rebuild import Rebuild
from tests.regional_cell.adapters.sql.test_append import WithoutFence
from tests.regional_cell.stores import C1, C2, T1, T2, U1, Store, open_resident, post, sql_store, sql_url

SENDS = 60
SENDERS = 6


async def race(stores: list[Store], logs: Sequence[Log], seed: int) -> dict[str, set[int]]:
    """Both writers post under shared keys, and each key twice. Gives the sequences told, by key."""
    writers = [
        GroupCommits(log, store.views, store.sealer, SystemClock(), shared=True)
        for store, log in zip(stores, logs, strict=True)
    ]
    for writer in writers:
        await writer.start()
    told: dict[str, set[int]] = {}
    draw = random.Random(seed)

    async def send(writer: GroupCommits, name: str) -> None:
        resident = draw.choice([T1, T2])
        key = f"{resident}-{name}"
        done: Committed = await writer.commit(
            resident, post(key, draw.choice([C1, C2]), client_msg_id=key), principal=U1
        )
        event = done.duplicate or done.events[0]
        told.setdefault(key, set()).add(event.sequence)
        # Read your writes: the state at any process holds what was acknowledged.
        other = writers[draw.randrange(2)]
        assert (await other.state(resident)).head >= event.sequence

    async def sender(writer: GroupCommits, number: int) -> None:
        for turn in range(SENDS // SENDERS):
            await send(writer, f"{number}-{turn}")

    await asyncio.gather(*(sender(writer, number) for writer in writers for number in range(SENDERS)))
    for writer in writers:
        await writer.stop()
    return told


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_two_processes_never_lose_double_or_reorder(tmp_path: Path, seed: int) -> None:
    stores = [sql_store(tmp_path), sql_store(tmp_path)]
    await open_resident(stores[0])
    await open_resident(stores[0], T2)
    told = await race(stores, [store.log for store in stores], seed)
    assert all(len(sequences) == 1 for sequences in told.values())
    for resident in (T1, T2):
        entries = await stores[0].log.read(resident, 0, 10_000)
        assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
        assert all(one.at_us < two.at_us for one, two in pairwise(entries))
        texts = [stores[0].sealer.open_event(entry).payload["text"] for entry in entries]
        assert sorted(texts) == sorted(key for key in told if key.startswith(resident))
        for channel in (C1, C2):
            numbers = [number for entry in entries for topic, number in entry.topics if topic == channel]
            assert numbers == list(range(1, len(numbers) + 1))
        compared = await Rebuild(stores[0].log, stores[0].views, stores[0].sealer).compare(resident)
        assert compared.equal, compared.differences
    for store in stores:
        store.close()


async def test_the_race_finds_a_missing_fence(tmp_path: Path) -> None:
    stores = [sql_store(tmp_path), sql_store(tmp_path)]
    await open_resident(stores[0])
    await open_resident(stores[0], T2)
    databases = [Database(sql_url(tmp_path)) for _ in stores]
    logs = [
        SqlLog(database, store.sealer, WithoutFence)
        for database, store in zip(databases, stores, strict=True)
    ]
    assert issubclass(WithoutFence, Appender)
    # Without the comparison the primary key of `events` is all that is left, and commands fail for no reason.
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    with pytest.raises(Exception) as caught:  # noqa: PT011
        await asyncio.wait_for(race(stores, logs, 1), 30)
    assert type(caught.value).__name__ in (
        "InternalError",
        "AssertionError",
        "ValueError",
        "OutcomeUnknownError",
    )
    assert not isinstance(caught.value, ConflictError)


CHILD = """
import asyncio, sys
from pathlib import Path
from accord.clock import SystemClock
from regional_cell.services.commits.writer import GroupCommits
from tests.regional_cell.stores import T1, U1, post, sql_store

async def main():
    store = sql_store(Path(sys.argv[1]))
    commits = GroupCommits(store.log, store.views, store.sealer, SystemClock())
    await commits.start()
    async def send(sender):
        turn = 0
        while True:
            key = f"{sender}-{turn}"
            done = await commits.commit(T1, post(key, client_msg_id=key), principal=U1)
            sys.stdout.write(f"{done.events[0].sequence} {key}\\n")
            sys.stdout.flush()
            turn += 1
    await asyncio.gather(*(send(sender) for sender in range(8)))

asyncio.run(main())
"""


async def test_what_was_acknowledged_outlasts_a_kill(tmp_path: Path) -> None:
    store = sql_store(tmp_path)
    await open_resident(store)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, str(tmp_path), stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert child.stdout is not None
    acknowledged = [await asyncio.wait_for(child.stdout.readline(), 30) for _ in range(200)]
    child.send_signal(signal.SIGKILL)
    acknowledged += (await child.stdout.read()).splitlines(keepends=True)
    await child.wait()
    told = [line.decode().split() for line in acknowledged if line.endswith(b"\n")]
    store.close()
    store = sql_store(tmp_path)
    state = await store.views.state(T1)
    assert state is not None
    entries = await store.log.read(T1, 0, 100_000)
    assert [entry.sequence for entry in entries] == list(range(1, state.head + 1))
    texts = {entry.sequence: store.sealer.open_event(entry).payload["text"] for entry in entries}
    assert len(told) >= 200
    assert all(texts[int(sequence)] == key for sequence, key in told)
    assert (await Rebuild(store.log, store.views, store.sealer).compare(T1)).equal
    store.close()


async def test_a_ring_catches_up_a_state_that_somebody_listens_to(tmp_path: Path) -> None:
    stores = [sql_store(tmp_path), sql_store(tmp_path)]
    await open_resident(stores[0])
    bells = [LocalDoorbell(tmp_path / "run", name) for name in ("one", "two")]
    for bell in bells:
        await bell.open()
    writer, listener = (
        GroupCommits(store.log, store.views, store.sealer, SystemClock(), doorbell=bell)
        for store, bell in zip(stores, bells, strict=True)
    )
    await writer.start()
    await listener.start()
    listener.pin(T1)
    state = await listener.state(T1)
    done = await writer.commit(T1, post(), principal=U1)
    async with asyncio.timeout(5):
        while state.head < done.events[0].sequence:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    await writer.stop()
    await listener.stop()
    for bell, store in zip(bells, stores, strict=True):
        bell.close()
        store.close()
