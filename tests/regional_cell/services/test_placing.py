"""Who is missing at two looks after a whole table is placed again, and nobody else."""

from typing import Any, cast

import pytest

from accord.errors import ConflictError, NotReadyError
from regional_cell.ports.directory import DirectoryDoor
from regional_cell.ports.log import Log, ResidentRecord
from regional_cell.services.placing import REST_LOOKS, Placing

HERE, NEW, EMPTY, MOVED, ELSEWHERE = "T1", "T2", "T3", "T4", "T5"


def record(resident: str, head: int = 3, epoch: int = 1, state: str = "open") -> ResidentRecord:
    return ResidentRecord(resident, "T", epoch, state, head, 0, "k", "de", ("staff",), ("pilot",))


class Directory:
    """The log, the door and the table of a cell, as far as placing goes."""

    def __init__(self) -> None:
        self.tables, self.missing = 1, set[str]()
        self.records = [record(HERE), record(EMPTY, head=0), record(MOVED, epoch=2)]
        self.records.append(record(ELSEWHERE, state="moved"))
        self.placed: list[str] = []
        self.drifts = 0
        self.refused: list[str] = []
        self.away, self.owned = False, set[str]()
        self.placing = Placing(
            cast(Log, self),
            cast(DirectoryDoor, self),
            self,
            self.drift,
            lambda who, _: self.refused.append(who),
        )

    def is_missing(self, resident: str) -> bool:
        return resident in self.missing

    async def residents(self) -> list[ResidentRecord]:
        return self.records

    async def place(self, resident: str, *facts: Any) -> int:
        self._require_here()
        if resident in self.owned:
            raise ConflictError(what="resident")
        assert facts == ("de", ("staff",), ("pilot",))
        self.placed.append(resident)
        return 1

    async def drift(self) -> int:
        self._require_here()
        self.drifts += 1
        return 1

    def _require_here(self) -> None:
        if self.away:
            raise NotReadyError


async def looks(directory: Directory, count: int) -> list[int]:
    return [await directory.placing.look() for _ in range(count)]


async def test_who_is_missing_at_two_looks_is_placed_again_and_named_again() -> None:
    directory = Directory()
    assert await looks(directory, 2) == [0, 0]
    directory.tables, directory.missing = 2, {HERE, EMPTY, MOVED, ELSEWHERE}
    assert await looks(directory, 2) == [0, 1]
    assert (directory.placed, directory.drifts) == ([HERE], 1)
    assert await looks(directory, 3) == [0, 0, 0]
    assert directory.drifts == 1


async def test_who_is_only_new_is_not_placed() -> None:
    directory = Directory()
    directory.records.append(record(NEW))
    directory.missing = {NEW}
    assert await looks(directory, 1) == [0]
    directory.missing = set()
    assert await looks(directory, 2) == [0, 0]
    assert (directory.placed, directory.drifts) == ([], 0)


async def test_names_are_claimed_after_a_whole_table_even_if_nobody_was_missing() -> None:
    directory = Directory()
    await looks(directory, 2)
    directory.tables = 2
    directory.away = True
    await looks(directory, 1)
    with pytest.raises(NotReadyError):
        await directory.placing.look()
    directory.away = False
    await looks(directory, 2)
    assert (directory.placed, directory.drifts) == ([], 1)


async def test_with_the_directory_away_everything_is_tried_again() -> None:
    directory = Directory()
    directory.missing = {HERE}
    await looks(directory, 1)
    directory.away = True
    with pytest.raises(NotReadyError):
        await directory.placing.look()
    directory.away = False
    assert await looks(directory, 1) == [1]
    assert (directory.placed, directory.drifts) == ([HERE], 1)


async def test_who_is_refused_is_told_of_and_rests_and_holds_up_no_other() -> None:
    directory = Directory()
    directory.records.append(record(NEW))
    directory.missing, directory.owned = {HERE, NEW}, {HERE}
    assert await looks(directory, 2) == [0, 1]
    assert (directory.refused, directory.placed) == ([HERE], [NEW])
    directory.missing, directory.owned = {HERE}, set()
    assert await looks(directory, REST_LOOKS - 1) == [0] * (REST_LOOKS - 1)
    assert await looks(directory, 1) == [1]
    assert (directory.refused, directory.placed, directory.drifts) == ([HERE], [NEW, HERE], 2)
