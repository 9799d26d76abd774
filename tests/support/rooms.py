"""Fresh channels and people to act as, so that flows do not stand in each other's way."""

import itertools
import os
from dataclasses import dataclass
from typing import Any

from tests.support.clients import Plain
from tests.support.federation import RunningDemo

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Person:
    """One of the people of a workspace, as the ready line shows them."""

    user: str
    token: str
    name: str
    email: str
    password: str


def person(demo: RunningDemo, workspace: str = "acme", role: str = "member", place: int = 0) -> Person:
    """One of the people of a workspace with a role, in seeded order."""
    row = demo.person(workspace, role, place)
    return Person(row["user_id"], row["token"], row["name"], row["email"], row["password"])


def room(
    demo: RunningDemo, owner: Person, *members: Person, edge: str = "fra", is_private: bool = False
) -> str:
    """A new channel of these people. Returns its id."""
    with Plain(demo.edge(edge), owner.token) as plain:
        name = f"flow-{os.getpid()}-{next(_numbers)}"
        made: dict[str, Any] = plain.done("conversations.create", name=name, is_private=is_private)
        channel = str(made["channel"]["id"])
        if members:
            users = ",".join(member.user for member in members)
            plain.done("conversations.invite", channel=channel, users=users)
    return channel
