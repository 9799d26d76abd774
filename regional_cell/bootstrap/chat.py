"""The chat services of a cell: what its web API, its sockets and its imports work with."""

import os
from collections.abc import Callable, Coroutine
from typing import Any

from accord.clock import Clock
from accord.ids import new_id
from accord.runtime.metrics import Metrics
from regional_cell.bootstrap.stores import Stores
from regional_cell.entrypoints.web_api.services import Services
from regional_cell.ports.sockets import UserFeed
from regional_cell.services.channel_changes import ChannelChanges
from regional_cell.services.commits.writer import GroupCommits
from regional_cell.services.conversations import Conversations
from regional_cell.services.ephemeral import Ephemeral
from regional_cell.services.files import Files
from regional_cell.services.guests import Guests
from regional_cell.services.messages.pages import HOW
from regional_cell.services.messages.posting import Messages
from regional_cell.services.messages.reading import MessageReader
from regional_cell.services.presence import Presence
from regional_cell.services.reactions import Reactions
from regional_cell.services.reads import Reads
from regional_cell.services.scheduled import Scheduled
from regional_cell.services.sessions import Sessions
from regional_cell.services.tokens import Tokens
from regional_cell.services.users import Users
from regional_cell.services.webhooks import Webhooks
from regional_cell.settings import CellSettings


class Chat:
    """Made once for each process.

    Args:
        users: tells the sockets of a user.
        process: number of this process among those of the cell.
        spawn: runs a coroutine beside and keeps it.
    """

    def __init__(
        self,
        settings: CellSettings,
        stores: Stores,
        commits: GroupCommits,
        tokens: Tokens,
        clock: Clock,
        metrics: Metrics,
        users: UserFeed,
        process: int,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        views, file_bytes_max = stores.views, settings.limits.file_gib_max * 1024**3
        self._commits, self._stores, self._tokens, self._clock = commits, stores, tokens, clock
        self.files = Files(commits, views, stores.files, tokens, new_id, file_bytes_max)
        pages = {how: metrics.counter("colink_history_pages_total", how=how) for how in HOW}
        self.reader = MessageReader(commits, views, self.files, lambda how: pages[how].inc())
        self.messages = Messages(commits, views, self.reader, new_id, spawn)
        self.reactions = Reactions(commits, views)
        self.scheduled = Scheduled(commits, views, self.messages, new_id, clock)
        self.guests = Guests(commits, views, clock)
        self.webhooks = Webhooks(commits, self.messages, draw_word, os.urandom)
        self.ephemeral = Ephemeral(commits, self.messages, users, stores.intercom, clock)
        self.presence = Presence(commits, users, stores.intercom, f"process-{process}", clock, spawn)

    def api(self, sessions: Sessions, search: Any) -> Services:
        """What the methods of the web API get. `search`: over all workspaces of a person."""
        commits, views = self._commits, self._stores.views
        return Services(
            commits=commits,
            messages=self.messages,
            reader=self.reader,
            conversations=Conversations(commits, views, new_id),
            channel_changes=ChannelChanges(commits),
            users=Users(commits, self._clock),
            reactions=self.reactions,
            reads=Reads(commits, views),
            scheduled=self.scheduled,
            ephemeral=self.ephemeral,
            presence=self.presence,
            tokens=self._tokens,
            sessions=sessions,
            cursors=self._stores.cursors,
            webhooks=self.webhooks,
            guests=self.guests,
            draw_word=draw_word,
            files=self.files,
            search=search,
        )


def draw_word() -> str:
    """Random characters for ids inside of a message."""
    return os.urandom(3).hex()
