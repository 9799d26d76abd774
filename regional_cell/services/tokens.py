"""Tokens: proving that a text still opens something here, minting and revoking.

Invariants
    1. A text opens something if the record in the resident's log at its head holds the digest of all of it,
       is active, and its user is active, a guest also within the stay: looked up on every call. That digest
       is of the very text that was made, signature included, so nothing is left for the signature to prove.
    2. Scopes and roles come from the record and the user's row, never from the text.
    3. What was read under one ring of keys is read again under the next: a key that was withdrawn opens
       nothing. Expiry is checked on every use. A ticket that was made here is known by its very text.
    4. What is minted is signed with a key that the ring holds as active, or not minted: KeyUnavailableError.
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from accord.clock import Clock
from accord.errors import TokenExpiredError, TokenInvalidError, TokenRevokedError, UserInactiveError
from accord.identity import (
    LEEWAY_S,
    IdentityClaims,
    KeyRing,
    TokenClaims,
    mint,
    mint_identity,
    new_token_id,
    read_token,
    token_digest,
    verify_identity,
    verify_ticket,
)
from accord.signing import SigningKeys
from regional_cell.domain.callers import PERSON_ROLE, Caller
from regional_cell.domain.commands import tokens as commands
from regional_cell.domain.commands.tokens import Minted, TokenRecord
from regional_cell.domain.state import State
from regional_cell.domain.views.tokens import ACTIVE
from regional_cell.ports.commits import Commits

RTM_LIFE_S = 30
# Tickets are spent where they were made, by clocks that hardly differ.
SOCKET_LEEWAY_S = 2
KEPT_MAX = 50_000
MADE_MAX = 20_000
TICKET_FIELDS = ("i", "r", "tok", "u", "edge", "x", "batched")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a text says, and its digest, by which the record proves it."""

    claims: TokenClaims
    digest: bytes


class Tokens:
    """Tokens of the residents of this cell.

    Args:
        ring: public keys of all cells, as the directory spreads them.
        keys: this cell's signing keys; cell: its name.
        random: gives n random bytes.
    """

    def __init__(
        self,
        commits: Commits,
        ring: KeyRing,
        keys: SigningKeys,
        cell: str,
        clock: Clock,
        random: Callable[[int], bytes],
    ) -> None:
        self._commits = commits
        self._cell = cell
        self._ring = ring
        self._keys = keys
        self._clock = clock
        self._random = random
        self._kept: dict[bytes, Shown] = {}
        self._made: dict[str, dict[str, object]] = {}
        self._version = ring.version

    # --- proving ---------------------------------------------------------------------------------

    def read(self, text: str) -> Shown:
        """Form, key and times; asks nobody and proves nothing. Raises TokenInvalidError,
        TokenExpiredError.
        """
        self._forget_after_changes()
        digest = token_digest(text)
        now_s = self._now_s()
        shown = self._kept.get(digest)
        if shown is None:
            shown = Shown(read_token(text, self._ring, now_s), digest)
            while len(self._kept) >= KEPT_MAX:
                del self._kept[next(iter(self._kept))]
            self._kept[digest] = shown
        expires_s = shown.claims.expires_s
        if expires_s is not None and expires_s + LEEWAY_S < now_s:
            raise TokenExpiredError()
        return shown

    def _forget_after_changes(self) -> None:
        """Nothing that was read under one ring of keys stands under the next."""
        if self._version != self._ring.version:
            self._kept.clear()
            self._made.clear()
            self._version = self._ring.version

    async def caller(self, text: str) -> Caller:
        """Who shows this token, at the head of the resident's log.

        Raises:
            TokenInvalidError, TokenRevokedError, TokenExpiredError, UserInactiveError, UnknownResidentError
        """
        shown = self.read(text)
        return self.caller_at(shown, await self._commits.state(shown.claims.resident))

    def caller_at(self, shown: Shown, state: State) -> Caller:
        """As `caller`, against a state that is at hand. Does not wait."""
        claims = shown.claims
        row = state.row("tokens", claims.token_id) if "tokens" in state.rows else None
        if (
            row is None
            or state.resident != claims.resident
            or not hmac.compare_digest(row["sha256"], shown.digest)
        ):
            raise TokenInvalidError(why="no record")
        if row["state"] != ACTIVE:
            raise TokenRevokedError()
        if row["expires_s"] and row["expires_s"] < self._now_s():
            raise TokenExpiredError()
        return self._caller(claims.token_id, state)

    def caller_of_record(self, token_id: str, state: State) -> Caller:
        """Who a record stands for, when its text was proven before (an open socket). Raises as `caller`."""
        row = state.row("tokens", token_id) if "tokens" in state.rows else None
        if row is None:
            raise TokenInvalidError(why="no record")
        if row["state"] != ACTIVE:
            raise TokenRevokedError()
        if row["expires_s"] and row["expires_s"] < self._now_s():
            raise TokenExpiredError()
        return self._caller(token_id, state)

    def _caller(self, token_id: str, state: State) -> Caller:
        token = state.rows["tokens"][(token_id,)]
        user_id, app = token["user"] or "", token["app"] or ""
        person = role = bot = ""
        if state.kind == "E":
            person = token["person"] or ""
            roles = [key[1] for key in state.rows["roles"] if key[0] == person]
            role = min(roles, default="member")
        elif user_id:
            user = state.row("users", user_id) if "users" in state.rows else None
            if user is None or user["deleted"] or (user["due_s"] and user["due_s"] <= self._now_s()):
                raise UserInactiveError()
            person, role, bot = user["person"] or "", user["role"], user["bot"] or ""
        elif not app or (row := state.row("apps", app)) is None or row["deleted"]:
            raise UserInactiveError()
        scopes = _scopes(token["scopes"] or "")
        return Caller(state.resident, token_id, token["kind"], user_id, app, bot, person, role, scopes)

    # --- minting ---------------------------------------------------------------------------------

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
        """A token that nothing knows of yet: its record must be committed before the text is handed out."""
        now_s = self._now_s()
        token_id = new_token_id(self._random)
        payload: dict[str, object] = {"i": token_id, "r": resident, "t": now_s}
        payload |= ({"u": user} if user else {}) | ({"a": app} if app else {})
        text = mint(self._keys.current(), f"{kind}-", payload)
        expires_s = now_s + life_s if life_s else 0
        digest = token_digest(text).hex()
        record = TokenRecord(
            token_id, digest, kind, user, person, app, scopes, expires_s, session, device
        )  # fmt: skip
        return Minted(text, record)

    async def issue(self, resident: str, minted: list[Minted], principal: str) -> list[str]:
        """Commit the records; the texts, in order. Raises as `commands.tokens.issue` and `Commits.commit`."""
        decide = commands.issue(each.record for each in minted)
        await self._commits.commit(resident, decide, principal=principal)
        return [each.text for each in minted]

    async def revoke(
        self, resident: str, token_id: str, why: str, principal: str, epoch: int | None = None
    ) -> None:
        """Take a token back; from the next call on it opens nothing, and its sockets close. NotFoundError."""
        decide = commands.revoke(token_id, why)
        await self._commits.commit(resident, decide, principal=principal, epoch=epoch)

    # --- tickets ---------------------------------------------------------------------------------

    def socket_ticket(self, caller: Caller, edge: str, *, batched: bool = False) -> str:
        """A ticket that opens one socket of this caller at this edge within 30 s. `batched`: see
        `ports.LiveSocket`.
        """
        payload: dict[str, object] = {
            "i": new_token_id(self._random),
            "r": caller.resident,
            "tok": caller.token_id,
        }
        payload |= {"edge": edge, "x": self._now_s() + RTM_LIFE_S}
        payload |= ({"u": caller.user} if caller.user else {}) | ({"batched": True} if batched else {})
        text = mint(self._keys.current(), "rtm", payload, ticket=True)
        while len(self._made) >= MADE_MAX:
            del self._made[next(iter(self._made))]
        self._made[text] = payload
        return text

    def ticket(self, purpose: str, resident: str, life_s: int, **more: object) -> str:
        """A ticket of the resident for one purpose; `more` are members of its payload."""
        payload = {"i": new_token_id(self._random), "r": resident, "x": self._now_s() + life_s, **more}
        return mint(self._keys.current(), purpose, payload, ticket=True)

    def prove_ticket(self, text: str, purpose: str) -> dict[str, object]:
        """The payload of a ticket. Raises TokenInvalidError, TokenExpiredError."""
        return verify_ticket(text, purpose, self._ring, self._now_s())

    def identity(self, person: str, audience: str, roles: Sequence[str] = ()) -> str:
        """An identity token of a person of this cell for another cell, good for 5 minutes."""
        return mint_identity(
            self._keys.current(),
            resident=person,
            user=None,
            audience=audience,
            roles=roles,
            via=self._cell,
            issued_s=self._now_s(),
        )

    def identify(self, caller: Caller, audience: str, roles: Sequence[str] = ()) -> str:
        """An identity token of a caller of this cell's workspace for another cell; names the person behind
        it.
        """
        named = (PERSON_ROLE + caller.person,) if caller.person else ()
        return mint_identity(
            self._keys.current(),
            resident=caller.resident,
            user=caller.user or None,
            audience=audience,
            roles=(caller.role, *named, *roles),
            via=self._cell,
            issued_s=self._now_s(),
        )

    def prove_identity(self, text: str) -> IdentityClaims:
        """An identity token made for this cell. Raises TokenInvalidError, TokenExpiredError."""
        return verify_identity(text, self._ring, self._now_s(), self._cell)

    def prove_socket_ticket(self, text: str, edge: str) -> dict[str, str]:
        """(i, r, tok, u) of a ticket for this edge, `x` and `batched`. Raises TokenInvalidError,
        TokenExpiredError.
        """
        self._forget_after_changes()
        payload = self._made.pop(text, None)
        if payload is None or self._now_s() > int(str(payload["x"])):
            payload = verify_ticket(text, "rtm", self._ring, self._now_s(), SOCKET_LEEWAY_S)
        fields = {name: str(payload.get(name) or "") for name in TICKET_FIELDS}
        if fields["edge"] != edge or not fields["i"] or not fields["tok"]:
            raise TokenInvalidError(why="made for another edge")
        return fields

    def _now_s(self) -> int:
        return self._clock.now_us() // 1_000_000


@lru_cache(maxsize=10_000)
def _scopes(text: str) -> frozenset[str]:
    """Scopes as a record has them. Few sets of them are in use, and each call needs one."""
    return frozenset(filter(None, text.split(",")))
