"""What an operator does to a running demo: people and users that the seed does not have."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from accord.wire.cell.v1 import operations_pb2 as pb
from deploy.demo.operator import Operator
from deploy.demo.seeding import USER_SCOPES
from tests.support import wire
from tests.support.federation import RunningDemo

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class User:
    """A user of a workspace, and their token."""

    user: str
    token: str


def operate(demo: RunningDemo, work: Callable[[Operator], Awaitable[Value]]) -> Value:
    """Do something as the operator of a demo."""

    async def run() -> Value:
        operator = wire.operator(demo)
        try:
            return await work(operator)
        finally:
            await operator.close()

    return asyncio.run(run())


def add_person(demo: RunningDemo, cell: str, card: pb.PersonSpec) -> str:
    """A person whose home is this cell. Returns their id."""

    async def work(operator: Operator) -> str:
        stub = operator.provisioning(demo.cell(cell)["grpc"], cell)
        request = pb.CreatePersonsRequest(
            context=operator.context(), establishment=demo.cell(cell)["jurisdiction"], persons=[card]
        )
        (created,) = (await operator.ask(stub.CreatePersons, request)).persons
        assert created.person, created.reason
        return str(created.person)

    return operate(demo, work)


def add_user(
    demo: RunningDemo,
    workspace: str,
    person: str,
    name: str,
    card: pb.PersonSpec,
    linked: Sequence[str] = (),
    *,
    role: str = "member",
    channels: Sequence[str] = (),
    expires_s: int = 0,
    jurisdiction: str = "",
) -> User:
    """A person's face in a workspace, and the link that the person's home keeps of it.

    Args:
        linked: names of other workspaces that the person is in.
        channels: ids of channels to be in; expires_s: end of a guest's stay, unix seconds.
        jurisdiction: whose law protects them, as the workspace asserts.
    """
    row = demo.workspace(workspace)

    async def work(operator: Operator) -> User:
        stub = operator.provisioning(demo.cell(row["home"])["grpc"], row["home"])
        spec = pb.UserSpec(
            person=person,
            name=name,
            card=card,
            role=role,
            channels=channels,
            expires_s=expires_s,
            jurisdiction=jurisdiction,
            scopes=USER_SCOPES,
            linked_workspaces=[demo.workspace(other)["id"] for other in linked],
        )
        request = pb.AddUsersRequest(context=operator.context(row["id"]), workspace=row["id"], users=[spec])
        (added,) = (await operator.ask(stub.AddUsers, request)).users
        return User(added.user, added.token)

    return operate(demo, work)


def add_guest(
    demo: RunningDemo, *channels: str, role: str = "guest", expires_s: int = 0, workspace: str = "acme"
) -> User:
    """A guest of a workspace, in these channels and no other, whose person's home is the workspace's."""
    home = demo.workspace(workspace)["home"]
    name = f"guest-{time.time_ns()}"
    card = pb.PersonSpec(email=f"{name}@guests.example", real_name="Some Guest")
    person = add_person(demo, home, card)
    guest = add_user(demo, workspace, person, name, card, role=role, channels=channels, expires_s=expires_s)
    link_person(demo, home, person, workspace, guest.user)
    return guest


def add_subject(demo: RunningDemo, workspace: str, jurisdiction: str, role: str = "member") -> User:
    """A user of whom the workspace asserts whose law protects them."""
    home = demo.workspace(workspace)["home"]
    name = f"subject-{time.time_ns()}"
    card = pb.PersonSpec(email=f"{name}@subjects.example", real_name="Some Subject")
    person = add_person(demo, home, card)
    return add_user(demo, workspace, person, name, card, role=role, jurisdiction=jurisdiction)


def deactivate_user(demo: RunningDemo, workspace: str, user: str) -> None:
    """Take a user out of a workspace."""
    row = demo.workspace(workspace)

    async def work(operator: Operator) -> None:
        stub = operator.provisioning(demo.cell(row["home"])["grpc"], row["home"])
        request = pb.DeactivateUsersRequest(
            context=operator.context(row["id"]), workspace=row["id"], users=[user]
        )
        await operator.ask(stub.DeactivateUsers, request)

    operate(demo, work)


def reactivate_user(demo: RunningDemo, workspace: str, user: str) -> None:
    """Let them in again."""
    row = demo.workspace(workspace)

    async def work(operator: Operator) -> None:
        stub = operator.provisioning(demo.cell(row["home"])["grpc"], row["home"])
        request = pb.ReactivateUsersRequest(
            context=operator.context(row["id"]), workspace=row["id"], users=[user]
        )
        await operator.ask(stub.ReactivateUsers, request)

    operate(demo, work)


def issue_token(demo: RunningDemo, workspace: str, user: str) -> str:
    """A further API token of a user."""
    row = demo.workspace(workspace)

    async def work(operator: Operator) -> str:
        stub = operator.provisioning(demo.cell(row["home"])["grpc"], row["home"])
        request = pb.IssueTokensRequest(
            context=operator.context(row["id"]), resident=row["id"], users=[user], scopes=USER_SCOPES
        )
        (token,) = (await operator.ask(stub.IssueTokens, request)).tokens
        return str(token)

    return operate(demo, work)


def link_person(demo: RunningDemo, cell: str, person: str, workspace: str, user: str) -> None:
    """Tell a person's home of a workspace that they are in."""

    async def work(operator: Operator) -> None:
        stub = operator.provisioning(demo.cell(cell)["grpc"], cell)
        link = pb.PersonLink(person=person, workspace=demo.workspace(workspace)["id"], user=user)
        await operator.ask(stub.LinkPersons, pb.LinkPersonsRequest(context=operator.context(), links=[link]))

    operate(demo, work)


def add_channel(demo: RunningDemo, workspace: str, channel: pb.ChannelSpec) -> str:
    """A channel of a workspace. Returns its id."""
    row = demo.workspace(workspace)

    async def work(operator: Operator) -> str:
        stub = operator.provisioning(demo.cell(row["home"])["grpc"], row["home"])
        request = pb.CreateChannelsRequest(
            context=operator.context(row["id"]), workspace=row["id"], channels=[channel]
        )
        return str((await operator.ask(stub.CreateChannels, request)).channels[0])

    return operate(demo, work)
