"""What a cell tells of conversations that policies no longer allow: all, by ids, until they are resolved."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest

from accord.errors import NotReadyError
from regional_cell.ports.unlawful import Unlawful
from regional_cell.services.unlawful import LOOK_S, SOON_S, UnlawfulReports
from tests.regional_cell.entrypoints.web_api.support_cell import ANN, SECRET, TEAM
from tests.regional_cell.services.ruling import TIGHT, Ruled, ruling

Said = tuple[int, int, int, list[Unlawful]]


@dataclass
class Door:
    """The directory, which may be away."""

    said: list[Said] = field(default_factory=list)
    away: bool = False

    async def report(self, bundle: int, refused: int, read_only: int, listed: Sequence[Unlawful]) -> None:
        if self.away:
            raise NotReadyError(what="directory")
        self.said.append((bundle, refused, read_only, list(listed)))


@dataclass
class Told:
    """A cell with a colleague abroad in a private channel, and what it tells."""

    ruled: Ruled
    door: Door
    reports: UnlawfulReports

    async def pass_s(self, seconds: float) -> None:
        self.ruled.cell.clock.advance(seconds)
        await self.reports.report()


@pytest.fixture
async def told() -> AsyncIterator[Told]:
    async with ruling("DE", "eu-central-1") as ruled:
        await ruled.admit("US", SECRET)
        door, cell = Door(), ruled.cell
        reports = UnlawfulReports(cell.store, cell.views, door, cell.clock, lambda: ruled.gatherings.walked)
        yield Told(ruled, door, reports)


async def test_nothing_is_told_before_everything_was_ruled_on(told: Told) -> None:
    await told.reports.report()
    assert told.door.said == []
    await told.ruled.gatherings.walk()
    await told.reports.report()
    assert told.door.said == [(1, 0, 0, [])]
    await told.pass_s(1)
    assert len(told.door.said) == 1


async def test_a_conversation_is_told_until_it_is_resolved(told: Told) -> None:
    await told.ruled.gatherings.walk()
    await told.reports.report()
    told.ruled.court.active = TIGHT
    await told.ruled.gatherings.walk()
    told.door.away = True
    with pytest.raises(NotReadyError):
        await told.reports.report()
    told.door.away = False
    await told.reports.report()
    bundle, refused, read_only, listed = told.door.said[-1]
    assert (bundle, refused, read_only) == (2, len(listed), 0)
    assert {(it.workspace, it.outcome, it.bundle) for it in listed} == {(TEAM, "refused", 2)}
    assert all(it.rule for it in listed)
    assert SECRET in {it.channel for it in listed}
    stranger = next(iter(await told.ruled.members(SECRET) - {ANN}))
    await told.ruled.cell.ok(ANN, "conversations.kick", channel=SECRET, user=stranger)
    told.reports.changed()
    told.door.away = True
    with pytest.raises(NotReadyError):
        await told.pass_s(SOON_S)
    told.door.away = False
    await told.reports.report()
    left = [it for it in listed if it.channel != SECRET]
    assert told.door.said[-1] == (2, len(left), 0, left)


async def test_what_another_process_ruled_is_found_after_a_while(told: Told) -> None:
    await told.ruled.gatherings.walk()
    await told.reports.report()
    await told.pass_s(LOOK_S - 1)
    assert len(told.door.said) == 1
    await told.pass_s(1)
    assert len(told.door.said) == 2
