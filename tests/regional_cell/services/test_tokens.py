"""Tickets that this process made are known by their very text, and by nothing else."""

import os
from typing import Any, cast

import pytest

import regional_cell.services.tokens as module
from accord.clock import ManualClock
from accord.errors import ColinkError, TokenExpiredError, TokenInvalidError
from accord.identity import verify_ticket
from accord.signing import KeyRing, RingKey, SigningKey, SigningKeys
from regional_cell.domain.callers import Caller
from regional_cell.ports.commits import Commits
from regional_cell.services.tokens import Tokens

KEY = SigningKey.from_seed(b"s" * 32)
WHO = Caller(
    "T000000000001", "AAAAAAAAAAAAAAAAAAAAAA", "xoxp", "U000000000001", "", "", "", "member", frozenset()
)


def ring_key(state: str = "active") -> RingKey:
    return RingKey("de-fra", "*", KEY.key_id, KEY.public, 0, 2**40, cast(Any, state))


class Desk:
    """Tokens of a cell, and how many signatures they verified."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock, self.ring, self.verified = ManualClock(), KeyRing([ring_key()]), 0
        self.keys = SigningKeys([KEY], self.ring, lambda: self.clock.now_us() // 1_000_000)
        self.tokens = Tokens(cast(Commits, None), self.ring, self.keys, "de-fra", self.clock, os.urandom)
        genuine = verify_ticket

        def counted(*asked: Any) -> dict[str, object]:
            self.verified += 1
            return genuine(*asked)

        monkeypatch.setattr(module, "verify_ticket", counted)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(monkeypatch)


def test_a_ticket_made_here_needs_no_second_signature(desk: Desk) -> None:
    text = desk.tokens.socket_ticket(WHO, "fra")
    known = desk.tokens.prove_socket_ticket(text, "fra")
    assert (known["r"], known["tok"], known["u"], desk.verified) == (WHO.resident, WHO.token_id, WHO.user, 0)
    # That it opens one socket once is for who spends it; here it is proven again, to the same end.
    assert desk.tokens.prove_socket_ticket(text, "fra") == known
    assert desk.verified == 1


@pytest.mark.parametrize("change", ["another edge", "one character", "later", "withdrawn key"])
def test_a_known_ticket_opens_no_more_than_a_proven_one(desk: Desk, change: str) -> None:
    text, edge = desk.tokens.socket_ticket(WHO, "fra"), "fra"
    expected: type[ColinkError] = TokenInvalidError
    if change == "another edge":
        edge = "ber"
    elif change == "one character":
        text = text[:-4] + ("AAAA" if not text.endswith("AAAA") else "BBBB")
    elif change == "later":
        desk.clock.advance(60)
        expected = TokenExpiredError
    else:
        desk.ring.replace([ring_key("withdrawn")])
    with pytest.raises(expected):
        desk.tokens.prove_socket_ticket(text, edge)


def test_what_is_known_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MADE_MAX", 10)
    texts = [desk.tokens.socket_ticket(WHO, "fra") for _ in range(30)]
    for text in texts:
        desk.tokens.prove_socket_ticket(text, "fra")
    assert desk.verified == 20
