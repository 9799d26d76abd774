"""Tokens, tickets and identity tokens."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.encoding import b64url, canonical_json, unb64url
from accord.errors import InvalidError, TokenExpiredError, TokenInvalidError
from accord.identity import (
    TICKET_LIFE_S_MAX,
    KeyRing,
    RingKey,
    SigningKey,
    mint,
    mint_identity,
    read_token,
    token_digest,
    token_prefix,
    verify_identity,
    verify_ticket,
    verify_token,
)

KEY = SigningKey.from_seed(bytes(range(32)))
FOREIGN = SigningKey.from_seed(bytes(32))
NOW_S = 1_700_000_000
DAY_S = 86_400
ENTRY = RingKey("de-fra", "*", KEY.key_id, KEY.public, NOW_S - 90 * DAY_S, NOW_S + 90 * DAY_S)
RING = KeyRing([ENTRY])
CLAIMS: dict[str, object] = {
    "i": "AAECAwQFBgcICQoLDA0ODw", "r": "T000000000001", "u": "U000000000001", "t": NOW_S,
}  # fmt: skip
TOKEN = mint(KEY, "xoxb-", CLAIMS)
GOLDEN_BODY = (
    b'{"i":"AAECAwQFBgcICQoLDA0ODw","k":"56475aa75463474c","r":"T000000000001",'
    b'"t":1700000000,"u":"U000000000001"}'
)


def test_the_bytes_of_a_token_are_fixed() -> None:
    body, signature = TOKEN.removeprefix("xoxb-").split(".")
    assert unb64url(body) == GOLDEN_BODY
    assert unb64url(signature) == KEY.sign_plain(b"colink/v1/xoxb\x00" + GOLDEN_BODY)
    assert token_digest(TOKEN).hex() == "7ce2347880f65dca49381c8185656e7ad59728557543ad78d07e954ac661a32e"


def test_the_bytes_of_a_ticket_are_fixed() -> None:
    ticket = mint(KEY, "rtm", {**CLAIMS, "x": NOW_S + 30, "edge": "eu-1", "tok": "x"}, ticket=True)
    assert token_digest(ticket).hex() == "4c8110a4c63c4e6d245a306c31e140a8e483bc7c3bc265e2ba01bf2609cf4019"


def test_a_proven_token_says_who_acts() -> None:
    claims = verify_token(TOKEN, RING, NOW_S)
    assert (claims.prefix, claims.cell, claims.resident, claims.user) == (
        "xoxb-", "de-fra", "T000000000001", "U000000000001",
    )  # fmt: skip
    assert claims.expires_s is None


def test_the_longest_prefix_wins() -> None:
    assert token_prefix("xoxe.xoxb-1") == "xoxe.xoxb-"
    assert token_prefix("xoxe-1") == "xoxe-"
    assert token_prefix("xoxz-1") is None


def test_a_signature_serves_one_purpose_only() -> None:
    with pytest.raises(TokenInvalidError):
        verify_token("xoxp-" + TOKEN.removeprefix("xoxb-"), RING, NOW_S)
    upload = mint(KEY, "upload", {**CLAIMS, "x": NOW_S + 30}, ticket=True)
    assert verify_ticket(upload, "upload", RING, NOW_S)["r"] == "T000000000001"
    for purpose in TICKET_LIFE_S_MAX.keys() - {"upload"}:
        with pytest.raises(TokenInvalidError):
            verify_ticket(upload, purpose, RING, NOW_S)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "withdrawn"},
        {"purposes": frozenset({"rtm"})},
        {"not_before_s": NOW_S + 61},
        {"not_after_s": NOW_S - 61},
        {"key_id": FOREIGN.key_id, "public": FOREIGN.public},
    ],
)
def test_a_key_that_may_not_sign_proves_nothing(change: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalidError):
        verify_token(TOKEN, KeyRing([dataclasses.replace(ENTRY, **change)]), NOW_S)


def test_a_retired_key_proves_what_it_signed() -> None:
    retired = dataclasses.replace(ENTRY, state="verify_only", not_after_s=NOW_S + 1)
    assert verify_token(TOKEN, KeyRing([retired]), NOW_S + 900 * DAY_S).resident == "T000000000001"


@given(st.integers(0, len(TOKEN) - 1), st.characters())
def test_what_is_read_without_proof_is_proven_but_for_its_signature(place: int, char: str) -> None:
    changed = TOKEN[:place] + char + TOKEN[place + 1 :]
    body, _, signature = changed.partition(".")
    try:
        claims = read_token(changed, RING, NOW_S)
    except TokenInvalidError:
        return
    if changed != TOKEN:
        assert len(unb64url(signature)) == 64
        with pytest.raises(TokenInvalidError):
            verify_token(changed, RING, NOW_S)
    signed = KEY.sign("xoxb", unb64url(body.removeprefix("xoxb-")))
    assert claims == verify_token(f"{body}.{b64url(signed)}", RING, NOW_S)


@pytest.mark.parametrize("change", [{"state": "withdrawn"}, {"not_after_s": NOW_S - 61}])
def test_nothing_is_read_of_a_key_that_may_not_sign(change: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalidError):
        read_token(TOKEN, KeyRing([dataclasses.replace(ENTRY, **change)]), NOW_S)


def test_an_empty_ring_proves_nothing() -> None:
    with pytest.raises(TokenInvalidError):
        verify_token(TOKEN, KeyRing(), NOW_S)


def test_a_ring_keeps_its_keys_when_the_new_set_is_faulty() -> None:
    ring = KeyRing([ENTRY])
    with pytest.raises(InvalidError):
        ring.replace([dataclasses.replace(ENTRY, public=FOREIGN.public)])
    with pytest.raises(InvalidError):
        ring.replace([ENTRY, ENTRY])
    assert (ring.find(KEY.key_id), ring.version) == (ENTRY, 1)


@pytest.mark.parametrize(("later_s", "proven"), [(60, True), (61, False)])
def test_time_is_kept_within_a_minute(later_s: int, proven: bool) -> None:
    rotating = mint(KEY, "xoxe.xoxb-", {**CLAIMS, "x": NOW_S})
    if proven:
        assert verify_token(rotating, RING, NOW_S + later_s).expires_s == NOW_S
        assert verify_token(TOKEN, RING, NOW_S - later_s).issued_s == NOW_S
    else:
        with pytest.raises(TokenExpiredError):
            verify_token(rotating, RING, NOW_S + later_s)
        with pytest.raises(TokenInvalidError):
            verify_token(TOKEN, RING, NOW_S - later_s)


@pytest.mark.parametrize(
    "change",
    [
        {"r": "P000000000001"}, {"r": 1}, {"u": "T000000000001"}, {"i": "AAAA"}, {"i": None}, {"t": "1"},
        {"t": True}, {"x": "never"}, {"extra": 1}, {"a": "U000000000001"}, {"u": None},
    ],
)  # fmt: skip
def test_a_signed_payload_with_wrong_fields_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalidError):
        verify_token(mint(KEY, "xoxb-", {**CLAIMS, **change}), RING, NOW_S)


def test_only_app_level_tokens_have_no_user() -> None:
    plain = {name: value for name, value in CLAIMS.items() if name != "u"}
    assert verify_token(mint(KEY, "xapp-", plain), RING, NOW_S).user is None
    for prefix, payload in (("xapp-", CLAIMS), ("xoxb-", plain)):
        with pytest.raises(TokenInvalidError):
            verify_token(mint(KEY, prefix, payload), RING, NOW_S)


def test_a_payload_in_another_form_is_refused_though_it_is_signed() -> None:
    body = json.dumps({**CLAIMS, "k": KEY.key_id}).encode()
    text = f"xoxb-{b64url(body)}.{b64url(KEY.sign('xoxb', body))}"
    with pytest.raises(TokenInvalidError):
        verify_token(text, RING, NOW_S)


@given(st.integers(0, len(TOKEN) - 1), st.characters())
def test_no_changed_token_is_proven(place: int, char: str) -> None:
    changed = TOKEN[:place] + char + TOKEN[place + 1 :]
    if changed != TOKEN:
        with pytest.raises(TokenInvalidError):
            verify_token(changed, RING, NOW_S)


@given(st.text(max_size=200) | st.text(alphabet="xopbe-.AQ_", max_size=60), st.binary(max_size=60))
def test_any_text_is_refused_with_a_declared_error(text: str, body: bytes) -> None:
    signed = f"{b64url(body)}.{b64url(KEY.sign('xoxb', body))}"
    for hostile in (text, "xoxb-" + text, "xoxb-" + signed, "xoxb-" + TOKEN * 10):
        with pytest.raises(TokenInvalidError) as refused:
            verify_token(hostile, RING, NOW_S)
        assert refused.value.metadata.keys() == {"why"}


@given(
    st.dictionaries(st.sampled_from("kirutxa"), st.none() | st.integers() | st.text(max_size=9), max_size=7)
)
def test_any_signed_payload_is_proven_or_refused_with_a_declared_error(payload: dict[str, Any]) -> None:
    try:
        text = mint(KEY, "xoxb-", payload)
    except (InvalidError, ValueError):
        return
    with pytest.raises(TokenInvalidError):
        verify_token(text, RING, NOW_S)


@pytest.mark.parametrize(("x", "error"), [(NOW_S - 61, TokenExpiredError), (NOW_S + 91, TokenInvalidError)])
def test_a_ticket_lives_no_longer_than_its_purpose_allows(x: int, error: type[Exception]) -> None:
    ticket = mint(KEY, "rtm", {"r": "T000000000001", "x": x}, ticket=True)
    with pytest.raises(error):
        verify_ticket(ticket, "rtm", RING, NOW_S)


def test_an_identity_token_serves_its_audience_and_nobody_else() -> None:
    text = _identity(via="de-fra")
    claims = verify_identity(text, RING, NOW_S, "directory")
    assert (claims.resident, claims.via) == ("P000000000001", "de-fra")
    assert claims.roles == {"owner", "officer:DE"}
    with pytest.raises(TokenInvalidError):
        verify_identity(text, RING, NOW_S, "us-iad")
    with pytest.raises(TokenExpiredError):
        verify_identity(text, RING, NOW_S + 361, "directory")


def test_a_cell_vouches_in_its_own_name_only() -> None:
    with pytest.raises(TokenInvalidError):
        verify_identity(_identity(via="us-iad"), RING, NOW_S, "directory")


def test_an_identity_token_of_more_than_five_minutes_is_refused() -> None:
    payload = {
        "r": "P000000000001",
        "aud": "directory",
        "roles": [],
        "via": "de-fra",
        "t": NOW_S - 60,
        "x": NOW_S + 299,
    }
    with pytest.raises(TokenInvalidError):
        verify_identity(mint(KEY, "identity", payload, ticket=True), RING, NOW_S, "directory")


def _identity(via: str) -> str:
    return mint_identity(
        KEY,
        resident="P000000000001",
        user=None,
        audience="directory",
        roles=["owner", "officer:DE"],
        via=via,
        issued_s=NOW_S,
    )


def test_a_key_does_not_show_its_secret() -> None:
    assert KEY.seed().hex() not in repr(KEY)
    assert SigningKey.from_seed(KEY.seed()).key_id == KEY.key_id


def test_a_token_over_one_kilobyte_is_not_minted() -> None:
    with pytest.raises(ValueError, match="1 KB"):
        mint(KEY, "xoxb-", {**CLAIMS, "a": "A" * 900})
    assert len(canonical_json(CLAIMS)) < 1024
