"""Tokens are proven offline; kept proofs end with the ring and with time."""

import pytest

from accord.clock import ManualClock
from accord.errors import TokenExpiredError, TokenInvalidError
from accord.identity import mint, new_token_id
from accord.ids import new_id
from accord.signing import KeyRing, RingKey, SigningKey
from edge.services import tokens as services_tokens
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


def ticket(resident: str, edge: str = "fra", life_s: int = 30, key: SigningKey = KEY) -> str:
    payload = {"i": new_token_id(), "r": resident, "tok": "t", "edge": edge, "x": NOW_S + life_s}
    return mint(key, "rtm", payload, ticket=True)


def carrying() -> tuple[Tokens, ManualClock, KeyRing, str, list[str]]:
    """An edge that counts the signatures it has to look at."""
    ring, clock, looked_at = KeyRing([ring_key()]), ManualClock(NOW_S * 1_000_000), list[str]()
    tokens = Tokens(ring, clock, "fra")
    find = ring.find

    def found(key_id: str) -> RingKey | None:
        looked_at.append(key_id)
        return find(key_id)

    ring.find = found  # type: ignore[method-assign]
    return tokens, clock, ring, new_id("T"), looked_at


def test_a_ticket_that_came_from_its_home_opens_once_without_its_signature() -> None:
    tokens, _, _, resident, looked_at = carrying()
    text = ticket(resident)
    tokens.carry(text, resident, "de-fra")
    looked_at.clear()
    assert tokens.socket_ticket(text) == resident
    assert not looked_at
    assert tokens.socket_ticket(text) == resident
    assert looked_at


@pytest.mark.parametrize(
    ("text_for", "carried_for", "cell"),
    [("own", "other", "de-fra"), ("own", "own", "fr-par"), ("elsewhere", "own", "de-fra")],
    ids=["another resident's call", "another cell's word", "another edge's ticket"],
)
def test_what_did_not_plainly_come_from_its_home_is_proven_by_its_signature(
    text_for: str, carried_for: str, cell: str
) -> None:
    tokens, _, _, resident, looked_at = carrying()
    text = ticket(resident, edge="fra" if text_for == "own" else "par")
    tokens.carry(text, resident if carried_for == "own" else new_id("T"), cell)
    looked_at.clear()
    if text_for == "own":
        assert tokens.socket_ticket(text) == resident
    else:
        with pytest.raises(TokenInvalidError):
            tokens.socket_ticket(text)
    assert looked_at


def test_a_forged_ticket_is_not_believed_for_one_that_was_carried() -> None:
    tokens, _, _, resident, _ = carrying()
    text = ticket(resident)
    tokens.carry(text, resident, "de-fra")
    forged = ticket(resident, key=SigningKey.generate())
    head, signature = text.split(".")
    for other in (forged, f"{head}.{forged.split('.')[1]}", f"{signature}.{head}", "", "."):
        tokens.carry(other if other == forged else "", resident, "de-fra")
        with pytest.raises(TokenInvalidError):
            tokens.socket_ticket(other)


def test_a_carried_ticket_ends_with_the_ring_and_with_its_time() -> None:
    tokens, clock, _, resident, _ = carrying()
    late = ticket(resident)
    tokens.carry(late, resident, "de-fra")
    clock.advance(30 + 61)
    with pytest.raises(TokenExpiredError):
        tokens.socket_ticket(late)
    tokens, _, ring, resident, _ = carrying()
    withdrawn = ticket(resident)
    tokens.carry(withdrawn, resident, "de-fra")
    ring.replace([ring_key("withdrawn")])
    with pytest.raises(TokenInvalidError):
        tokens.socket_ticket(withdrawn)


def test_what_is_carried_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services_tokens, "CARRIED_MAX", 10)
    tokens, _, _, resident, _ = carrying()
    for _ in range(30):
        tokens.carry(ticket(resident), resident, "de-fra")
    assert len(tokens._carried) == 10
