"""Sessions of people: the list of them, and ending one or all others, here and in other cells.

A session is in the log of the person; what it was given are tokens in the logs of workspaces, each naming it.
A cell ends what is in its own logs. For the rest it makes orders: identity tokens that name the sessions,
which the edge carries to the other cells.

    at a workspace's home, the person at home elsewhere    end here, order the person's home to close
    at the person's home                                   end here, close, order homes of other workspaces

Invariants
    1. A session is closed in the person's log only after its tokens in this cell are revoked.
    2. A session that ended here gets no token here any more, not even with an identity token that is good.
    3. An order is believed from the home of whoever it names alone, for this very cell. A workspace's home
       can close those sessions of a person that it can name, and learns nothing of others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from accord.clock import Clock
from accord.errors import (
    ForbiddenError,
    NotFoundError,
    TokenInvalidError,
    TokenRevokedError,
    UnknownResidentError,
)
from accord.identity import IDENTITY_LIFE_S, IdentityClaims
from accord.ids import check_id
from regional_cell.domain.callers import END_ROLE, PERSON_ROLE, Caller, named
from regional_cell.domain.commands import people, tokens
from regional_cell.domain.commands.people import SESSION_KIND, SESSION_LIFE_S, SIGNED_OUT
from regional_cell.domain.state import State
from regional_cell.domain.views.tokens import ACTIVE
from regional_cell.ports.commits import Commits
from regional_cell.ports.directory import Routes
from regional_cell.ports.identity import Order, SpentTickets, TokenMint

# Longer than an identity token is accepted, since clocks differ.
ENDED_KEPT_S = IDENTITY_LIFE_S + 300
# What fits into one identity token.
IN_ORDER_MAX = 15
END_DOOR, CLOSE_DOOR = "session/end", "session/close"


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in that is good. Times are unix seconds."""

    id: str
    device: str
    opened_s: int
    expires_s: int
    current: bool


class Sessions:
    """Sessions of the people who are at home here, or users of workspaces that are.

    Args:
        cell: name of this cell.
    """

    def __init__(
        self,
        commits: Commits,
        mint: TokenMint,
        routes: Routes,
        spent: SpentTickets,
        clock: Clock,
        cell: str,
    ) -> None:
        self._commits, self._mint, self._routes = commits, mint, routes
        self._spent, self._clock, self._cell = spent, clock, cell

    # --- for the person ----------------------------------------------------------------------------

    async def listed(self, caller: Caller) -> tuple[list[Session], bool]:
        """The caller's sessions, the oldest first, and whether these are all: a person who is at home in
        another cell sees those of this workspace.
        """
        state = await self._commits.state(caller.resident)
        current, now_s = _session_of(state, caller), self._clock.now_us() // 1_000_000
        person = await self._person(caller.person)
        if person is None:
            return _known_here(state, caller, current, now_s), False
        found = []
        for session in people.open_sessions(person):
            row = person.rows["sessions"][(session,)]
            opened_s, device = row["opened_us"] // 1_000_000, row["content"]["device"]
            found.append(Session(session, device, opened_s, opened_s + SESSION_LIFE_S, session == current))
        return [session for session in found if session.expires_s > now_s], True

    async def revoke(self, caller: Caller, session: str, epoch: int | None = None) -> list[Order]:
        """End one session of the caller, also one that has ended before. NotFoundError."""
        state = await self._commits.state(caller.resident)
        person = await self._person(caller.person)
        known = person.row("sessions", session) if person is not None else _has_token(state, caller, session)
        if not known:
            raise NotFoundError(thing="session")
        return await self._revoke(caller, person, [session], epoch)

    async def revoke_others(self, caller: Caller, epoch: int | None = None) -> list[Order]:
        """End all sessions of the caller but the one that asks, as far as they are listed here."""
        state = await self._commits.state(caller.resident)
        listed, _ = await self.listed(caller)
        others = [session.id for session in listed if session.id != _session_of(state, caller)]
        return await self._revoke(caller, await self._person(caller.person), others, epoch)

    async def sign_out(self, caller: Caller) -> list[Order]:
        """End the session whose token is shown. ForbiddenError for a token of another kind."""
        if caller.kind != SESSION_KIND:
            raise ForbiddenError(api="not_allowed_token_type", needed=SESSION_KIND)
        state = await self._commits.state(caller.resident)
        return await self.revoke(caller, _session_of(state, caller))

    async def _revoke(
        self, caller: Caller, person: State | None, sessions: Sequence[str], epoch: int | None
    ) -> list[Order]:
        await self._mark(sessions)
        await self._end_in(caller.resident, caller.user, sessions, SIGNED_OUT, epoch)
        if person is not None:
            return await self.close(person, sessions, SIGNED_OUT, but=caller.resident)
        home = await self._routes.home_of(caller.person)
        if home is None:
            return [Order(caller.person, CLOSE_DOOR, "")]
        return [
            Order(caller.person, CLOSE_DOOR, self._mint.identify(caller, home[0], roles))
            for roles in _roles(sessions)
        ]

    # --- for other cells -----------------------------------------------------------------------------

    async def closed_elsewhere(self, person: str, identity: str) -> list[Order]:
        """At the person's home: a workspace's home ended sessions of a user of its own. Raises
        TokenInvalidError, TokenExpiredError.
        """
        claims = await self._proven(identity, "T")
        state = await self._person(person)
        link = state.row("links", claims.resident) if state is not None else None
        if (
            state is None
            or link is None
            or link["user"] != claims.user
            or PERSON_ROLE + person not in claims.roles
        ):
            raise TokenInvalidError(why="of another person")
        sessions = [each for each in named(claims.roles, END_ROLE) if state.row("sessions", each) is not None]
        return await self.close(state, sessions, SIGNED_OUT, but=claims.resident)

    async def ended_elsewhere(self, workspace: str, identity: str) -> None:
        """At a workspace's home: the person's home closed sessions. Raises TokenInvalidError,
        TokenExpiredError, UnknownResidentError.
        """
        claims = await self._proven(identity, "P")
        state = await self._commits.state(check_id(workspace, "T"))
        sessions = named(claims.roles, END_ROLE)
        await self._mark(sessions)
        for key, row in list(state.rows["users"].items()):
            if row["person"] == claims.resident:
                await self._end_in(workspace, key[0], sessions, SIGNED_OUT)

    async def close(self, person: State, sessions: Sequence[str], why: str, but: str = "") -> list[Order]:
        """End sessions in all workspaces of this cell but one, close them in the person's log, and give the
        orders for other cells.
        """
        if not sessions:
            return []
        await self._mark(sessions)
        orders: list[Order] = []
        for (workspace,), row in list(person.rows["links"].items()):
            home = await self._routes.home_of(workspace)
            if workspace == but:
                continue
            if home is None:
                orders.append(Order(workspace, END_DOOR, ""))
            elif home[0] == self._cell:
                await self._end_in(workspace, row["user"], sessions, why)
            else:
                tokens_for = (
                    self._mint.identity(person.resident, home[0], roles) for roles in _roles(sessions)
                )
                orders += [Order(workspace, END_DOOR, identity) for identity in tokens_for]
        decide = people.close_sessions(sessions, why)
        await self._commits.commit(person.resident, decide, principal=person.resident)
        return orders

    async def require_open(self, person: str, session: str) -> None:
        """That a session has not ended here. TokenRevokedError."""
        state = await self._person(person)
        row = state.row("sessions", session) if state is not None else None
        gone = state is not None and (row is None or bool(row["closed_s"]))
        if gone or await self._spent.is_spent(_mark(session)):
            raise TokenRevokedError()

    # --- inside --------------------------------------------------------------------------------------

    async def _mark(self, sessions: Sequence[str]) -> None:
        """From now on the sessions get no token here."""
        until_s = self._clock.now_us() // 1_000_000 + ENDED_KEPT_S
        for session in sessions:
            await self._spent.spend(_mark(session), until_s)

    async def _end_in(
        self, workspace: str, user: str, sessions: Sequence[str], why: str, epoch: int | None = None
    ) -> None:
        decide = tokens.end_sessions(frozenset(sessions), user, why)
        await self._commits.commit(workspace, decide, principal=user, epoch=epoch)

    async def _person(self, person: str) -> State | None:
        """The person's state where this cell is their home."""
        if not person:
            return None
        try:
            state = await self._commits.state(check_id(person, "P"))
        except UnknownResidentError:
            return None
        return state if state.lifecycle == "open" else None

    async def _proven(self, identity: str, kind: str) -> IdentityClaims:
        claims = self._mint.prove_identity(identity)
        home = await self._routes.home_of(claims.resident)
        if claims.resident[0] != kind or home is None or home[0] != claims.via:
            raise TokenInvalidError(why="not from the home of its resident")
        return claims


def _mark(session: str) -> str:
    return f"ended/{session}"


def _roles(sessions: Sequence[str]) -> Iterable[list[str]]:
    """Roles that name the sessions, as many as one identity token holds."""
    for start in range(0, len(sessions), IN_ORDER_MAX):
        yield [END_ROLE + session for session in sessions[start : start + IN_ORDER_MAX]]


def _session_of(state: State, caller: Caller) -> str:
    row = state.row("tokens", caller.token_id)
    return (row["session"] or "") if row is not None else ""


def _has_token(state: State, caller: Caller, session: str) -> bool:
    rows = state.rows["tokens"].values()
    return bool(session) and any(row["user"] == caller.user and row["session"] == session for row in rows)


def _known_here(state: State, caller: Caller, current: str, now_s: int) -> list[Session]:
    found = [
        Session(
            row["session"], row["device"] or "", row["created_s"], row["expires_s"], row["session"] == current
        )
        for row in state.rows["tokens"].values()
        if row["kind"] == SESSION_KIND
        and row["user"] == caller.user
        and row["state"] == ACTIVE
        and row["session"]
    ]
    fresh = {session.id: session for session in found if session.expires_s > now_s}
    return sorted(fresh.values(), key=lambda session: (session.opened_s, session.id))
