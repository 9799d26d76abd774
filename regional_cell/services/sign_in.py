"""Signing in: a person's home cell checks who they are, each workspace's home cell gives them a token.

    password or ticket at the person's home      -> a session, and one identity token for each linked
    workspace's home
    identity token at the workspace's home       -> an `xoxc` token of the user that this person is there

Invariants
    1. An unknown person, a wrong password and a person without one cost the same work and get the same
       answer.
    2. Attempts are counted by person, or by the digest of the address for unknown ones, before any work is
       done; those that fit are taken off again.
    3. An identity token is believed only from the cell that is the person's home, for this very cell.
    4. A token that a session is given names the session, and is none once the session has ended here.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from accord.clock import Clock
from accord.encoding import b64url
from accord.errors import (
    ForbiddenError,
    InvalidError,
    Moved,
    RateLimitedError,
    StaleEpochError,
    TokenInvalidError,
    TokenRevokedError,
    UnknownResidentError,
    UserInactiveError,
)
from accord.identity import normalise
from accord.ids import check_id
from regional_cell.domain.callers import SESSION_ROLE, named
from regional_cell.domain.commands import people
from regional_cell.domain.commands import tokens as token_commands
from regional_cell.domain.commands.people import SESSION_KIND, SESSION_LIFE_S, SIGNED_OUT, TOO_MANY
from regional_cell.domain.state import State
from regional_cell.ports.commits import Commits
from regional_cell.ports.directory import Routes
from regional_cell.ports.identity import Credentials, Hasher, Order, SessionEnds, SpentTickets, TokenMint
from regional_cell.ports.log import ResidentRecord

ATTEMPTS_MAX = 10
WINDOW_S = 300.0
# Longer than a ticket is accepted after its end, since clocks differ.
SPENT_KEPT_S = 300
COUNTED_MAX = 20_000
PASSWORD_CHARACTERS_MAX = 1024
DEVICE_CHARACTERS_MAX = 200
# A person whom there is not, looked up for addresses that lead to nobody.
NOBODY = "P" + "0" * 12
# What people may do themselves, they may do with the token of their session.
SESSION_SCOPES = ("client",)


@dataclass(frozen=True, slots=True)
class Door:
    """Where to go on: the workspace, the user there, its home cell, and the identity token for it."""

    workspace: str
    user: str
    cell: str
    identity: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person who proved who they are. `away`: workspaces whose home is not known at the moment; `orders`:
    ends of sessions that were too many.
    """

    person: str
    session: str
    doors: tuple[Door, ...]
    away: tuple[str, ...]
    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """A token for one workspace."""

    workspace: str
    name: str
    user: str
    token: str
    expires_s: int


class InvalidLoginError(ForbiddenError):
    """Whoever it was, it did not fit."""

    def __init__(self) -> None:
        super().__init__(api="invalid_login", needed="login")


class SignIn:
    """Doors for people.

    Args:
        moved: where a person lives, when the directory says that it is not here.
    """

    def __init__(
        self,
        commits: Commits,
        mint: TokenMint,
        routes: Routes,
        hasher: Hasher,
        spent: SpentTickets,
        sessions: SessionEnds,
        credentials: Credentials,
        clock: Clock,
        random: Callable[[int], bytes],
        moved: Callable[[str], Moved | None],
    ) -> None:
        self._commits, self._mint, self._routes, self._hasher = commits, mint, routes, hasher
        self._spent, self._clock, self._random, self._moved = spent, clock, random, moved
        self._sessions, self._credentials = sessions, credentials
        self._attempts: OrderedDict[str, list[float]] = OrderedDict()

    async def password(self, person: str, epoch: int, email: str, password: str, device: str) -> SignedIn:
        """Check a password. `person` is empty where the address led to nobody; `epoch` is what the edge
        believed.

        Raises:
            InvalidLoginError, RateLimitedError, InvalidError; StaleEpochError, UnknownResidentError
        """
        if len(password) > PASSWORD_CHARACTERS_MAX or len(email) > 320:
            raise InvalidError(field="password", why="too long")
        who = person or hashlib.sha256(email.strip().lower().encode()).hexdigest()
        self._count(who)
        # INVARIANT: one reading and one hash, whoever it is; nobody's state is loaded before it fits.
        held = await self._credentials.of(person or NOBODY)
        fits = await self._hasher.verify(held.password_hash or None, password)
        if person:
            self._require_home(person, epoch, held.record)
        if not fits or not _same_address(held.email, email):
            raise InvalidLoginError()
        if made := self._attempts.get(who):
            made.pop()
        return await self._signed_in(await self._commits.state(person), device)

    async def ticket(self, text: str, device: str) -> SignedIn:
        """Sign in with a link. Raises TokenInvalidError, TokenExpiredError, InvalidLoginError."""
        payload = self._mint.prove_ticket(text, "sign_in")
        person = str(payload.get("r") or "")
        state = await self._person(person)
        if state is None:
            raise InvalidLoginError()
        standing, until_s = payload.get("reusable") is True, int(str(payload["x"])) + SPENT_KEPT_S
        if not standing and not await self._spent.spend(str(payload.get("i")), until_s):
            raise TokenInvalidError(why="spent")
        return await self._signed_in(state, device)

    async def session(self, workspace: str, identity: str, device: str) -> Opened:
        """A token for the user that the person is in this workspace.

        Raises:
            TokenInvalidError, TokenExpiredError, UserInactiveError: no such active user. UnknownResidentError
        """
        claims = self._mint.prove_identity(identity)
        home, sessions = await self._routes.home_of(claims.resident), named(claims.roles, SESSION_ROLE)
        if home is None or home[0] != claims.via or claims.resident[0] != "P" or len(sessions) != 1:
            raise TokenInvalidError(why="not of a session, from the home of this person")
        await self._sessions.require_open(claims.resident, sessions[0])
        check_id(workspace, "T")
        state = await self._commits.state(workspace)
        user = _user_of(state, claims.resident)
        minted = self._mint.mint(
            SESSION_KIND,
            workspace,
            user=user,
            scopes=SESSION_SCOPES,
            life_s=SESSION_LIFE_S,
            session=sessions[0],
            device=device[:DEVICE_CHARACTERS_MAX],
        )
        await self._commits.commit(workspace, token_commands.issue((minted.record,)), principal=user)
        # Whoever ended the session meanwhile marked it first, or found this token.
        try:
            await self._sessions.require_open(claims.resident, sessions[0])
        except TokenRevokedError:
            revoke = token_commands.revoke(minted.record.id, SIGNED_OUT)
            await self._commits.commit(workspace, revoke, principal=user)
            raise
        row = state.row("workspaces")
        name = row["content"]["name"] if row is not None else ""
        return Opened(workspace, name, user, minted.text, minted.record.expires_s)

    # --- inside ----------------------------------------------------------------------------------------

    async def _person(self, person: str) -> State | None:
        """The person's state, or None where there is none in this cell."""
        if not person:
            return None
        try:
            return await self._commits.state(check_id(person, "P"))
        except (InvalidError, UnknownResidentError):
            return None

    def _require_home(self, person: str, epoch: int, record: ResidentRecord | None) -> None:
        """That the person is at home here. Raises UnknownResidentError, StaleEpochError."""
        moved = self._moved(person)
        if record is None and moved is None:
            raise UnknownResidentError(resident=person)
        if record is None or record.state != "open" or epoch != record.epoch:
            raise StaleEpochError(moved=moved, retry_after_ms=1_000)

    async def _signed_in(self, state: State, device: str) -> SignedIn:
        session = b64url(self._random(16))
        person = state.resident
        orders = await self._sessions.close(state, people.surplus(state), TOO_MANY)
        links = [(key[0], row["user"]) for key, row in state.rows["links"].items()]
        await self._commits.commit(person, people.open_session(session, device), principal=person)
        doors, away = [], []
        for workspace, user in links:
            home = await self._routes.home_of(workspace)
            if home is None:
                away.append(workspace)
            else:
                identity = self._mint.identity(person, home[0], [SESSION_ROLE + session])
                doors.append(Door(workspace, user, home[0], identity))
        return SignedIn(person, session, tuple(doors), tuple(away), tuple(orders))

    def _count(self, who: str) -> None:
        now_s = self._clock.monotonic_s()
        made = [at_s for at_s in self._attempts.pop(who, []) if now_s - at_s < WINDOW_S]
        if len(made) >= ATTEMPTS_MAX:
            self._attempts[who] = made
            raise RateLimitedError(retry_after_s=max(1, int(made[0] + WINDOW_S - now_s)))
        self._attempts[who] = [*made, now_s]
        while len(self._attempts) > COUNTED_MAX:
            self._attempts.popitem(last=False)


def _same_address(ours: str, said: str) -> bool:
    try:
        return normalise("email", ours) == normalise("email", said)
    except InvalidError:
        return False


def _user_of(state: State, person: str) -> str:
    for key, row in state.rows["users"].items():
        if row["person"] == person and not row["deleted"]:
            return str(key[0])
    raise UserInactiveError()
