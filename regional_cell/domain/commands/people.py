"""People: their first events, the workspaces they belong to, their sessions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accord.errors import ConflictError, InvalidError, NotFoundError
from regional_cell.domain.decisions import Decide, Decided
from regional_cell.domain.events import Draft
from regional_cell.domain.state import State

SESSIONS_OPEN_MAX = 50
SESSION_KIND = "xoxc"
SESSION_LIFE_S = 30 * 86_400
SIGNED_OUT, TOO_MANY = "signed_out", "too_many"
DEVICE_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True)
class Link:
    """A workspace that a person belongs to, as `user`."""

    workspace: str
    user: str
    name: str


def create(
    establishment: str, profile: Mapping[str, str], contacts: Mapping[str, str], password_hash: str
) -> Decide:
    """The first events of a person. `contacts`: kind (`email`) to value. ConflictError when there are
    events already.
    """

    def decide(state: State, first_us: int) -> Decided:
        if state.head:
            raise ConflictError(what="person")
        drafts = [Draft("PersonCreated", {"establishment": establishment, "profile": dict(profile)})]
        drafts += [Draft("ContactClaimed", {"kind": k, "value": v}) for k, v in sorted(contacts.items())]
        if password_hash:
            drafts.append(Draft("CredentialSet", {"kind": "password", "hash": password_hash}))
        return Decided(tuple(drafts), structural=True)

    return decide


def link(links: Sequence[Link]) -> Decide:
    """Note workspaces; those noted already with the same user are passed over."""

    def decide(state: State, first_us: int) -> Decided:
        drafts = []
        for entry in links:
            row = state.row("links", entry.workspace)
            if row is None or row["user"] != entry.user:
                payload = {"workspace": entry.workspace, "user": entry.user, "name": entry.name}
                drafts.append(Draft("WorkspaceLinked", payload))
        return Decided(tuple(drafts), structural=bool(drafts))

    return decide


def open_session(session: str, device: str) -> Decide:
    """A sign-in on one device. InvalidError on the device."""
    if len(device) > DEVICE_CHARACTERS_MAX:
        raise InvalidError(field="device", why="too long")

    def decide(state: State, first_us: int) -> Decided:
        return Decided((Draft("SessionOpened", {"session": session, "device": device}),), structural=True)

    return decide


def close_sessions(sessions: Sequence[str], why: str) -> Decide:
    """End sessions; closed ones stay as they are. NotFoundError."""

    def decide(state: State, first_us: int) -> Decided:
        drafts = []
        for session in dict.fromkeys(sessions):
            if (row := state.row("sessions", session)) is None:
                raise NotFoundError(thing="session")
            if not row["closed_s"]:
                drafts.append(Draft("SessionClosed", {"session": session, "why": why}))
        return Decided(tuple(drafts), structural=bool(drafts))

    return decide


def open_sessions(state: State) -> list[str]:
    """The sessions that are not closed, the oldest first."""
    rows = state.rows["sessions"].items()
    return [
        session
        for _, session in sorted((row["opened_us"], key[0]) for key, row in rows if not row["closed_s"])
    ]


def surplus(state: State) -> list[str]:
    """The oldest open sessions, as many as have to end before another is opened."""
    still_open = open_sessions(state)
    return still_open[: max(0, len(still_open) + 1 - SESSIONS_OPEN_MAX)]
