"""Emoji: the table of names is closed."""

from hypothesis import given
from hypothesis import strategies as st

from regional_cell.domain.emoji import is_emoji
from regional_cell.domain.emoji_names import PLAIN, TONED

NAMES = sorted(PLAIN | TONED)


def test_the_names_that_everybody_uses_are_there() -> None:
    for name in ("eyes", "tada", "thumbsup", "+1", "-1", "heart", "white_check_mark", "flag-de", "de"):
        assert is_emoji(name), name


def test_the_two_tables_share_no_name() -> None:
    assert not PLAIN & TONED


@given(st.sampled_from(NAMES), st.sampled_from("123456789"))
def test_a_tone_follows_names_that_take_one(name: str, tone: str) -> None:
    assert is_emoji(name)
    assert is_emoji(f"{name}::skin-tone-{tone}") == (name in TONED and tone in "23456")


@given(st.text(max_size=40))
def test_nothing_else_is_an_emoji(text: str) -> None:
    assert is_emoji(text) == (text in NAMES)
