"""Blind indexes."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import InvalidError
from accord.identity import blind_index, normalise

KEY = bytes(range(32))


def test_the_bytes_of_an_index_are_fixed() -> None:
    expected = hmac.new(KEY, b"email\x00ada@example.com", hashlib.sha256).digest()
    assert blind_index(KEY, "email", "  Ada@EXAMPLE.com ") == expected


@pytest.mark.parametrize(
    ("attribute", "value", "form"),
    [
        ("email", "Ａda@example.com", "ada@example.com"),
        # Upper case that composes only once it is lower case.
        ("email", "J\u030can@example.com", "\u01f0an@example.com"),
        ("phone", "0049 (30) 12-34.567", "+49301234567"),
        ("phone", "+49 30 1234567", "+49301234567"),
        ("slug", " Acme-EU ", "acme-eu"),
    ],
)
def test_spellings_of_one_name_are_one(attribute: str, value: str, form: str) -> None:
    assert normalise(attribute, value) == form


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("email", "ada"), ("email", "@x"), ("email", "a b@x"), ("email", "a@\x00x"),
     ("phone", "12345678"), ("phone", "+0123456789"),
     ("slug", "-a"), ("slug", "a_b"), ("slug", ""), ("name", "x"), ("email", "a" * 320 + "@x")],
)  # fmt: skip
def test_what_cannot_be_one_is_refused(attribute: str, value: str) -> None:
    with pytest.raises(InvalidError) as refused:
        normalise(attribute, value)
    assert value == "" or value not in str(refused.value.metadata.values())


@given(
    st.sampled_from(["email", "phone", "slug"]),
    st.text(max_size=40).map(lambda text: text + "@x") | st.text(max_size=20),
)
def test_normalising_twice_changes_nothing(attribute: str, value: str) -> None:
    try:
        form = normalise(attribute, value)
    except InvalidError:
        return
    assert normalise(attribute, form) == form


def test_attributes_do_not_share_indexes() -> None:
    assert blind_index(KEY, "slug", "acme") != blind_index(KEY[::-1], "slug", "acme")
    with pytest.raises(ValueError, match="32"):
        blind_index(b"short", "slug", "acme")
