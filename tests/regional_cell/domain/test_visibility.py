"""Replay and live tell a user the same, whatever happens to memberships."""

from hypothesis import given
from hypothesis import strategies as st

from regional_cell.domain.events import Event
from regional_cell.domain.visibility import STANDING, step, topics_before

USERS, CHANNELS = ("U1", "U2"), ("C1", "C2", "C3")
TEAM = "T1"

Said = tuple[str, str, str]
log = st.lists(
    st.one_of(
        st.tuples(st.just("toggle"), st.sampled_from(CHANNELS), st.sampled_from(USERS)),
        st.tuples(st.just("MessagePosted"), st.sampled_from(CHANNELS), st.sampled_from(USERS)),
        st.tuples(st.just("ReadMarked"), st.sampled_from(CHANNELS), st.sampled_from(USERS)),
        st.tuples(st.just("UserRoleSet"), st.just(""), st.sampled_from(USERS)),
    ),
    max_size=40,
)


def event(sequence: int, kind: str, channel: str, user: str) -> Event:
    """An event with the topics that its command would give it."""
    topics = {
        "MessagePosted": (channel,),
        "ReadMarked": (user,),
        "MemberAdded": (channel, user),
        "MemberRemoved": (channel, user),
        "UserRoleSet": (TEAM,),
    }[kind]
    payload = {"channel": channel, "user": user, "role": "member", "members": []}
    numbered = tuple((topic, sequence) for topic in topics)
    return Event(TEAM, sequence, 1, kind, 1, sequence, "", payload, numbered)


def events_of(said: list[Said]) -> list[Event]:
    """A log in which people only join where they are not and leave where they are."""
    members: set[tuple[str, str]] = set()
    events = []
    for sequence, (kind, channel, user) in enumerate(said, 1):
        if kind == "toggle":
            kind = "MemberRemoved" if (channel, user) in members else "MemberAdded"
            members ^= {(channel, user)}
        events.append(event(sequence, kind, channel, user))
    return events


def walk(events: list[Event], user: str, topics: set[str]) -> tuple[list[tuple[int, str]], bool]:
    """(sequence, topic) of all that the user is told, and whether the walk came to its end."""
    told: list[tuple[int, str]] = []
    for each in events:
        if not step(topics, each, user):
            return told, False
        told += [(each.sequence, topic) for topic, _ in each.topics if topic in topics]
    return told, True


@given(log, st.integers(0, 40), st.sampled_from(USERS))
def test_a_replay_from_any_mark_is_what_was_told_live_since_then(
    said: list[Said], mark: int, user: str
) -> None:
    events = events_of(said)
    if any(each.kind in STANDING and each.payload["user"] == user for each in events):
        events = [each for each in events if each.kind not in STANDING]
    topics = {user, TEAM}
    live, _ = walk(events, user, topics)
    missed = [each for each in events if each.sequence > mark]
    before = topics_before(missed, user, set(topics))
    assert before is not None
    replayed, whole = walk(missed, user, before)
    assert whole
    assert replayed == [(sequence, topic) for sequence, topic in live if sequence > mark]
    assert before == topics


@given(log, st.sampled_from(USERS))
def test_nothing_is_told_of_a_channel_between_leaving_and_joining(said: list[Said], user: str) -> None:
    events = [each for each in events_of(said) if each.kind not in STANDING]
    told, _ = walk(events, user, {user, TEAM})
    members: set[str] = set()
    allowed = set()
    for each in events:
        if each.payload["user"] == user and each.kind == "MemberAdded":
            members.add(each.payload["channel"])
        if each.payload["user"] == user and each.kind == "MemberRemoved":
            members.discard(each.payload["channel"])
        allowed |= {(each.sequence, topic) for topic, _ in each.topics if topic in members}
    assert {entry for entry in told if entry[1] in CHANNELS} == {e for e in allowed if e[1] in CHANNELS}


def test_a_change_of_standing_in_the_gap_cannot_be_replayed() -> None:
    gap = [event(1, "MessagePosted", "C1", "U2"), event(2, "UserRoleSet", "", "U1")]
    assert topics_before(gap, "U1", {"U1", "C1"}) is None
    assert topics_before(gap, "U2", {"U2", "C1"}) == {"U2", "C1"}
