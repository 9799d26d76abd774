"""A cell with a workspace and three people, made by the same provisioning that operators use."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from regional_cell.services.provisioning import ChannelSpec, PersonSpec, UserSpec, WorkspaceSpec
from tests.regional_cell.cells import Site, TestedCell, make_site, running

SCOPES = (
    "chat:write", "channels:read", "channels:history", "channels:write", "groups:write", "groups:history",
    "users:read", "users:write", "rtm:stream",
)  # fmt: skip
PASSWORD = "correct horse battery"


@dataclass
class Town:
    """The site, the running cell and who lives there. Lists are in the order ann, ben, cleo."""

    site: Site
    cell: TestedCell
    team: str
    general: str
    room: str
    persons: list[str]
    users: list[str]
    tokens: list[str]


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    site = make_site(tmp_path)
    async with running(site) as cell:
        yield await settle(site, cell)


async def settle(site: Site, cell: TestedCell) -> Town:
    """Three people, one workspace, one private room of ann and ben."""
    make = cell.provisioning
    names = ("ann", "ben", "cleo")
    specs = [PersonSpec(f"{name}@example.com", name.title(), password=PASSWORD) for name in names]
    made = await make.create_persons("DE", specs)
    persons = [person for person, error in made if error is None]
    workspace = WorkspaceSpec("Works", "works", "", "", "DE", ("DE",), ())
    team, general, _ = await make.create_workspace(workspace)
    added = await make.add_users(
        team,
        [
            UserSpec(person, name, spec, "member", (), SCOPES)
            for person, name, spec in zip(persons, names, specs, strict=True)
        ],
    )
    users = [user for user, _ in added]
    await make.link_persons([(person, team, user) for person, user in zip(persons, users, strict=True)])
    (room,) = await make.create_channels(
        team, [ChannelSpec("room", True, users[0], (users[0], users[1]), "", "")]
    )
    return Town(site, cell, team, general, room, persons, users, [token for _, token in added])
