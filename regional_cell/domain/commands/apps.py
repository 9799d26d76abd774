"""Apps: installing one with its bot user and its tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

from accord.errors import ConflictError, InvalidError, NotFoundError
from regional_cell.domain.commands.tokens import TokenRecord, issued
from regional_cell.domain.commands.webhooks import NewWebhook, created, require_enabled
from regional_cell.domain.commands.workspaces import Newcomer, member_added, require_workspace, user_joined
from regional_cell.domain.decisions import Decide, Decided
from regional_cell.domain.events import Draft
from regional_cell.domain.state import State

BOT_ROLE = "bot"
NAME_CHARACTERS_MAX = 80


@dataclass(frozen=True, slots=True)
class NewApp:
    """An app to be installed: ids, the name of app and bot user, and hashes of what its owner was given."""

    app: str
    bot: str
    bot_user: str
    name: str
    scopes: tuple[str, ...]
    client_secret_sha256: str
    signing_secret: str


def install(
    app: NewApp, channels: Sequence[str], tokens: Sequence[TokenRecord], webhook: NewWebhook | None = None
) -> Decide:
    """Install an app; its bot user joins `channels`, the channel of `webhook` among them.

    Raises: ConflictError (name), NotFoundError (channel), InvalidError (name); ForbiddenError: a webhook
        without the scope for it.
    """
    name = app.name.strip().lower().replace(" ", "-")
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX:
        raise InvalidError(field="name", why="length")

    if webhook is not None:
        require_enabled(app.scopes)
        channels = list(dict.fromkeys([*channels, webhook.channel]))

    def decide(state: State, first_us: int) -> Decided:
        require_workspace(state)
        if name in state.user_by_name:
            raise ConflictError(what="name")
        for channel in channels:
            if state.row("channels", channel) is None:
                raise NotFoundError(thing="channel")
        payload = {
            "app": app.app,
            "bot": app.bot,
            "bot_user": app.bot_user,
            "name": app.name,
            "scopes": sorted(set(app.scopes)),
            "client_secret_sha256": app.client_secret_sha256,
            "signing_secret": app.signing_secret,
        }
        card = {"name": name, "real_name": app.name, "display_name": app.name}
        newcomer = Newcomer(app.bot_user, "", BOT_ROLE, card)
        drafts = [Draft("AppInstalled", payload)]
        drafts.append(user_joined(state.resident, newcomer, app.app, app.bot))
        drafts += [member_added(channel, app.bot_user, "") for channel in channels]
        drafts += [issued(token) for token in tokens]
        if webhook is not None:
            drafts.append(created(webhook, app.bot, ""))
        return Decided(tuple(drafts), structural=True)

    return decide
