"""Workspaces: their first events, the people who join in bulk, channels made in bulk.

These are the commands of operators; what users do to channels and to each other is in `channels.py` and
`users.py`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accord.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from regional_cell.domain.access import is_full, require_kind, require_not_archived
from regional_cell.domain.changes import Row
from regional_cell.domain.commands.tokens import TokenRecord, issued
from regional_cell.domain.decisions import Decide, Decided
from regional_cell.domain.events import Draft
from regional_cell.domain.roles import GUESTS, SINGLE_CHANNEL
from regional_cell.domain.state import State

ROLES = ("primary_owner", "owner", "admin", "member", "guest", "single_channel_guest")
NAME_CHARACTERS_MAX = 80

_CHANNEL_NAME = re.compile(r"[^\W_](?:[\w-]{0,79})", re.UNICODE)


@dataclass(frozen=True, slots=True)
class WorkspaceFacts:
    """What a workspace starts with. `general` and `random` are ids of its first channels."""

    name: str
    slug: str
    organisation: str
    organisation_name: str
    establishment: str
    subjects: tuple[str, ...]
    tags: tuple[str, ...]
    general: str
    random: str


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A user to be.

    Attributes:
        card: name, real_name, display_name, email, title, phone, tz, locale.
        token: minted with it.
        channels: to be in from the first moment.
        expires_s: when the stay of a guest ends, in unix seconds; 0: never.
        jurisdiction: whose law protects them, as asserted; empty: the establishment's.
    """

    user: str
    person: str
    role: str
    card: Mapping[str, str]
    linked_workspaces: tuple[str, ...] = ()
    token: TokenRecord | None = None
    channels: tuple[str, ...] = ()
    expires_s: int = 0
    jurisdiction: str = ""


@dataclass(frozen=True, slots=True)
class NewChannel:
    """A channel to be; the creator is a member whether or not `members` names them."""

    channel: str
    name: str
    private: bool
    creator: str
    members: tuple[str, ...] = ()
    topic: str = ""
    purpose: str = ""
    general: bool = False


def create(facts: WorkspaceFacts) -> Decide:
    """The first events: the workspace, #general and #random. ConflictError when there are events already."""
    if not 1 <= len(facts.name) <= NAME_CHARACTERS_MAX:
        raise InvalidError(field="name", why="length")

    def decide(state: State, first_us: int) -> Decided:
        if state.head:
            raise ConflictError(what="workspace")
        payload = {
            "name": facts.name,
            "slug": facts.slug,
            "organisation": facts.organisation,
            "organisation_name": facts.organisation_name,
            "establishment": facts.establishment,
            "subjects": list(facts.subjects),
            "tags": list(facts.tags),
            "general": facts.general,
            "random": facts.random,
        }
        everyone = "Company-wide announcements and work-based matters"
        general = NewChannel(facts.general, "general", False, "", purpose=everyone, general=True)
        random = NewChannel(facts.random, "random", False, "", purpose="Whatever has no other place")
        resident = state.resident
        drafts = (
            Draft("WorkspaceCreated", payload),
            channel_created(resident, general),
            channel_created(resident, random),
        )
        return Decided(drafts, structural=True)

    return decide


def admit(newcomers: Sequence[Newcomer]) -> Decide:
    """Let users in, all or none; full members join #general and #random, everybody the channels named.

    Raises: ConflictError (name, person), NotFoundError (channel), WrongStateError `is_archived`;
        InvalidError (role, name, channels, expires).
    """
    for newcomer in newcomers:
        if newcomer.role not in ROLES:
            raise InvalidError(field="role", why="unknown")
        if not newcomer.card.get("name"):
            raise InvalidError(field="name", why="missing")
        if newcomer.expires_s and newcomer.role not in GUESTS:
            raise InvalidError(field="expires", why="only the stay of a guest ends")
        if newcomer.role == SINGLE_CHANNEL and len(set(newcomer.channels)) > 1:
            raise InvalidError(field="channels", why="more than one")

    def decide(state: State, first_us: int) -> Decided:
        row = require_workspace(state)
        first_channels = (row["general"], row["content"]["random"])
        names = dict(state.user_by_name)
        people = {user["person"] for user in state.rows["users"].values() if user["person"]}
        drafts: list[Draft] = []
        for newcomer in newcomers:
            name = newcomer.card["name"]
            if name in names:
                raise ConflictError(what="name")
            if newcomer.person and newcomer.person in people:
                raise ConflictError(what="person")
            names[name] = newcomer.user
            people.add(newcomer.person)
            if newcomer.expires_s and newcomer.expires_s * 1_000_000 <= first_us:
                raise InvalidError(field="expires", why="in the past")
            drafts.append(user_joined(state.resident, newcomer))
            everyones = () if newcomer.role in GUESTS else first_channels
            for channel in dict.fromkeys((*everyones, *newcomer.channels)):
                require_joinable(state, channel)
                drafts.append(member_added(channel, newcomer.user, ""))
            if newcomer.token is not None:
                drafts.append(issued(newcomer.token))
        return Decided(tuple(drafts), structural=True)

    return decide


def create_channels(channels: Sequence[NewChannel]) -> Decide:
    """Make channels, all or none. ConflictError (name), NotFoundError (user), InvalidError (name);
    ForbiddenError `ura_max_channels`: a guest of a single channel would be in another.
    """
    for channel in channels:
        if not _CHANNEL_NAME.fullmatch(channel.name) or channel.name != channel.name.lower():
            raise InvalidError(field="name", why="form", api="invalid_name")

    def decide(state: State, first_us: int) -> Decided:
        require_workspace(state)
        names = set(state.channel_by_name)
        drafts: list[Draft] = []
        placed: set[str] = set()
        for channel in channels:
            if channel.name in names:
                raise ConflictError(what="name", api="name_taken")
            names.add(channel.name)
            for user in {channel.creator, *channel.members}:
                row = state.row("users", user)
                if row is None or row["deleted"]:
                    raise NotFoundError(thing="user")
                if is_full(state, user) or (row["role"] == SINGLE_CHANNEL and user in placed):
                    raise ForbiddenError(api="ura_max_channels")
                placed.add(user)
            drafts.append(channel_created(state.resident, channel))
        return Decided(tuple(drafts), structural=True)

    return decide


def require_workspace(state: State) -> Row:
    """The row of the workspace. NotFoundError where its first event is missing or this is another kind of
    resident.
    """
    row = state.row("workspaces") if state.kind == "T" else None
    if row is None:
        raise NotFoundError(thing="team")
    return row


def require_joinable(state: State, channel: str) -> None:
    """A channel that users may be put into. Raises NotFoundError, InvalidError, WrongStateError."""
    row = state.row("channels", channel)
    if row is None:
        raise NotFoundError(thing="channel")
    require_kind(row, "public", "private")
    require_not_archived(row)


def channel_created(resident: str, channel: NewChannel) -> Draft:
    """Told to all full members when public, to its members when private."""
    members = list(dict.fromkeys(user for user in (channel.creator, *channel.members) if user))
    payload = {
        "channel": channel.channel,
        "kind": "private" if channel.private else "public",
        "name": channel.name,
        "creator": channel.creator,
        "members": members,
        "general": channel.general,
        "topic": channel.topic,
        "purpose": channel.purpose,
    }
    topics = (() if channel.private else (resident,)) + tuple(members)
    return Draft("ChannelCreated", payload, topics)


def user_joined(resident: str, newcomer: Newcomer, app: str = "", bot: str = "") -> Draft:
    """Told to all full members."""
    payload = {
        "user": newcomer.user,
        "person": newcomer.person,
        "role": newcomer.role,
        "app": app,
        "bot": bot,
        "card": dict(newcomer.card),
        "linked_workspaces": list(newcomer.linked_workspaces),
        "expires_s": newcomer.expires_s,
        "jurisdiction": newcomer.jurisdiction,
    }
    return Draft("UserJoined", payload, (resident,))


def member_added(channel: str, user: str, by: str) -> Draft:
    """Told to the channel and, with the whole channel, to the user alone."""
    return Draft("MemberAdded", {"channel": channel, "user": user, "by": by, "inviter": ""}, (channel, user))
