"""Proves tokens and tickets offline with the key ring of the routes. Whether they still hold, the home cell
decides.

Invariants
    1. A kept proof is dropped when the ring changes, and its expiry is checked on every use.
    2. At most `kept_max` proofs are kept, refusals included; nothing of a token's text is.
"""

from accord.clock import Clock
from accord.errors import InvalidError, TokenExpiredError, TokenInvalidError
from accord.identity import LEEWAY_S, TokenClaims, token_digest, verify_ticket, verify_token
from accord.ids import check_id
from accord.signing import KeyRing


class Tokens:
    """Proofs of tokens, kept by SHA-256 of their text.

    Args:
        edge: name of this edge: socket tickets must name it.
    """

    def __init__(self, ring: KeyRing, clock: Clock, edge: str, kept_max: int = 50_000) -> None:
        self._ring, self._clock, self._edge, self._kept_max = ring, clock, edge, kept_max
        self._kept: dict[bytes, TokenClaims | None] = {}
        self._version = ring.version

    def verify(self, text: str) -> TokenClaims:
        """The claims of an API token.

        Raises:
            TokenInvalidError, TokenExpiredError
        """
        if self._version != self._ring.version:
            self._kept.clear()
            self._version = self._ring.version
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

    def socket_ticket(self, text: str) -> str:
        """The resident of a socket ticket made for this edge. Raises as `verify`."""
        payload = verify_ticket(text, "rtm", self._ring, self._clock.now_us() // 1_000_000)
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
