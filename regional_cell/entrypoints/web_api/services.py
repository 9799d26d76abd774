"""What handlers work with: the services of the cell, made once by bootstrap."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from accord.errors import ColinkError, TokenMissingError
from regional_cell.domain.callers import Caller
from regional_cell.domain.cursors import CursorKey
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.ports.commits import Commits
from regional_cell.services.channel_changes import ChannelChanges
from regional_cell.services.conversations import Conversations
from regional_cell.services.ephemeral import Ephemeral
from regional_cell.services.guests import Guests
from regional_cell.services.messages.posting import Messages
from regional_cell.services.messages.reading import MessageReader
from regional_cell.services.presence import Presence
from regional_cell.services.reactions import Reactions
from regional_cell.services.reads import Reads
from regional_cell.services.scheduled import Scheduled
from regional_cell.services.sessions import Sessions
from regional_cell.services.users import Users
from regional_cell.services.webhooks import Webhooks


class Tokens(Protocol):
    """Tokens as far as methods need them: `services.tokens.Tokens`."""

    def socket_ticket(self, caller: Caller, edge: str, *, batched: bool = False) -> str:
        """A ticket that opens one socket of this caller at this edge."""

    async def revoke(
        self, resident: str, token_id: str, why: str, principal: str, epoch: int | None = None
    ) -> None:
        """Take a token back. Raises NotFoundError."""


@dataclass(frozen=True, slots=True)
class Services:
    """All services. `files` and `search` are those that `web_api/files.py` and `web_api/search.py` expect.

    Attributes:
        draw_word: random characters for ids inside of a message.
    """

    commits: Commits
    messages: Messages
    reader: MessageReader
    conversations: Conversations
    channel_changes: ChannelChanges
    users: Users
    reactions: Reactions
    reads: Reads
    scheduled: Scheduled
    ephemeral: Ephemeral
    presence: Presence
    tokens: Tokens
    sessions: Sessions
    webhooks: Webhooks
    guests: Guests
    cursors: CursorKey
    draw_word: Callable[[], str]
    files: Any = None
    search: Any = None


def caller_of(call: ApiCall) -> Caller:
    """The caller. Raises TokenMissingError."""
    if call.caller is None:
        raise TokenMissingError()
    return call.caller


def epoch_of(call: ApiCall) -> int | None:
    """The epoch that the caller's edge followed; None when it named none."""
    return call.epoch or None


def renamed(error: ColinkError, old: str, new: str) -> ColinkError:
    """The same error under the code that a method has for it."""
    if error.api == old:
        error.api_override = new
    return error
