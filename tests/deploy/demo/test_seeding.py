"""Seeding: what a cell cannot do yet is asked again, what it refuses ends it."""

from types import SimpleNamespace
from typing import Any

import pytest

from accord.wire.cell.v1 import operations_pb2 as pb
from deploy.demo import seeding
from deploy.demo.seed import SeedUser, SeedWorkspace, people_of
from deploy.demo.seeding import CellDoor, Seeder, SeedRefusedError

PEOPLE = people_of("DE", 7)[:3]
ACME = SeedWorkspace(
    "acme", "Acme", "de-fra", "DE", "", tuple(SeedUser(each, "member", ("member",)) for each in PEOPLE), ()
)
DOORS = {"de-fra": CellDoor("de-fra", "DE", "", "", "")}


class Answering:
    """In place of `Operator`: a cell that refuses by order, one answer after the other."""

    def __init__(self, *refusals: dict[str, str]) -> None:
        self._refusals = list(refusals)
        self.asked: list[list[str]] = []

    def context(self) -> None:
        """None is needed."""

    def provisioning(self, address: str, cell: str) -> Any:
        """A stub with the method's name."""
        return SimpleNamespace(CreatePersons="CreatePersons")

    async def ask(self, method: object, request: pb.CreatePersonsRequest) -> pb.CreatePersonsResponse:
        """The next answer."""
        emails = [spec.email for spec in request.persons]
        self.asked.append(emails)
        refused = self._refusals.pop(0)
        made = [
            pb.CreatedPerson(reason=refused[each]) if each in refused else pb.CreatedPerson(person="P" + each)
            for each in emails
        ]
        return pb.CreatePersonsResponse(persons=made)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeding, "AGAIN_S", 0.0)


async def people(cell: Answering) -> dict[str, tuple[str, str]]:
    seeder = Seeder(cell, DOORS, lambda text: None)  # type: ignore[arg-type]
    await seeder._create_people([ACME])
    return seeder._persons


async def test_those_for_whom_a_cell_is_not_ready_are_asked_for_again_and_no_others() -> None:
    first, second, third = (each.email for each in PEOPLE)
    cell = Answering({second: "NOT_READY", third: "NOT_READY"}, {third: "NOT_READY"}, {})
    assert set(await people(cell)) == {first, second, third}
    assert cell.asked == [[first, second, third], [second, third], [third]]


@pytest.mark.parametrize(
    "refusals",
    [
        [{PEOPLE[0].email: "CONFLICT"}],
        [{PEOPLE[0].email: "CONFLICT", PEOPLE[1].email: "NOT_READY"}],
        [{PEOPLE[0].email: "NOT_READY"}] * seeding.TRIES,
    ],
)
async def test_what_a_cell_refuses_or_is_never_ready_for_ends_it(refusals: list[dict[str, str]]) -> None:
    cell = Answering(*refusals)
    with pytest.raises(SeedRefusedError, match=PEOPLE[0].handle):
        await people(cell)
    assert len(cell.asked) == len(refusals)
