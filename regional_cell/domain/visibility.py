"""Visibility: which topics a user hears of, walking along the log.

A topic is a channel (its members), a user (that user alone) or the resident itself (all but guests). An
event is told
under the memberships that it leaves behind: who is added hears of it in the channel, who is removed does not.

Invariants
    1. `topics_before` undone event by event with `moves` is `topics_of` at the end: replay and live tell
       the same.
    2. What cannot be undone exactly gives None, and the caller starts afresh; nothing is guessed.
"""

from collections.abc import Sequence

from regional_cell.domain.events import Event
from regional_cell.domain.roles import GUESTS
from regional_cell.domain.state import State

# After these the earlier standing of their user cannot be read from the log's tail alone.
STANDING = frozenset({"UserJoined", "UserRoleSet", "UserDeactivated", "UserReactivated"})

# These change who hears what.
MOVING = frozenset({"MemberAdded", "MemberRemoved", "ChannelCreated"})


def topics_of(state: State, user: str) -> set[str]:
    """What the user hears of at the head of the state; nothing when there is no such active user."""
    row = state.row("users", user)
    if row is None or row["deleted"]:
        return set()
    topics = {user, *state.channels_of.get(user, ())}
    if row["role"] not in GUESTS:
        topics.add(state.resident)
    return topics


def moves(event: Event) -> list[tuple[str, str, bool]]:
    """(user, topic, whether added) of every change of who hears what, in order."""
    payload = event.payload
    if event.kind == "MemberAdded":
        return [(payload["user"], payload["channel"], True)]
    if event.kind == "MemberRemoved":
        return [(payload["user"], payload["channel"], False)]
    if event.kind == "ChannelCreated":
        return [(user, payload["channel"], True) for user in payload["members"]]
    return []


def topics_before(events: Sequence[Event], user: str, after: set[str]) -> set[str] | None:
    """What the user heard of before `events`, which follow each other and leave `after`; None when it
    cannot be told.
    """
    topics = set(after)
    for event in reversed(events):
        if event.kind in STANDING and event.payload["user"] == user:
            return None
        for who, topic, added in reversed(moves(event)):
            if who == user:
                topics.discard(topic) if added else topics.add(topic)
    return topics


def step(topics: set[str], event: Event, user: str) -> bool:
    """Move `topics` along by one event; False when the user's standing changed and the walk must end."""
    if event.kind in STANDING and event.payload["user"] == user:
        return False
    for who, topic, added in moves(event):
        if who == user:
            topics.add(topic) if added else topics.discard(topic)
    return True
