"""People: their first events, the workspaces they belong to, their sessions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accord.errors import ConflictError, InvalidError, NotFoundError
from regional_cell.domain.changes import Key, Row
from regional_cell.domain.decisions import Decide, Decided
from regional_cell.domain.events import Draft
from regional_cell.domain.state import State

SESSIONS_OPEN_MAX = 50
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
    """A sign-in on one device; the oldest open session ends when there would be too many. InvalidError on
    the device.
    """
    if len(device) > DEVICE_CHARACTERS_MAX:
        raise InvalidError(field="device", why="too long")

    def decide(state: State, first_us: int) -> Decided:
        still_open = sorted((row["opened_s"], key[0]) for key, row in _open_sessions(state))
        drafts = [
            Draft("SessionClosed", {"session": oldest, "why": "too_many"})
            for _, oldest in still_open[: max(0, len(still_open) + 1 - SESSIONS_OPEN_MAX)]
        ]
        drafts.append(Draft("SessionOpened", {"session": session, "device": device}))
        return Decided(tuple(drafts), structural=True)

    return decide


def close_session(session: str, why: str) -> Decide:
    """End a session; a closed one stays as it is. NotFoundError."""

    def decide(state: State, first_us: int) -> Decided:
        row = state.row("sessions", session)
        if row is None:
            raise NotFoundError(thing="session")
        if row["closed_s"]:
            return Decided(())
        return Decided((Draft("SessionClosed", {"session": session, "why": why}),), structural=True)

    return decide


def _open_sessions(state: State) -> list[tuple[Key, Row]]:
    return [(key, row) for key, row in state.rows["sessions"].items() if not row["closed_s"]]
