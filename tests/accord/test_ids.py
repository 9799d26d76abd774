"""Ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import InvalidError
from accord.ids import ALPHABET, KINDS, USLACKBOT, check_id, kind_of, new_id, new_uuid


def test_the_bytes_of_an_id_are_fixed() -> None:
    assert new_id("T", lambda n: b"\x00" * n) == "T000000000000"
    assert new_id("Rm", lambda n: bytes(range(n))) == "Rm7G1A02C02800"


@given(st.sampled_from(sorted(KINDS)), st.binary(min_size=8, max_size=8))
def test_an_id_tells_its_kind(prefix: str, random: bytes) -> None:
    id = new_id(prefix, lambda n: random)
    assert kind_of(id) == prefix
    assert check_id(id, prefix) == id
    assert len(id) == len(prefix) + 12
    assert set(id[len(prefix) :]) <= set(ALPHABET)


@given(st.text(max_size=16))
def test_any_other_text_is_no_id_of_a_resident(text: str) -> None:
    if not (text[:1] in {"T", "E", "P"} and set(text[1:]) <= set(ALPHABET) and len(text) == 13):
        with pytest.raises(InvalidError) as refused:
            check_id(text, "T", "E", "P")
        assert refused.value.metadata == {"field": "id", "why": "not an id of kind T|E|P"}


@pytest.mark.parametrize(
    "text", ["", "T", "T00000000000I", "t000000000000", "T0000000000000", "Zz000000000000", "T٣00000000000"]
)
def test_near_misses_are_refused(text: str) -> None:
    assert kind_of(text) is None


def test_the_constants_are_ids() -> None:
    assert check_id(USLACKBOT, "U") == USLACKBOT
    assert kind_of("Rl01") == "Rl"


def test_an_unknown_prefix_is_never_drawn() -> None:
    with pytest.raises(ValueError, match="prefix"):
        new_id("X")


def test_ids_differ() -> None:
    assert len({new_id("C") for _ in range(1000)}) == 1000
    assert new_uuid(lambda n: b"\x00" * n) == "00000000-0000-4000-8000-000000000000"
