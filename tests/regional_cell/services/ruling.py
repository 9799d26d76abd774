"""A cell in memory whose conversations are ruled on by the built-in policies, which a test exchanges."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from accord.clock import ManualClock
from regional_cell.domain.commands import workspaces
from regional_cell.domain.parties import ruling_of
from regional_cell.domain.transfers import Place
from regional_cell.services.egress import Egress
from regional_cell.services.gatherings import Gatherings
from residency_policies.builtin import BUILTIN_REGIONS, builtin_floors, builtin_policies
from residency_policies.bundle import Bundle, compile_bundle
from residency_policies.decision import Decision, Question
from tests.regional_cell.entrypoints.web_api.support_cell import ANN, TEAM, Cell
from tests.regional_cell.services.search.federation import AT_S

EVERYWHERE = "    to_not: [US_COUNTRIES_OF_CONCERN]\n    viewers: [employee]"


def policy_of(country: str) -> str:
    """The built-in policy of an establishment."""
    return next(text for text in builtin_policies() if f'establishment: "{country}"' in text)


def bundle_of(version: int, policy: str, country: str = "DE") -> Any:
    """A bundle whose policy for the country is this text."""
    others = [text for text in builtin_policies() if text != policy_of(country)]
    return compile_bundle(Bundle(version, (*builtin_floors(), *others, policy), tuple(BUILTIN_REGIONS)), AT_S)


GERMAN = policy_of("DE")
# The same, but colleagues read inside the EEA alone.
NARROW = GERMAN.replace(EVERYWHERE, "    to: [EEA]\n    viewers: [employee]", 1)
WIDE, TIGHT = bundle_of(1, GERMAN), bundle_of(2, NARROW)


@dataclass
class Court:
    """`ports.Policies` with a bundle that a test exchanges."""

    active: Any = WIDE
    asked: int = 0

    def bundle(self) -> Any:
        return self.active

    @property
    def stage(self) -> object:
        return self.active

    def cut_off(self, node: str) -> bool:
        return False

    def decide(self, question: Question, establishment: str, subjects: Any, tags: Any) -> Decision:
        self.asked += 1
        profile = self.active.profile_for(question.workspace, establishment, subjects, tags)
        decision: Decision = profile.decide(question)
        return decision


@dataclass
class Ruled:
    """A cell in memory that rules by a court."""

    cell: Cell
    court: Court
    gatherings: Gatherings
    counted: list[str] = field(default_factory=list)
    unlawful: list[tuple[str, str, str]] = field(default_factory=list)
    drawn: int = 0

    async def admit(self, jurisdiction: str, *channels: str, role: str = "member") -> str:
        """A new user of whom the jurisdiction is asserted."""
        self.drawn += 1
        user, name = f"U0000000001{self.drawn:02}", f"new{self.drawn}"
        newcomer = workspaces.Newcomer(
            user, f"P0000000001{self.drawn:02}", role, {"name": name, "real_name": name},
            channels=channels, jurisdiction=jurisdiction,
        )  # fmt: skip
        await self.cell.commits.commit(TEAM, workspaces.admit([newcomer]), principal="")
        return user

    async def private(self, name: str) -> str:
        """A new private channel of the owner's."""
        made = await self.cell.ok(ANN, "conversations.create", name=name, is_private=True)
        channel: str = made["channel"]["id"]
        return channel

    async def ruling(self, channel: str) -> dict[str, Any]:
        state = await self.cell.commits.state(TEAM)
        return ruling_of(state.rows["channels"][(channel,)])

    async def members(self, channel: str) -> set[str]:
        return set((await self.cell.commits.state(TEAM)).members_of[channel])

    async def owner_is_told(self) -> str:
        """The newest message of slackbot to the owner, or nothing."""
        state = await self.cell.commits.state(TEAM)
        for channel in state.channels_of[ANN]:
            row = state.rows["channels"][(channel,)]
            if row["kind"] == "im" and "USLACKBOT" in row["content"]["members"]:
                page = await self.cell.ok(ANN, "conversations.history", channel=channel)
                return str(page["messages"][0]["text"])
        return ""


@asynccontextmanager
async def ruling(country: str, region: str, seed: int = 1) -> AsyncIterator[Ruled]:
    """A cell of the country, ruled by the built-in policies."""
    cell = Cell(seed=seed, establishment=country)
    court = Court()
    egress = Egress(Place("here", region, country), court, None, ManualClock(), str, bytes)  # type: ignore[arg-type]
    counted: list[str] = []
    unlawful: list[tuple[str, str, str]] = []
    gatherings = Gatherings(
        cell.commits, cell.store, cell.views, egress, court, cell.draw_id, counted.append,
        lambda *found: unlawful.append(found),
    )  # fmt: skip
    cell.commits.deciding.rule = gatherings.ruled
    await cell.start()
    try:
        yield Ruled(cell, court, gatherings, counted, unlawful)
    finally:
        await cell.stop()
