"""Tokens are proven offline; kept proofs end with the ring and with time."""

import pytest

from accord.clock import ManualClock
from accord.errors import TokenExpiredError, TokenInvalidError
from accord.identity import mint, new_token_id
from accord.ids import new_id
from accord.signing import KeyRing, RingKey, SigningKey
from edge.services.tokens import Tokens

KEY = SigningKey.generate()
NOW_S = 1_800_000_000


def ring_key(state: str = "active") -> RingKey:
    return RingKey(
        "de-fra", "*", KEY.key_id, KEY.public, 0, 2**40, "withdrawn" if state == "withdrawn" else "active"
    )


def token(**more: object) -> str:
    payload = {"i": new_token_id(), "r": new_id("T"), "u": new_id("U"), "t": NOW_S}
    return mint(KEY, "xoxb-", payload | more)


def test_a_kept_proof_expires() -> None:
    clock = ManualClock(NOW_S * 1_000_000)
    tokens = Tokens(KeyRing([ring_key()]), clock, "fra")
    text = token(x=NOW_S + 100)
    assert tokens.verify(text) is tokens.verify(text)
    clock.advance(161)
    with pytest.raises(TokenExpiredError):
        tokens.verify(text)


def test_a_withdrawn_key_ends_proofs_that_were_kept() -> None:
    ring = KeyRing([ring_key()])
    tokens = Tokens(ring, ManualClock(NOW_S * 1_000_000), "fra")
    text = token()
    tokens.verify(text)
    ring.replace([ring_key("withdrawn")])
    with pytest.raises(TokenInvalidError):
        tokens.verify(text)


def test_a_refusal_is_kept_only_until_the_ring_changes() -> None:
    ring = KeyRing()
    tokens = Tokens(ring, ManualClock(NOW_S * 1_000_000), "fra")
    text = token()
    for _ in range(2):
        with pytest.raises(TokenInvalidError):
            tokens.verify(text)
    ring.replace([ring_key()])
    assert tokens.verify(text).cell == "de-fra"


def test_a_token_from_the_near_future_is_refused_now_and_not_for_ever() -> None:
    clock = ManualClock(NOW_S * 1_000_000)
    tokens = Tokens(KeyRing([ring_key()]), clock, "fra")
    text = token(t=NOW_S + 100)
    with pytest.raises(TokenInvalidError):
        tokens.verify(text)
    clock.advance(41)
    assert tokens.verify(text).issued_s == NOW_S + 100


def test_what_is_kept_is_bounded() -> None:
    tokens = Tokens(KeyRing([ring_key()]), ManualClock(NOW_S * 1_000_000), "fra", kept_max=10)
    for _ in range(30):
        tokens.verify(token())
    assert len(tokens._kept) == 10
