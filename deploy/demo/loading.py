"""`--load`: a workspace `load` in the first cell, with as many people and channels as a measurement wants."""

import json
from collections.abc import Callable
from pathlib import Path

from accord.wire.cell.v1 import operations_pb2 as pb
from deploy.demo.layout import write_secret
from deploy.demo.operator import Operator, batches
from deploy.demo.options import LoadPart
from deploy.demo.seeding import USER_SCOPES, CellDoor, SeedRefusedError

SLUG = "load"
REQUEST_MEMBERS_MAX = 20_000


async def load(
    operator: Operator,
    cell: CellDoor,
    parts: tuple[LoadPart, ...],
    file: Path,
    progress: Callable[[str], None],
) -> None:
    """Make the workspace and write its people's tokens and its channels to `file` (0600). Raises ColinkError.

    People have no password. Channel members are taken from the part's people in turn, so that each is in
    equally many.
    """
    stub = operator.provisioning(cell.address, cell.name)
    workspace = await operator.ask(
        stub.CreateWorkspace,
        pb.CreateWorkspaceRequest(
            context=operator.context(),
            name="Load",
            slug=SLUG,
            establishment=cell.jurisdiction,
            subjects=[cell.jurisdiction],
        ),
    )
    people: list[dict[str, str]] = []
    channels: list[dict[str, object]] = []
    for number, part in enumerate(parts):
        users = await _people(operator, cell, workspace.workspace, number, part.people)
        people += users
        progress(f"{len(people)} people")
        channels += await _channels(
            operator, cell, workspace.workspace, number, part, [user["user_id"] for user in users]
        )
        progress(f"{len(people)} people · {len(channels)} channels")
    write_secret(
        file, json.dumps({"workspace": workspace.workspace, "people": people, "channels": channels}).encode()
    )


async def _people(
    operator: Operator, cell: CellDoor, workspace: str, part: int, count: int
) -> list[dict[str, str]]:
    stub = operator.provisioning(cell.address, cell.name)
    made: list[dict[str, str]] = []
    for batch in batches(range(count)):
        specs = [
            pb.PersonSpec(
                email=f"load-{part}-{number}@load.example",
                real_name=f"Load {part} {number}",
                display_name=f"load-{part}-{number}",
                tz="Etc/UTC",
                locale="en-US",
            )
            for number in batch
        ]
        persons = await operator.ask(
            stub.CreatePersons,
            pb.CreatePersonsRequest(
                context=operator.context(), establishment=cell.jurisdiction, persons=specs
            ),
        )
        if refused := [created.reason for created in persons.persons if not created.person]:
            raise SeedRefusedError(f"{len(refused)} people of the load were refused: {refused[0]}")
        users = await operator.ask(
            stub.AddUsers,
            pb.AddUsersRequest(
                context=operator.context(workspace),
                workspace=workspace,
                users=[
                    pb.UserSpec(
                        person=person.person,
                        name=spec.display_name,
                        card=spec,
                        role="member",
                        scopes=USER_SCOPES,
                    )
                    for person, spec in zip(persons.persons, specs, strict=True)
                ],
            ),
        )
        made += [{"user_id": user.user, "token": user.token} for user in users.users]
    return made


async def _channels(
    operator: Operator, cell: CellDoor, workspace: str, number: int, part: LoadPart, users: list[str]
) -> list[dict[str, object]]:
    stub = operator.provisioning(cell.address, cell.name)
    made: list[dict[str, object]] = []
    size = max(1, min(500, REQUEST_MEMBERS_MAX // part.members))
    for batch in batches(range(part.channels), size):
        chosen = [
            [users[(place * part.members + k) % len(users)] for k in range(part.members)] for place in batch
        ]
        answer = await operator.ask(
            stub.CreateChannels,
            pb.CreateChannelsRequest(
                context=operator.context(workspace),
                workspace=workspace,
                channels=[
                    pb.ChannelSpec(name=f"load-{number}-{place}", creator=members[0], members=members)
                    for place, members in zip(batch, chosen, strict=True)
                ],
            ),
        )
        made += [
            {"id": channel, "members": members}
            for channel, members in zip(answer.channels, chosen, strict=True)
        ]
    return made
