"""`Provisioning` over gRPC: forms in, forms out. Who may call stands in the allow table of bootstrap."""

from typing import Any

import grpc.aio

from accord.errors import InvalidError
from accord.ids import check_id
from accord.wire.cell.v1 import operations_pb2 as pb
from accord.wire.cell.v1 import operations_pb2_grpc
from regional_cell.services.imports import ImportedMessage, Imports
from regional_cell.services.provisioning import ChannelSpec, PersonSpec, Provisioning, UserSpec, WorkspaceSpec
from regional_cell.services.webhooks import Webhooks

Context = grpc.aio.ServicerContext[Any, Any]
SCOPES_MAX = 200


class ProvisioningServicer(operations_pb2_grpc.ProvisioningServicer):
    """First residents, users, channels, apps, webhooks, tokens, messages."""

    def __init__(self, provisioning: Provisioning, imports: Imports, webhooks: Webhooks) -> None:
        self._provisioning = provisioning
        self._imports = imports
        self._webhooks = webhooks

    async def CreatePersons(
        self, request: pb.CreatePersonsRequest, context: Context
    ) -> pb.CreatePersonsResponse:
        specs = [_person(spec) for spec in request.persons]
        made = await self._provisioning.create_persons(request.establishment, specs)
        rows = [
            pb.CreatedPerson(person=person, reason=error.reason.value if error else "")
            for person, error in made
        ]
        return pb.CreatePersonsResponse(persons=rows)

    async def CreateOrganisation(
        self, request: pb.CreateOrganisationRequest, context: Context
    ) -> pb.CreateOrganisationResponse:
        made = await self._provisioning.create_organisation(request.name, request.establishment)
        return pb.CreateOrganisationResponse(organisation=made)

    async def AttachWorkspace(
        self, request: pb.AttachWorkspaceRequest, context: Context
    ) -> pb.AttachWorkspaceResponse:
        await self._provisioning.attach_workspace(request.organisation, request.workspace)
        return pb.AttachWorkspaceResponse()

    async def CreateWorkspace(
        self, request: pb.CreateWorkspaceRequest, context: Context
    ) -> pb.CreateWorkspaceResponse:
        spec = WorkspaceSpec(
            request.name, request.slug, request.organisation, request.organisation_name,
            request.establishment, tuple(request.subjects), tuple(request.tags),
        )  # fmt: skip
        workspace, general, random = await self._provisioning.create_workspace(spec)
        return pb.CreateWorkspaceResponse(workspace=workspace, general=general, random=random)

    async def AddUsers(self, request: pb.AddUsersRequest, context: Context) -> pb.AddUsersResponse:
        specs = [
            UserSpec(
                spec.person, spec.name, _person(spec.card), spec.role, tuple(spec.linked_workspaces),
                _scopes(spec.scopes), tuple(spec.channels), spec.expires_s, spec.jurisdiction,
            )
            for spec in request.users
        ]  # fmt: skip
        added = await self._provisioning.add_users(request.workspace, specs)
        return pb.AddUsersResponse(users=[pb.AddedUser(user=user, token=token) for user, token in added])

    async def DeactivateUsers(
        self, request: pb.DeactivateUsersRequest, context: Context
    ) -> pb.DeactivateUsersResponse:
        await self._provisioning.deactivate_users(request.workspace, list(request.users))
        return pb.DeactivateUsersResponse()

    async def ReactivateUsers(
        self, request: pb.ReactivateUsersRequest, context: Context
    ) -> pb.ReactivateUsersResponse:
        await self._provisioning.reactivate_users(request.workspace, list(request.users))
        return pb.ReactivateUsersResponse()

    async def LinkPersons(self, request: pb.LinkPersonsRequest, context: Context) -> pb.LinkPersonsResponse:
        links = [(link.person, link.workspace, link.user) for link in request.links]
        await self._provisioning.link_persons(links)
        return pb.LinkPersonsResponse()

    async def CreateChannels(
        self, request: pb.CreateChannelsRequest, context: Context
    ) -> pb.CreateChannelsResponse:
        specs = [
            ChannelSpec(spec.name, spec.private, spec.creator, tuple(spec.members), spec.topic, spec.purpose)
            for spec in request.channels
        ]
        made = await self._provisioning.create_channels(request.workspace, specs)
        return pb.CreateChannelsResponse(channels=made)

    async def ImportMessages(
        self, request: pb.ImportMessagesRequest, context: Context
    ) -> pb.ImportMessagesResponse:
        messages = [
            ImportedMessage(
                each.channel, each.user, each.text, each.thread,
                tuple((reaction.user, reaction.name) for reaction in each.reactions),
            )
            for each in request.messages
        ]  # fmt: skip
        return pb.ImportMessagesResponse(ts=await self._imports.messages(request.workspace, messages))

    async def InstallApp(self, request: pb.InstallAppRequest, context: Context) -> pb.InstallAppResponse:
        app = await self._provisioning.install_app(
            request.workspace,
            request.name,
            _scopes(request.scopes),
            tuple(request.channels),
            request.webhook_channel,
        )
        return pb.InstallAppResponse(
            app=app.app,
            bot=app.bot,
            bot_user=app.bot_user,
            bot_token=app.bot_token,
            app_token=app.app_token,
            signing_secret=app.signing_secret,
            client_id=app.client_id,
            client_secret=app.client_secret,
            webhook_path=app.webhook_path,
        )

    async def CreateWebhook(
        self, request: pb.CreateWebhookRequest, context: Context
    ) -> pb.CreateWebhookResponse:
        workspace = check_id(request.workspace, "T")
        made = await self._webhooks.create(workspace, None, request.app, request.channel)
        return pb.CreateWebhookResponse(webhook=made.webhook, path=made.path)

    async def RemoveWebhook(
        self, request: pb.RemoveWebhookRequest, context: Context
    ) -> pb.RemoveWebhookResponse:
        await self._webhooks.remove(check_id(request.workspace, "T"), None, request.webhook)
        return pb.RemoveWebhookResponse()

    async def IssueTokens(self, request: pb.IssueTokensRequest, context: Context) -> pb.IssueTokensResponse:
        made = await self._provisioning.issue_tokens(
            request.resident, list(request.users), _scopes(request.scopes)
        )
        return pb.IssueTokensResponse(tokens=made)

    async def SignInTickets(
        self, request: pb.SignInTicketsRequest, context: Context
    ) -> pb.SignInTicketsResponse:
        made = await self._provisioning.sign_in_tickets(list(request.persons))
        return pb.SignInTicketsResponse(tickets=made)


def _person(spec: pb.PersonSpec) -> PersonSpec:
    return PersonSpec(
        spec.email, spec.real_name, spec.display_name, spec.title, spec.phone, spec.tz, spec.locale,
        spec.password,
    )  # fmt: skip


def _scopes(scopes: Any) -> tuple[str, ...]:
    found = tuple(scopes)
    if len(found) > SCOPES_MAX or any(not scope or "," in scope or len(scope) > 80 for scope in found):
        raise InvalidError(field="scopes", why="too many, empty or malformed")
    return found
