"""Who somebody is: passwords, callers, tokens, tickets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from accord.identity import IdentityClaims
from regional_cell.domain.callers import Caller
from regional_cell.domain.commands.tokens import Minted
from regional_cell.domain.state import State
from regional_cell.ports.log import ResidentRecord


class Hasher(Protocol):
    """Password hashes, argon2id, on a bounded pool."""

    async def hash(self, password: str) -> str:
        """An encoded hash with its own salt and parameters."""

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Whether it fits; None does the same work against a dummy and is False."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a password is held against: nothing where there is no such person."""

    record: ResidentRecord | None = None
    password_hash: str = ""
    email: str = ""


class Credentials(Protocol):
    """What people sign in with."""

    async def of(self, person: str) -> Held:
        """Read it, with the same statements for those who are known, unknown or without a password."""


class CallerProofs(Protocol):
    """Who opens a socket. Raises TokenInvalidError, TokenRevokedError, TokenExpiredError,
    UserInactiveError.
    """

    def prove_socket_ticket(self, text: str, edge: str) -> dict[str, str]:
        """Ticket id `i`, resident `r`, token `tok`, user `u`, expiry `x` (unix seconds) and `batched`; empty
        where it says nothing.
        """

    def caller_of_record(self, token_id: str, state: State) -> Caller:
        """The caller whose token has this record."""


class SpentTickets(Protocol):
    """Tickets that were used: each opens one thing once."""

    async def spend(self, ticket: str, until_s: int) -> bool:
        """Note a ticket's id until it expires; False when it was there already. Synced before it returns."""

    async def is_spent(self, ticket: str) -> bool:
        """Whether it is noted and not expired."""


@dataclass(frozen=True, slots=True)
class Order:
    """What an edge is asked to carry to the home of `resident`. `identity` is empty where that is unknown."""

    resident: str
    door: str
    identity: str


class SessionEnds(Protocol):
    """Ending sessions of people: `services.sessions.Sessions`."""

    async def require_open(self, person: str, session: str) -> None:
        """That a session has not ended here. TokenRevokedError."""

    async def close(self, person: State, sessions: Sequence[str], why: str) -> list[Order]:
        """End sessions here, and give the orders for other cells."""


class TokenMint(Protocol):
    """Makes and proves tokens and tickets with this cell's key and the ring. Does not wait."""

    def mint(
        self,
        kind: str,
        resident: str,
        *,
        user: str = "",
        person: str = "",
        app: str = "",
        scopes: tuple[str, ...] = (),
        life_s: int = 0,
        session: str = "",
        device: str = "",
    ) -> Minted:
        """A fresh token; its record must be committed before the text is handed out."""

    def ticket(self, purpose: str, resident: str, life_s: int, **more: object) -> str:
        """A ticket of the resident for one purpose."""

    def prove_ticket(self, text: str, purpose: str) -> dict[str, object]:
        """The payload of a ticket. Raises TokenInvalidError, TokenExpiredError."""

    def identity(self, person: str, audience: str, roles: Sequence[str] = ()) -> str:
        """An identity token of a person of this cell for another cell."""

    def identify(self, caller: Caller, audience: str, roles: Sequence[str] = ()) -> str:
        """An identity token of a caller of this cell's workspace for another cell."""

    def prove_identity(self, text: str) -> IdentityClaims:
        """An identity token made for this cell. Raises TokenInvalidError, TokenExpiredError."""
