"""Incoming webhooks: addresses that post to one channel as the bot of an app.

An address holds a secret; the log holds its digest. The bot is a member of the channel, so that everybody
there sees who may write, and can end it by removing the bot.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from accord.errors import ForbiddenError, InvalidError, NotFoundError
from regional_cell.domain.access import require_admin, require_kind, require_not_archived, require_visible
from regional_cell.domain.callers import Caller
from regional_cell.domain.changes import Row
from regional_cell.domain.commands.channels import member_added
from regional_cell.domain.decisions import Decided
from regional_cell.domain.events import Draft
from regional_cell.domain.state import State

SCOPE = "incoming-webhook"
WEBHOOKS_MAX = 500


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A webhook to be. `webhook`: SHA-256 of its secret, in hex."""

    webhook: str
    app: str
    channel: str


def digest_of(secret: str) -> str:
    """What the log knows of a secret: SHA-256 in hex."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def path_of(workspace: str, bot: str, secret: str) -> str:
    """The path of an address, below any edge."""
    return f"/services/{workspace}/{bot}/{secret}"


def created(new: NewWebhook, bot: str, by: str) -> Draft:
    """The event of one webhook."""
    payload = {"webhook": new.webhook, "app": new.app, "bot": bot, "channel": new.channel, "by": by}
    return Draft("WebhookCreated", payload)


def create(state: State, caller: Caller | None, new: NewWebhook) -> Decided:
    """`answer`: the bot that it posts as, who joins the channel. No caller: an operator.

    Raises: ForbiddenError `not_an_admin`, `incoming_webhooks_not_enabled` (the app lacks the scope);
        NotFoundError (app, channel); InvalidError `too_many_webhooks`, or on the kind of channel;
        WrongStateError `is_archived`.
    """
    require_admin(caller)
    app = state.row("apps", new.app) if state.kind == "T" else None
    if app is None or app["deleted"]:
        raise NotFoundError(thing="app")
    require_enabled((app["scopes"] or "").split(","))
    row = _channel(state, caller, new.channel)
    require_kind(row, "public", "private")
    require_not_archived(row)
    if sum(not webhook["removed_s"] for webhook in state.rows["webhooks"].values()) >= WEBHOOKS_MAX:
        raise InvalidError(api="too_many_webhooks", field="channel", why=f"more than {WEBHOOKS_MAX}")
    drafts = [created(new, app["bot"], caller.user if caller else "")]
    if not state.is_member(new.channel, app["bot_user"]):
        drafts += member_added(new.channel, app["bot_user"], caller.user if caller else "")
    return Decided(tuple(drafts), structural=True, answer=app["bot"])


def remove(state: State, caller: Caller | None, webhook: str, why: str) -> Decided:
    """End it; an ended one stays as it is. Raises ForbiddenError `not_an_admin`, NotFoundError."""
    require_admin(caller)
    row = state.row("webhooks", webhook) if state.kind == "T" else None
    if row is None:
        raise NotFoundError(thing="webhook")
    if row["removed_s"]:
        return Decided(())
    payload = {"webhook": webhook, "why": why, "by": caller.user if caller else ""}
    return Decided((Draft("WebhookRemoved", payload),), structural=True)


def require_open(state: State, bot: str, webhook: str) -> Row:
    """The row of a webhook that posts as this bot. Raises NotFoundError `no_service`, `no_active_hooks`."""
    row = state.row("webhooks", webhook) if state.kind == "T" else None
    if row is None or row["bot"] != bot:
        raise NotFoundError(api="no_service", thing="webhook")
    app = state.row("apps", row["app"])
    if row["removed_s"] or app is None or app["deleted"]:
        raise NotFoundError(api="no_active_hooks", thing="webhook")
    return row


def poster(state: State, row: Row) -> Caller:
    """Who posts through a webhook: the bot of its app, with no right beyond that."""
    app = state.rows["apps"][(row["app"],)]
    return Caller(
        state.resident, "", "xoxb", app["bot_user"], row["app"], row["bot"], "", "bot", frozenset({SCOPE})
    )


def require_enabled(scopes: Collection[str]) -> None:
    """An app with these scopes may have webhooks. Raises ForbiddenError `incoming_webhooks_not_enabled`."""
    if SCOPE not in scopes:
        raise ForbiddenError(api="incoming_webhooks_not_enabled", needed=SCOPE)


def _channel(state: State, caller: Caller | None, channel: str) -> Row:
    if caller is not None:
        return require_visible(state, caller, channel)
    row = state.row("channels", channel)
    if row is None:
        raise NotFoundError(thing="channel")
    return row
