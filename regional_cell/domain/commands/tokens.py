"""Tokens: issuing and revoking their records. The text is minted by the service and never comes here.

A record is decided against the user or app that it is for, at the head of the resident's log.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from accord.errors import InvalidError, NotFoundError, UserInactiveError
from regional_cell.domain.changes import Row
from regional_cell.domain.decisions import Decide, Decided
from regional_cell.domain.events import Draft
from regional_cell.domain.state import State
from regional_cell.domain.views.tokens import REVOKED


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A token to be issued.

    Attributes:
        id: 16 random bytes, b64url; sha256: hex digest of the whole text.
        kind: prefix without its dash; user or app: whom it is for (an `xapp` has no user).
        person: behind the user, where the resident is an organisation; else empty, since the user's row
        names them.
        expires_s: unix seconds; 0: until revoked.
        session, device: of a person's sign-in, else empty.
    """

    id: str
    sha256: str
    kind: str
    user: str = ""
    person: str = ""
    app: str = ""
    scopes: tuple[str, ...] = ()
    expires_s: int = 0
    session: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Minted:
    """A fresh token: the text for its owner, the record for the log. The record must be committed before
    the text is
    handed out."""

    text: str
    record: TokenRecord


def issued(record: TokenRecord) -> Draft:
    """The event of one record."""
    payload = {
        "id": record.id,
        "sha256": record.sha256,
        "kind": record.kind,
        "user": record.user,
        "person": record.person,
        "app": record.app,
        "scopes": sorted(set(record.scopes)),
        "expires_s": record.expires_s,
        "session": record.session,
        "device": record.device,
    }
    return Draft("TokenIssued", payload)


def issue(records: Iterable[TokenRecord]) -> Decide:
    """Issue all or none. NotFoundError (user, app), UserInactiveError."""
    wanted = tuple(records)

    def decide(state: State, first_us: int) -> Decided:
        for record in wanted:
            if state.kind == "E":
                require_person(record)
            elif record.user:
                require_active(state, record.user)
            elif not record.app or state.row("apps", record.app) is None:
                raise NotFoundError(thing="app")
        return Decided(tuple(issued(record) for record in wanted), structural=True)

    return decide


def revoke(token: str, why: str) -> Decide:
    """Revoke a token; a revoked one stays as it is. NotFoundError."""

    def decide(state: State, first_us: int) -> Decided:
        row = state.row("tokens", token)
        if row is None:
            raise NotFoundError(thing="token")
        if row["state"] == REVOKED:
            return Decided(())
        return Decided((revoked(token, why),), structural=True)

    return decide


def revoked(token: str, why: str) -> Draft:
    """The event of one record's end."""
    return Draft("TokenRevoked", {"id": token, "why": why})


def end_sessions(sessions: Collection[str], user: str, why: str) -> Decide:
    """Revoke what the sessions were given as this user; those revoked before stay as they are."""

    def decide(state: State, first_us: int) -> Decided:
        drafts = [
            revoked(key[0], why)
            for key, row in state.rows["tokens"].items()
            if row["user"] == user and row["session"] in sessions and row["state"] != REVOKED
        ]
        return Decided(tuple(drafts), structural=bool(drafts))

    return decide


def require_person(record: TokenRecord) -> None:
    """A token of an organisation is of a person. InvalidError."""
    if not record.user or not record.person or record.app:
        raise InvalidError(field="person", why="missing")


def require_active(state: State, user: str) -> Row:
    """The row of a user who may act. NotFoundError, UserInactiveError; InvalidError outside a workspace."""
    if state.kind != "T":
        raise InvalidError(field="resident", why="only a workspace has users")
    row = state.row("users", user)
    if row is None:
        raise NotFoundError(thing="user")
    if row["deleted"]:
        raise UserInactiveError()
    return row
