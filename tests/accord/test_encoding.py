"""Canonical JSON and base64url."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.encoding import b64url, canonical_json, parse_canonical, unb64url
from accord.errors import InvalidError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LEAVES = st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | TEXT
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)


def test_the_bytes_are_fixed() -> None:
    value = {"b": [1, True, None], "a": "ü\n", "": -0, "Z": {}}
    assert canonical_json(value) == b'{"":0,"Z":{},"a":"\\u00fc\\n","b":[1,true,null]}'


@given(VALUES)
def test_what_is_encoded_is_read_back(value: Any) -> None:
    assert parse_canonical(canonical_json(value), 1 << 20) == value


@given(
    st.binary(max_size=60)
    | st.text(alphabet='{}[]":,0123456789.eE-+ truefalsn\\u', max_size=40).map(str.encode)
)
def test_bytes_either_have_one_form_or_are_refused(data: bytes) -> None:
    try:
        value = parse_canonical(data, 1 << 20)
    except InvalidError:
        return
    assert canonical_json(value) == data


@pytest.mark.parametrize(
    "data",
    [b"1.0", b"1e3", b"-0", b"01", b" 1", b'{"a":1,"a":2}', b'{"b":1,"a":2}', b'{"a": 1}',
     b'"\\u0041"', b'"\\ud800"',
     b"NaN", b"Infinity", "\"ü\"".encode(), b"9223372036854775808", b"1" * 5000,
     b"[" * 100_000, b"[" * 70 + b"]" * 70, b""],
)  # fmt: skip
def test_other_forms_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidError) as refused:
        parse_canonical(data, 1 << 20)
    assert refused.value.metadata["field"] == "json"


def test_what_is_too_long_is_refused_unread() -> None:
    with pytest.raises(InvalidError):
        parse_canonical(b"[" + b"1," * 100 + b"1]", 100)


@pytest.mark.parametrize("value", [1.5, {1: 2}, b"x", {"a": {1, 2}}, 2**63, "\ud800", {"\ud800": 1}])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(InvalidError):
        canonical_json(value)


@given(st.binary(max_size=100))
def test_base64url_round_trips(data: bytes) -> None:
    assert unb64url(b64url(data)) == data


@given(st.text(max_size=20))
def test_base64url_has_one_form(text: str) -> None:
    try:
        data = unb64url(text)
    except InvalidError:
        return
    assert b64url(data) == text


@pytest.mark.parametrize("text", ["AA==", "AB", "A", "A+", "A/", "AA\n", "ÄÄ"])
def test_stray_bits_and_other_alphabets_are_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        unb64url(text)
