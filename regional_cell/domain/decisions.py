"""What a command decides: the events that follow, and under which conditions they may be written.

`decide` functions get the state at a head and the time of the first event; they return `Decided` or raise
an error of
`accord.errors`. They run again from the start when another process was first, so they keep nothing between
runs.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from regional_cell.domain.changes import Require
from regional_cell.domain.events import Draft, Event
from regional_cell.domain.state import State


class Decided(msgspec.Struct, frozen=True, gc=False):
    """Events to be written together, for one resident.

    Attributes:
        drafts: at least one, unless the command changes nothing (then `answer` says what to tell).
        requires: conditions checked inside the write transaction.
        client_msg_id: (author, key) of a message; a second one with the same key is answered with the first.
        structural: changes a view that other commands are decided against (users, channels, members,
        tokens, apps ...):
            nothing else of the resident is decided until this is committed.
        answer: free for the caller, handed back with the commit.
    """

    drafts: tuple[Draft, ...]
    requires: tuple[Require, ...] = ()
    client_msg_id: tuple[str, str] | None = None
    structural: bool = False
    answer: Any = None


# decide(state, first_us): the event at index i of the drafts gets the time first_us + i.
Decide = Callable[[State, int], Decided]


class Committed(msgspec.Struct, frozen=True, gc=False):
    """What a commit came to.

    Attributes:
        events: as written, in order; empty when nothing had to change or for a duplicate.
        duplicate: the event of the first message with the same client_msg_id, when there was one.
        state: the state with the events folded in.
    """

    events: tuple[Event, ...]
    state: State
    duplicate: Event | None = None
    answer: Any = None
