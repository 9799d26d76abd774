"""Who somebody is: passwords, callers, tokens, tickets."""

from typing import Protocol

from accord.identity import IdentityClaims
from regional_cell.domain.callers import Caller
from regional_cell.domain.commands.tokens import Minted
from regional_cell.domain.state import State


class Hasher(Protocol):
    """Password hashes, argon2id, on a bounded pool."""

    async def hash(self, password: str) -> str:
        """An encoded hash with its own salt and parameters."""

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Whether it fits; None does the same work against a dummy and is False."""


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
        device: str = "",
    ) -> Minted:
        """A fresh token; its record must be committed before the text is handed out."""

    def ticket(self, purpose: str, resident: str, life_s: int, **more: object) -> str:
        """A ticket of the resident for one purpose."""

    def prove_ticket(self, text: str, purpose: str) -> dict[str, object]:
        """The payload of a ticket. Raises TokenInvalidError, TokenExpiredError."""

    def identity(self, person: str, audience: str) -> str:
        """An identity token of a person of this cell for another cell."""

    def prove_identity(self, text: str) -> IdentityClaims:
        """An identity token made for this cell. Raises TokenInvalidError, TokenExpiredError."""
