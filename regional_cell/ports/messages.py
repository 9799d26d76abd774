"""Posting messages."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from regional_cell.domain.callers import Caller
from regional_cell.domain.commands.messages import NewMessage
from regional_cell.domain.decisions import Decided
from regional_cell.domain.state import State

# What is decided together with the message, against the same state.
Also = Callable[[State, Decided], Decided]


@dataclass(frozen=True, slots=True)
class Posted:
    """A message as it was accepted. `again`: it had been before, under the same client_msg_id."""

    channel: str
    ts: int
    message: dict[str, Any]
    again: bool = False


class MessagePoster(Protocol):
    """Posts messages of callers."""

    async def place(self, caller: Caller, text: str, epoch: int | None = None) -> str:
        """The id of the conversation that a text names: an id, `#name`, a name, a user or `@name`; a direct
        message is made when a user is named. Raises NotFoundError `channel_not_found`.
        """

    async def post_message(
        self, caller: Caller, message: NewMessage, *, thread_ts: int | None = None, broadcast: bool = False,
        epoch: int | None = None, also: Also | None = None,
    ) -> Posted:  # fmt: skip
        """Post to the place that `message.channel` names. `thread_ts`: any message of the thread.

        Raises: as `commands.messages.post`; NotFoundError `thread_not_found`, InvalidError
            `cannot_reply_to_message`; what `also` raises; as `Commits.submit`.
        """

    async def require_thread(self, caller: Caller, channel: str, ts: int) -> None:
        """Whether one may reply there now. Raises as `post_message`."""
