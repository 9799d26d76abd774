"""Proves tokens and tickets offline with the key ring of the routes. Whether they still hold, the home cell
decides.

Invariants
    1. A kept proof is dropped when the ring changes, and its expiry is checked on every use.
    2. At most `kept_max` proofs are kept, refusals included; nothing of a token's text is.
    3. A ticket is proven by its signature, or because its very text came over the proven stream of the cell
       whose key it names, as the answer for its resident. The second way opens once.
"""

import orjson

from accord.clock import Clock
from accord.encoding import unb64url
from accord.errors import InvalidError, TokenExpiredError, TokenInvalidError
from accord.identity import (
    LEEWAY_S,
    TEXT_BYTES_MAX,
    TICKET_LIFE_S_MAX,
    TokenClaims,
    token_digest,
    verify_ticket,
    verify_token,
)
from accord.ids import check_id
from accord.signing import KeyRing

CARRIED_MAX = 20_000
SOCKET = "rtm"


class Tokens:
    """Proofs of tokens, kept by SHA-256 of their text.

    Args:
        edge: name of this edge: socket tickets must name it.
    """

    def __init__(self, ring: KeyRing, clock: Clock, edge: str, kept_max: int = 50_000) -> None:
        self._ring, self._clock, self._edge, self._kept_max = ring, clock, edge, kept_max
        self._kept: dict[bytes, TokenClaims | None] = {}
        self._carried: dict[str, tuple[str, int]] = {}
        self._version = ring.version

    def verify(self, text: str) -> TokenClaims:
        """The claims of an API token.

        Raises:
            TokenInvalidError, TokenExpiredError
        """
        self._forget_after_changes()
        digest = token_digest(text)
        now_s = self._clock.now_us() // 1_000_000
        if digest in self._kept:
            claims = self._kept[digest]
            if claims is None:
                raise TokenInvalidError()
            if claims.expires_s is not None and claims.expires_s + LEEWAY_S < now_s:
                raise TokenExpiredError()
            return claims
        try:
            claims = verify_token(text, self._ring, now_s)
        except TokenInvalidError as error:
            if error.metadata.get("why") != "time":
                self._keep(digest, None)
            raise
        self._keep(digest, claims)
        return claims

    def _keep(self, digest: bytes, claims: TokenClaims | None) -> None:
        while len(self._kept) >= self._kept_max:
            del self._kept[next(iter(self._kept))]
        self._kept[digest] = claims

    def _forget_after_changes(self) -> None:
        """Nothing that was proven by one ring of keys is proven by the next."""
        if self._version != self._ring.version:
            self._kept.clear()
            self._carried.clear()
            self._version = self._ring.version

    def carry(self, text: str, resident: str, cell: str) -> None:
        """Remember a socket ticket on its way to its client: `cell` has just made it for this resident, and
        said so over its own stream. One that is not plainly so is not remembered: its signature decides.
        """
        self._forget_after_changes()
        now_s = self._clock.now_us() // 1_000_000
        try:
            payload = orjson.loads(unb64url(text[:TEXT_BYTES_MAX].partition(".")[0]))
            key, expires_s = self._ring.find(payload["k"]), payload["x"]
            if (payload["r"], payload["edge"]) != (resident, self._edge) or type(expires_s) is not int:
                return
        except (InvalidError, ValueError, LookupError, TypeError):
            return
        if key is None or key.cell != cell or key.state == "withdrawn" or not key.may(SOCKET):
            return
        made_s = min(expires_s, now_s)
        if expires_s > now_s + TICKET_LIFE_S_MAX[SOCKET] or not key.not_before_s <= made_s <= key.not_after_s:
            return
        while len(self._carried) >= CARRIED_MAX:
            del self._carried[next(iter(self._carried))]
        self._carried[text] = (resident, expires_s)

    def socket_ticket(self, text: str) -> str:
        """The resident of a socket ticket made for this edge. Raises as `verify`."""
        self._forget_after_changes()
        now_s = self._clock.now_us() // 1_000_000
        resident, expires_s = self._carried.pop(text, ("", 0))
        if resident and now_s <= expires_s:
            return resident
        payload = verify_ticket(text, SOCKET, self._ring, now_s)
        if payload.get("edge") != self._edge:
            raise TokenInvalidError(why="made for another edge")
        return _resident(payload, "T", "E")

    def resident_of(self, text: str, purpose: str) -> str:
        """The resident of a ticket (`upload`, `sign_in`). Raises as `verify`."""
        payload = verify_ticket(text, purpose, self._ring, self._clock.now_us() // 1_000_000)
        return _resident(payload, "T", "E", "P")


def _resident(payload: dict[str, object], *kinds: str) -> str:
    try:
        return check_id(str(payload.get("r")), *kinds)
    except InvalidError:
        raise TokenInvalidError(why="resident") from None
