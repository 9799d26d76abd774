"""Seeding: residents and messages by the cells' provisioning service, files by the public API."""

import asyncio
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass

from accord.errors import Reason
from accord.wire.cell.v1 import operations_pb2 as pb
from deploy.demo.api import Api
from deploy.demo.operator import Operator
from deploy.demo.residents import (
    Residents,
    SeededApp,
    SeededOrganisation,
    SeededUser,
    SeededWorkspace,
)
from deploy.demo.seed import SeedMessage, SeedPerson, SeedWorkspace

USER_SCOPES = (
    "channels:read", "channels:write", "channels:history", "groups:read", "groups:write",
    "groups:history", "im:read", "im:write", "im:history", "mpim:read", "mpim:write", "mpim:history",
    "chat:write", "users:read", "users:read.email", "users.profile:read", "users.profile:write",
    "users:write", "team:read", "reactions:read", "reactions:write", "files:read", "files:write",
    "search:read", "rtm:stream",
)  # fmt: skip
BOT_SCOPES = (
    "channels:read", "channels:history", "channels:join", "groups:read", "groups:history", "im:read",
    "im:write", "im:history", "chat:write", "chat:write.customize", "users:read", "users:write",
    "team:read", "reactions:read", "reactions:write", "files:read", "files:write", "incoming-webhook",
    "rtm:stream",
)  # fmt: skip
ADMIN_SCOPES = ("admin",)
# A machine that is busy with the start may keep a cell from its directory for a while.
TRIES = 4
AGAIN_S = 2.0


class SeedRefusedError(Exception):
    """A cell refused to create what the seed names; the text says what and why."""


@dataclass(frozen=True, slots=True)
class CellDoor:
    """A cell as the seed reaches it: its provisioning address and the API of its own edge."""

    name: str
    jurisdiction: str
    address: str
    api: str
    edge_url: str


class Seeder:
    """Fills an empty federation. `progress(text)` is told how far it is."""

    def __init__(
        self, operator: Operator, cells: dict[str, CellDoor], progress: Callable[[str], None]
    ) -> None:
        self._operator = operator
        self._cells = cells
        self._progress = progress
        self._persons: dict[str, tuple[str, str]] = {}
        self._passwords: dict[str, str] = {}
        self._members: dict[str, set[str]] = {}

    async def seed(self, workspaces: list[SeedWorkspace]) -> Residents:
        """Create everything that the workspaces name. Raises ColinkError."""
        made = Residents()
        self._members = {w.name: {user.person.email for user in w.users} for w in workspaces}
        await self._create_people(workspaces)
        for organisation in dict.fromkeys(w.organisation for w in workspaces if w.organisation):
            await self._create_organisation(
                made, organisation, [w for w in workspaces if w.organisation == organisation]
            )
        for workspace in workspaces:
            await self._create_workspace(made, workspace)
        for workspace in workspaces:
            await self._add_users(made, workspace)
        await asyncio.gather(*(self._fill(made, workspace) for workspace in workspaces))
        await self._attach(made)
        await self._link(made)
        await self._sign_in_urls(made)
        count = sum(len(workspace.messages) for workspace in workspaces)
        self._progress(f"{len(made.workspaces)} workspaces · {len(made.users)} people · {count} messages")
        return made

    async def _create_people(self, workspaces: list[SeedWorkspace]) -> None:
        everyone = {user.person.email: user.person for workspace in workspaces for user in workspace.users}

        async def of(cell: CellDoor) -> None:
            people = [person for person in everyone.values() if person.country == cell.jurisdiction]
            self._passwords.update({person.email: secrets.token_urlsafe(9) for person in people})
            for turn in range(TRIES):
                await asyncio.sleep(turn * AGAIN_S)
                refused = await self._create_persons(cell, people)
                people = [person for person in people if person.email in refused]
                if set(refused.values()) != {Reason.NOT_READY.value}:
                    break
            for person in people:
                raise SeedRefusedError(f"{person.handle} was refused: {refused[person.email]}")

        await asyncio.gather(*(of(cell) for cell in self._cells.values()))

    async def _create_persons(self, cell: CellDoor, people: list[SeedPerson]) -> dict[str, str]:
        """Create them in their home. Returns e-mail and reason of those that were refused."""
        stub = self._operator.provisioning(cell.address, cell.name)
        specs = [self._spec(person, self._passwords[person.email]) for person in people]
        request = pb.CreatePersonsRequest(
            context=self._operator.context(), establishment=cell.jurisdiction, persons=specs
        )
        answer = await self._operator.ask(stub.CreatePersons, request)
        refused: dict[str, str] = {}
        for person, created in zip(people, answer.persons, strict=True):
            if created.person:
                self._persons[person.email] = (created.person, cell.name)
            else:
                refused[person.email] = created.reason
        return refused

    @staticmethod
    def _spec(person: SeedPerson, password: str = "") -> pb.PersonSpec:
        return pb.PersonSpec(
            email=person.email,
            real_name=person.real_name,
            display_name=person.real_name.split(" ")[0].lower(),
            title=person.title,
            phone=person.phone,
            tz=person.tz,
            locale="en-US",
            password=password,
        )

    async def _create_organisation(self, made: Residents, name: str, workspaces: list[SeedWorkspace]) -> None:
        home = self._cells[workspaces[0].home]
        answer = await self._operator.ask(
            self._operator.provisioning(home.address, home.name).CreateOrganisation,
            pb.CreateOrganisationRequest(
                context=self._operator.context(), name=name, establishment=home.jurisdiction
            ),
        )
        owner = next(user for user in workspaces[0].users if "owner" in user.roles)
        person = self._persons[owner.person.email][0]
        token = await issue_tokens(self._operator, home, answer.organisation, [person], ADMIN_SCOPES)
        made.organisations.append(
            SeededOrganisation(
                answer.organisation, name, home.name, [w.name for w in workspaces], person, token[0]
            )
        )

    async def _create_workspace(self, made: Residents, workspace: SeedWorkspace) -> None:
        home = self._cells[workspace.home]
        organisation = next((row for row in made.organisations if workspace.name in row.workspaces), None)
        answer = await self._operator.ask(
            self._operator.provisioning(home.address, home.name).CreateWorkspace,
            pb.CreateWorkspaceRequest(
                context=self._operator.context(),
                name=workspace.title,
                slug=workspace.name,
                organisation=organisation.id if organisation else "",
                organisation_name=organisation.name if organisation else "",
                establishment=workspace.country,
                subjects=[workspace.country],
            ),
        )
        made.workspaces.append(
            SeededWorkspace(
                answer.workspace,
                workspace.name,
                workspace.home,
                organisation.id if organisation else "",
                {"general": answer.general, "random": answer.random},
            )
        )

    async def _add_users(self, made: Residents, workspace: SeedWorkspace) -> None:
        home, row = self._cells[workspace.home], made.workspace(workspace.name)
        specs = [
            pb.UserSpec(
                person=self._persons[user.person.email][0],
                name=user.person.handle,
                card=self._spec(user.person),
                role=user.role,
                scopes=scopes_of(user.roles),
                linked_workspaces=[
                    other.id
                    for other in made.workspaces
                    if other.organisation == row.organisation != ""
                    and other.id != row.id
                    and user.person.email in self._members[other.name]
                ],
            )
            for user in workspace.users
        ]
        answer = await self._operator.ask(
            self._operator.provisioning(home.address, home.name).AddUsers,
            pb.AddUsersRequest(context=self._operator.context(row.id), workspace=row.id, users=specs),
        )
        for user, added in zip(workspace.users, answer.users, strict=True):
            made.users.append(
                SeededUser(
                    user.person.real_name,
                    user.person.handle,
                    user.person.email,
                    self._passwords[user.person.email],
                    self._persons[user.person.email][0],
                    added.user,
                    workspace.name,
                    workspace.home,
                    list(user.roles),
                    added.token,
                )
            )

    async def _fill(self, made: Residents, workspace: SeedWorkspace) -> None:
        home, row = self._cells[workspace.home], made.workspace(workspace.name)
        users = {user.handle: user for user in made.users if user.workspace == workspace.name}
        stub = self._operator.provisioning(home.address, home.name)
        channels = await self._operator.ask(
            stub.CreateChannels,
            pb.CreateChannelsRequest(
                context=self._operator.context(row.id),
                workspace=row.id,
                channels=[
                    pb.ChannelSpec(
                        name=channel.name,
                        private=channel.private,
                        topic=channel.topic,
                        creator=users[channel.members[0]].user_id,
                        members=[users[handle].user_id for handle in channel.members],
                    )
                    for channel in workspace.channels
                ],
            ),
        )
        row.channels.update(
            zip((channel.name for channel in workspace.channels), channels.channels, strict=True)
        )
        app = await self._operator.ask(
            stub.InstallApp,
            pb.InstallAppRequest(
                context=self._operator.context(row.id),
                workspace=row.id,
                name="Signal Lamp",
                scopes=BOT_SCOPES,
                channels=list(row.channels.values()),
                webhook_channel=row.channels["general"],
            ),
        )
        row.webhook_path = app.webhook_path
        made.apps.append(
            SeededApp(
                workspace.name,
                app.app,
                app.bot_user,
                app.bot_token,
                app.app_token,
                app.signing_secret,
                app.client_id,
                app.client_secret,
            )
        )
        await self._import(row, users, workspace.messages, home)
        async with Api(home.api) as api:
            await self._upload(api, row, users)

    async def _import(
        self,
        row: SeededWorkspace,
        users: dict[str, SeededUser],
        messages: tuple[SeedMessage, ...],
        home: CellDoor,
    ) -> None:
        """Messages in order; a reply names its root's place among those of the same request."""
        places: dict[tuple[str, int], int] = {}
        roots: dict[str, int] = {}
        imported: list[pb.ImportedMessage] = []
        for place, message in enumerate(messages, 1):
            if message.thread is None:
                number = roots.get(message.channel, 0)
                roots[message.channel] = number + 1
                places[message.channel, number] = place
            imported.append(
                pb.ImportedMessage(
                    channel=row.channels[message.channel],
                    user=users[message.author].user_id,
                    text=message.text,
                    thread=0 if message.thread is None else places[message.channel, message.thread],
                    reactions=[
                        pb.ImportedReaction(user=users[handle].user_id, name=name)
                        for name, handle in message.reactions
                    ],
                )
            )
        await self._operator.ask(
            self._operator.provisioning(home.address, home.name).ImportMessages,
            pb.ImportMessagesRequest(
                context=self._operator.context(row.id), workspace=row.id, messages=imported
            ),
        )

    @staticmethod
    async def _upload(api: Api, row: SeededWorkspace, users: dict[str, SeededUser]) -> None:
        owner = next(iter(users.values()))
        for name, text in (
            ("meeting-notes.txt", "Agenda\n1. Plan\n2. Dates\n"),
            ("figures.csv", "week,parts\n1,20\n2,24\n"),
        ):
            await api.upload(owner.token, row.channels["general"], name, text.encode())

    async def _attach(self, made: Residents) -> None:
        for organisation in made.organisations:
            home = self._cells[organisation.home]
            stub = self._operator.provisioning(home.address, home.name)
            for name in organisation.workspaces:
                await self._operator.ask(
                    stub.AttachWorkspace,
                    pb.AttachWorkspaceRequest(
                        context=self._operator.context(organisation.id),
                        organisation=organisation.id,
                        workspace=made.workspace(name).id,
                    ),
                )

    async def _link(self, made: Residents) -> None:
        homes = dict(self._persons.values())
        for name, cell in self._cells.items():
            links = [
                pb.PersonLink(
                    person=user.person, workspace=made.workspace(user.workspace).id, user=user.user_id
                )
                for user in made.users
                if homes[user.person] == name
            ]
            await self._operator.ask(
                self._operator.provisioning(cell.address, name).LinkPersons,
                pb.LinkPersonsRequest(context=self._operator.context(), links=links),
            )

    async def _sign_in_urls(self, made: Residents) -> None:
        homes = dict(self._persons.values())
        for name, cell in self._cells.items():
            persons = list(dict.fromkeys(user.person for user in made.users if homes[user.person] == name))
            answer = await self._operator.ask(
                self._operator.provisioning(cell.address, name).SignInTickets,
                pb.SignInTicketsRequest(context=self._operator.context(), persons=persons),
            )
            tickets = dict(zip(persons, answer.tickets, strict=True))
            for user in made.users:
                if user.person in tickets:
                    user.sign_in_url = f"{cell.edge_url}/sign-in/{tickets[user.person]}"


def scopes_of(roles: Collection[str]) -> tuple[str, ...]:
    """Scopes of the token of a user with these roles."""
    return USER_SCOPES + ADMIN_SCOPES if {"owner", "admin"} & set(roles) else USER_SCOPES


async def issue_tokens(
    operator: Operator, cell: CellDoor, resident: str, users: list[str], scopes: tuple[str, ...]
) -> list[str]:
    """Fresh API tokens of users of a workspace, or of persons for an organisation. Raises ColinkError."""
    answer = await operator.ask(
        operator.provisioning(cell.address, cell.name).IssueTokens,
        pb.IssueTokensRequest(
            context=operator.context(resident), resident=resident, users=users, scopes=scopes
        ),
    )
    return list(answer.tokens)
