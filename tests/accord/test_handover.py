"""Hand-over records."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.encoding import canonical_json
from accord.errors import InvalidError
from accord.identity import Handover, KeyRing, RingKey, SigningKey, sign_handover, verify_handover

FROM, TO, THIRD = (SigningKey.from_seed(bytes([n]) * 32) for n in range(3))
RING = KeyRing(
    RingKey(cell, "*", key.key_id, key.public, 0, 2**40)
    for cell, key in (("de-fra", FROM), ("us-iad", TO), ("jp-tyo", THIRD))
)
MOVE = Handover("T000000000001", "de-fra", "us-iad", 2, "00" * 32)
FIRST = Handover("T000000000001", "", "de-fra", 1, "")


def test_a_change_of_home_needs_both_cells() -> None:
    alone = sign_handover(FROM, MOVE)
    with pytest.raises(InvalidError):
        verify_handover(alone, RING)
    assert verify_handover(sign_handover(TO, MOVE, alone), RING) == MOVE


def test_the_first_home_signs_alone() -> None:
    assert verify_handover(sign_handover(FROM, FIRST), RING) == FIRST
    with pytest.raises(InvalidError):
        verify_handover(sign_handover(TO, FIRST), RING)


def test_a_third_cell_can_neither_stand_in_nor_join() -> None:
    with pytest.raises(InvalidError):
        verify_handover(sign_handover(THIRD, MOVE, sign_handover(FROM, MOVE)), RING)
    with pytest.raises(InvalidError):
        verify_handover(sign_handover(THIRD, MOVE, sign_handover(TO, MOVE, sign_handover(FROM, MOVE))), RING)


def test_a_signature_is_not_added_to_another_record() -> None:
    other = Handover("T000000000001", "de-fra", "us-iad", 3, "00" * 32)
    with pytest.raises(InvalidError):
        sign_handover(TO, other, sign_handover(FROM, MOVE))


@pytest.mark.parametrize(
    "change", [{"epoch": 3}, {"resident": "T000000000002"}, {"to": "jp-tyo"}, {"root": ""}]
)
def test_a_changed_record_is_refused(change: dict[str, object]) -> None:
    record = json.loads(sign_handover(TO, MOVE, sign_handover(FROM, MOVE)))
    with pytest.raises(InvalidError):
        verify_handover(canonical_json(record | change), RING)


@given(
    st.binary(max_size=80)
    | st.dictionaries(st.sampled_from(["from", "to", "epoch"]), st.integers(0, 9)).map(canonical_json)
)
def test_any_bytes_are_refused_with_a_declared_error(data: bytes) -> None:
    with pytest.raises(InvalidError):
        verify_handover(data, RING)
