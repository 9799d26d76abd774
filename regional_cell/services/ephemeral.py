"""Ephemeral messages: shown to one user's open sockets, and kept nowhere.

Invariants
    1. Both the author and the user are in the conversation at the moment of telling.
    2. No log, no view and no index hears of it; its `ts` names nothing.
"""

from typing import Any

import msgspec
import orjson

from accord.clock import Clock
from accord.errors import ForbiddenError, UserInactiveError
from regional_cell.domain.access import require_postable
from regional_cell.domain.callers import Caller
from regional_cell.domain.commands.messages import NewMessage, payload_of
from regional_cell.domain.objects.channels import channel_type
from regional_cell.domain.objects.messages import posted
from regional_cell.domain.timestamps import format_ts
from regional_cell.domain.web_socket import text_frame
from regional_cell.ports.commits import Commits
from regional_cell.ports.intercom import Intercom
from regional_cell.ports.messages import MessagePoster
from regional_cell.ports.sockets import UserFeed

SUBJECT = "ephemeral"
_word = msgspec.msgpack.Decoder(tuple[str, str, bytes])


class Ephemeral:
    """Ephemeral messages in the residents of this cell; of all its processes, since sockets live in any."""

    def __init__(
        self, commits: Commits, poster: MessagePoster, users: UserFeed, intercom: Intercom, clock: Clock
    ) -> None:
        self._commits, self._poster, self._users = commits, poster, users
        self._intercom, self._clock = intercom, clock
        intercom.listen(SUBJECT, self._hear)

    async def post(
        self, caller: Caller, user: str, message: NewMessage, thread_ts: int | None, epoch: int | None
    ) -> int:
        """Show `message` to `user`, where `message.channel` names; its time in microseconds.

        Raises: as `MessagePoster.place`, `MessagePoster.require_thread`, `require_postable`;
            UserInactiveError, ForbiddenError `user_not_in_channel`.
        """
        channel = await self._poster.place(caller, message.channel, epoch)
        if thread_ts is not None:
            await self._poster.require_thread(caller, channel, thread_ts)
        state = await self._commits.state(caller.resident)
        author = state.row("users", caller.user)
        if author is None or author["deleted"]:
            raise UserInactiveError()
        row = require_postable(state, caller, channel)
        if not state.is_member(channel, user):
            raise ForbiddenError(api="user_not_in_channel")
        at_us = self._clock.now_us()
        payload = payload_of(caller, msgspec.structs.replace(message, channel=channel))
        shown: dict[str, Any] = posted(state, payload, at_us)
        if thread_ts is not None:
            shown["thread_ts"] = format_ts(thread_ts)
        shown |= {
            "channel": channel, "channel_type": channel_type(row), "is_ephemeral": True,
            "event_ts": shown["ts"],
        }  # fmt: skip
        frame = text_frame(orjson.dumps(shown))
        self._users.tell_user(caller.resident, user, frame)
        if not self._intercom.alone:
            self._intercom.tell(SUBJECT, msgspec.msgpack.encode((caller.resident, user, frame)))
        return at_us

    def _hear(self, body: bytes) -> None:
        self._users.tell_user(*_word.decode(body))
