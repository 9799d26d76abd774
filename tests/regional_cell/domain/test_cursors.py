"""Cursors: they open for what they were made for, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import InvalidError
from regional_cell.domain.cursors import CursorKey

KEY = CursorKey(b"k" * 16)
lasts = st.integers(0, 2**53) | st.text(max_size=30) | st.lists(st.integers(0, 9), max_size=3)


@given(lasts, st.lists(st.text(max_size=9) | st.integers(0, 9) | st.none(), max_size=3))
def test_a_cursor_gives_back_its_key(last: object, bound: list[object]) -> None:
    assert KEY.read(KEY.make(last, *bound), *bound) == last


@given(lasts, st.integers(0, 200), st.integers(1, 63))
def test_a_changed_cursor_is_refused(last: object, place: int, shift: int) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    cursor = KEY.make(last, "list")
    place %= len(cursor)
    other = alphabet[(alphabet.index(cursor[place]) + shift) % 64]
    with pytest.raises(InvalidError) as caught:
        KEY.read(cursor[:place] + other + cursor[place + 1 :], "list")
    assert caught.value.api == "invalid_cursor"


def test_another_list_another_key_another_code() -> None:
    cursor = KEY.make(1, "list", "a")
    for key, bound in (
        (KEY, ("list", "b")),
        (KEY, ("list",)),
        (KEY, ("list", "a", None)),
        (CursorKey(b"x" * 16), ("list", "a")),
    ):
        with pytest.raises(InvalidError):
            key.read(cursor, *bound)


def test_a_short_key_makes_no_cursors() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        CursorKey(b"short")


def test_the_first_key_makes_cursors_and_all_take_them() -> None:
    first, second = b"1" * 16, b"2" * 16
    old = CursorKey(first).make(7, "list")
    both = CursorKey(second, first)
    assert both.read(old, "list") == 7
    assert CursorKey(second).read(both.make(8, "list"), "list") == 8
    both.replace([second])
    with pytest.raises(InvalidError):
        both.read(old, "list")
    with pytest.raises(ValueError, match="16 bytes"):
        both.replace([])
