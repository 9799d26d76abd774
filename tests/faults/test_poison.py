"""Records that nobody can read stand in logs of a cell: their own residents stop, nobody else notices, none
is passed over.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from accord.clock import SystemClock
from accord.runtime.metrics import Metrics
from accord.runtime.settings import load
from regional_cell.adapters.sql.append import event_row
from regional_cell.bootstrap.stores import Stores
from regional_cell.bootstrap.verification import verify
from regional_cell.domain.events import Event, SealedEvent
from regional_cell.settings import CellSettings
from tests.support.federation import RunningDemo
from tests.support.load import Load

Poison = Callable[[Stores, SealedEvent], SealedEvent]


def of_the_future(stores: Stores, last: SealedEvent) -> SealedEvent:
    """A kind that this program does not know."""
    return sealed(stores, last, kind="FromTheFuture")


def without_members(stores: Stores, last: SealedEvent) -> SealedEvent:
    """A known kind that says nothing."""
    return sealed(stores, last, kind="ContactClaimed")


def too_large(stores: Stores, last: SealedEvent) -> SealedEvent:
    """Five megabytes of an unknown kind."""
    return sealed(stores, last, kind="FromTheFuture", text="x" * 5_000_000)


def of_another(stores: Stores, last: SealedEvent) -> SealedEvent:
    """Bytes that were sealed for another place."""
    return replace(last, sequence=last.sequence + 1, at_us=last.at_us + 1, topics=())


POISONS: tuple[Poison, ...] = (of_the_future, without_members, too_large, of_another)


def sealed(stores: Stores, last: SealedEvent, kind: str, **payload: str) -> SealedEvent:
    """The next entry of a log, in order in every other way."""
    event = Event(
        last.resident, last.sequence + 1, last.epoch, kind, 1, last.at_us + 1, last.principal, payload, ()
    )
    return stores.sealer.seal_event(event)


def settings_of(cell: Path) -> CellSettings:
    """Settings of a cell of the demo."""
    return load(CellSettings, cell / "config.toml", {}, cell / "secrets")


async def plant(cell: Path) -> dict[str, int]:
    """One of each at the end of the log of a person who is nobody of the load; by resident, where."""
    stores = Stores(settings_of(cell), SystemClock(), Metrics(), 0)
    try:
        people = [one.resident for one in await stores.log.residents() if one.kind == "P"][-len(POISONS) :]
        entries = []
        for resident, poison in zip(people, POISONS, strict=True):
            last = (await stores.log.read(resident, 0, 100_000))[-1]
            entries.append(poison(stores, last))
    finally:
        stores.files.close()
        stores.database.close()
    with closing(sqlite3.connect(cell / "data" / "cell.db")) as connection, connection:
        for entry in entries:
            marks = ", ".join("?" * len(event_row(entry)))
            connection.execute(f"INSERT INTO events VALUES ({marks})", event_row(entry))  # noqa: S608
            moved = (entry.sequence, entry.at_us, entry.resident)
            connection.execute("UPDATE residents SET head = ?, clock_us = ? WHERE resident = ?", moved)
    return {entry.resident: entry.sequence for entry in entries}


def take_back(cell: Path, planted: dict[str, int]) -> None:
    """As if they had never been; the index, which may have seen them, is made anew."""
    for file in (cell / "data").glob("search.db*"):
        file.unlink()
    with closing(sqlite3.connect(cell / "data" / "cell.db")) as connection, connection:
        for resident, sequence in planted.items():
            place = (resident, sequence)
            assert connection.execute(
                "DELETE FROM events WHERE (resident, sequence) = (?, ?)", place
            ).rowcount
            connection.execute(
                "UPDATE residents SET head = ?, clock_us = (SELECT at_us FROM events"
                " WHERE events.resident = residents.resident AND sequence = ?) WHERE resident = ?",
                (sequence - 1, sequence - 1, resident),
            )


@pytest.fixture
def poisoned(hurt: RunningDemo) -> Iterator[dict[str, int]]:
    """The German cell with one of each in its logs; afterwards it is as before."""
    cell = hurt.data_dir / "cells" / "de-fra"
    hurt.kill("de-fra")
    planted = asyncio.run(plant(cell))
    hurt.companion("start", "de-fra")
    yield planted
    hurt.kill("de-fra")
    take_back(cell, planted)
    hurt.companion("start", "de-fra")


@pytest.mark.fault("F29")
def test_records_that_nobody_can_read_stop_their_own_resident_alone(
    hurt: RunningDemo, poisoned: dict[str, int], fault: str
) -> None:
    """Of an unknown kind, empty, of 5 MB, of another place: the cell starts, the load on others has a clean
    verdict, and the check names each record's resident and no other.
    """
    cell = hurt.data_dir / "cells" / "de-fra"
    with Load(hurt, fault) as load, load.fault(f"{len(poisoned)} poison records", "de-fra"):
        load.goes_on()
    assert load.verdict().violations == [], load.story
    hurt.kill("de-fra")
    try:
        findings = asyncio.run(verify(settings_of(cell)))
    finally:
        hurt.companion("start", "de-fra")
    assert {finding.partition(":")[0] for finding in findings} == set(poisoned)
