"""Tokens, tickets and identity tokens: what is signed, and how it is proven.

Text of a token: prefix + b64url(payload) + "." + b64url(signature); a ticket has no prefix. Keys, hand-over
records and blind indexes belong to the same vocabulary and may be taken from here too.

Invariants
    1. Nothing in a payload is believed before size, canonical form, key, key state and signature are proven;
       `read_token` leaves the signature to whoever knows the whole text by its digest.
    2. Verification is a pure function of (text, ring, time): callers may keep its result by `token_digest`,
       as long as they check `expires_s` again and drop what they kept when `ring.version` rises.
    3. Every refusal is TokenInvalidError or TokenExpiredError and repeats nothing of the text.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from accord.blind import blind_index, normalise
from accord.encoding import b64url, canonical_json, parse_canonical, unb64url
from accord.errors import InvalidError, TokenExpiredError, TokenInvalidError
from accord.handover import Handover, sign_handover, verify_handover
from accord.ids import check_id
from accord.signing import KeyRing, RingKey, SigningKey, key_id_of, later_state, verify_signature

__all__ = [
    "Handover",
    "IdentityClaims",
    "KeyRing",
    "RingKey",
    "SigningKey",
    "TokenClaims",
    "blind_index",
    "key_id_of",
    "later_state",
    "mint",
    "mint_identity",
    "new_token_id",
    "normalise",
    "read_token",
    "sign_handover",
    "token_digest",
    "token_prefix",
    "verify_handover",
    "verify_identity",
    "verify_signature",
    "verify_ticket",
    "verify_token",
]

TEXT_BYTES_MAX = 1024
LEEWAY_S = 60
IDENTITY_LIFE_S = 300

TOKEN_PREFIXES = ("xoxe.xoxp-", "xoxe.xoxb-", "xoxe-", "xoxp-", "xoxb-", "xoxc-", "xapp-")
"""Longest first, since some begin alike."""

TICKET_LIFE_S_MAX: Mapping[str, int] = {
    "identity": IDENTITY_LIFE_S,
    "rtm": 30,
    "app_socket": 30,
    "upload": 600,
    "response": 1_800,
    "sign_in": 90 * 86_400,
    "resume": 86_400,
}
"""Purpose to the longest life of its tickets. A link in mail is minted for 15 minutes; a standing `sign_in`
card may live longer."""

_TOKEN_FIELDS = {"k", "i", "r", "u", "a", "t", "x"}
_IDENTITY_FIELDS = {"k", "r", "u", "aud", "roles", "via", "t", "x"}


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a proven API token says. Whether it still holds, the home cell's row of `token_id` decides.

    Args:
        cell: whose key signed it; token_id: 16 random bytes, b64url.
        expires_s: unix seconds, or None: until revoked.
        payload: as signed.
    """

    prefix: str
    key_id: str
    cell: str
    token_id: str
    resident: str
    user: str | None
    app: str | None
    issued_s: int
    expires_s: int | None
    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class IdentityClaims:
    """What a proven identity token says: `user` of `resident` with `roles`, vouched for by the cell `via`."""

    resident: str
    user: str | None
    audience: str
    roles: frozenset[str]
    via: str
    key_id: str
    issued_s: int
    expires_s: int


def token_digest(text: str) -> bytes:
    """SHA-256 of the whole text: what the token's row holds, and the key of kept proofs."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def token_prefix(text: str) -> str | None:
    """The known prefix that the text begins with (`xoxb-`), or None."""
    return next((prefix for prefix in TOKEN_PREFIXES if text.startswith(prefix)), None)


def new_token_id(random: Callable[[int], bytes] = os.urandom) -> str:
    """16 random bytes, b64url."""
    return b64url(random(16))


def mint(key: SigningKey, prefix_or_purpose: str, payload: Mapping[str, object], ticket: bool = False) -> str:
    """Sign a token (a prefix of `TOKEN_PREFIXES`) or, with `ticket`, a ticket (a purpose).

    `k` is added to the payload. An unknown prefix or purpose, or a text over 1 KB, is a `ValueError`.
    """
    body = canonical_json({**payload, "k": key.key_id})
    if ticket:
        if prefix_or_purpose not in TICKET_LIFE_S_MAX:
            raise ValueError("unknown purpose of a ticket")
        purpose, head = prefix_or_purpose, ""
    else:
        if prefix_or_purpose not in TOKEN_PREFIXES:
            raise ValueError("unknown prefix of a token")
        purpose, head = prefix_or_purpose[:-1], prefix_or_purpose
    text = f"{head}{b64url(body)}.{b64url(key.sign(purpose, body))}"
    if len(text) > TEXT_BYTES_MAX:
        raise ValueError("a token has at most 1 KB")
    return text


def verify_token(text: str, ring: KeyRing, now_s: int, leeway_s: int = LEEWAY_S) -> TokenClaims:
    """Prove an API token offline.

    Raises:
        TokenInvalidError, TokenExpiredError
    """
    return _token(text, ring, now_s, leeway_s, signed=True)


def read_token(text: str, ring: KeyRing, now_s: int, leeway_s: int = LEEWAY_S) -> TokenClaims:
    """What an API token says, its signature NOT proven, all else as `verify_token` has it: for the home of
    its record, which refuses every text but the one whose digest it kept when the token was made.

    Raises:
        TokenInvalidError, TokenExpiredError
    """
    return _token(text, ring, now_s, leeway_s, signed=False)


def _token(text: str, ring: KeyRing, now_s: int, leeway_s: int, *, signed: bool) -> TokenClaims:
    prefix = token_prefix(text)
    if prefix is None:
        _refuse("unknown prefix")
    payload, key = _open(text[len(prefix) :], prefix[:-1], ring, now_s, leeway_s, signed=signed)
    app_level = prefix == "xapp-"
    if payload.keys() - _TOKEN_FIELDS or "t" not in payload or app_level != ("u" not in payload):
        _refuse("fields")
    token_id = _text(payload, "i")
    user, app = payload.get("u"), payload.get("a")
    try:
        if len(unb64url(token_id)) != 16:
            _refuse("token id")
        resident = check_id(_text(payload, "r"), "T", "E")
        user = check_id(_text(payload, "u"), "U") if "u" in payload else None
        app = check_id(_text(payload, "a"), "A") if "a" in payload else None
    except InvalidError:
        _refuse("ids")
    expires_s = _integer(payload, "x") if "x" in payload else None
    issued_s = _integer(payload, "t")
    if expires_s is not None and expires_s + leeway_s < now_s:
        raise TokenExpiredError()
    return TokenClaims(
        prefix, key.key_id, key.cell, token_id, resident, user, app, issued_s, expires_s, payload
    )


def verify_ticket(
    text: str, purpose: str, ring: KeyRing, now_s: int, leeway_s: int = LEEWAY_S
) -> dict[str, object]:
    """Prove a ticket for one purpose; its payload. That it is used once is the home cell's business.

    Raises:
        TokenInvalidError, TokenExpiredError
    """
    life_s = TICKET_LIFE_S_MAX.get(purpose)
    if life_s is None:
        raise ValueError("unknown purpose of a ticket")
    payload, _ = _open(text, purpose, ring, now_s, leeway_s)
    expires_s = _integer(payload, "x")
    if expires_s > now_s + life_s + leeway_s:
        _refuse("life")
    if expires_s + leeway_s < now_s:
        raise TokenExpiredError()
    return payload


def mint_identity(
    key: SigningKey,
    *,
    resident: str,
    user: str | None,
    audience: str,
    roles: Iterable[str],
    via: str,
    issued_s: int,
) -> str:
    """An identity token of 5 minutes for `audience` (a cell or plane), made by the cell `via`."""
    payload: dict[str, object] = {"r": resident, "aud": audience, "roles": sorted(set(roles)), "via": via}
    payload |= {"t": issued_s, "x": issued_s + IDENTITY_LIFE_S} | ({"u": user} if user else {})
    return mint(key, "identity", payload, ticket=True)


def verify_identity(
    text: str, ring: KeyRing, now_s: int, audience: str, leeway_s: int = LEEWAY_S
) -> IdentityClaims:
    """Prove an identity token made for `audience`, by a key of the very cell that it names.

    Raises:
        TokenInvalidError, TokenExpiredError
    """
    payload = verify_ticket(text, "identity", ring, now_s, leeway_s)
    key_id, via, roles = _text(payload, "k"), _text(payload, "via"), payload.get("roles")
    key = ring.find(key_id)
    issued_s, expires_s = _integer(payload, "t"), _integer(payload, "x")
    if key is None or key.cell != via or _text(payload, "aud") != audience:
        _refuse("made elsewhere, or for another")
    if payload.keys() - _IDENTITY_FIELDS or not 0 < expires_s - issued_s <= IDENTITY_LIFE_S:
        _refuse("fields")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        _refuse("fields")
    try:
        resident = check_id(_text(payload, "r"), "P", "T", "E")
        user = check_id(_text(payload, "u"), "U") if "u" in payload else None
    except InvalidError:
        _refuse("ids")
    return IdentityClaims(resident, user, audience, frozenset(roles), via, key_id, issued_s, expires_s)


def _open(
    text: str, purpose: str, ring: KeyRing, now_s: int, leeway_s: int, *, signed: bool = True
) -> tuple[dict[str, object], RingKey]:
    """Payload and key of `b64url.b64url`, proven but for the expiry; without `signed` also but for the
    signature.
    """
    if len(text) > TEXT_BYTES_MAX or text.count(".") != 1:
        _refuse("form")
    head, tail = text.split(".")
    try:
        body, signature = unb64url(head), unb64url(tail)
        payload = parse_canonical(body, TEXT_BYTES_MAX)
    except InvalidError:
        _refuse("form")
    if not isinstance(payload, dict):
        _refuse("form")
    key = ring.find(_text(payload, "k"))
    if key is None or key.state == "withdrawn" or not key.may(purpose):
        _refuse("key")
    if len(signature) != 64 or (signed and not verify_signature(key.public, purpose, body, signature)):
        _refuse("signature")
    # A ticket without a time of issue was made, at the latest, when it ends.
    made_s = _integer(payload, "t") if "t" in payload else min(_integer(payload, "x"), now_s)
    if made_s > now_s + leeway_s or not key.not_before_s - leeway_s <= made_s <= key.not_after_s + leeway_s:
        _refuse("time")
    return payload, key


def _text(payload: Mapping[str, object], field: str) -> str:
    value = payload.get(field)
    return value if isinstance(value, str) else _refuse("fields")


def _integer(payload: Mapping[str, object], field: str) -> int:
    value = payload.get(field)
    return value if isinstance(value, int) and not isinstance(value, bool) else _refuse("fields")


def _refuse(why: str) -> NoReturn:
    raise TokenInvalidError(why=why)
