"""Timestamps: text and microseconds, without a float between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regional_cell.domain.timestamps import US_MAX, format_ts, parse_ts


@given(st.integers(0, US_MAX))
def test_every_time_survives_its_text(at_us: int) -> None:
    text = format_ts(at_us)
    assert len(text) == 17
    assert parse_ts(text) == at_us


@given(st.integers(0, US_MAX), st.integers(0, US_MAX))
def test_texts_sort_as_times(one_us: int, other_us: int) -> None:
    assert (format_ts(one_us) < format_ts(other_us)) == (one_us < other_us)


def test_lost_zeros_come_back() -> None:
    assert format_ts(parse_ts("1700000000.0001") or 0) == "1700000000.000100"
    assert parse_ts("1700000000") == 1_700_000_000_000_000


@pytest.mark.parametrize(
    "text", ["", ".", "1.", "a", "1.1234567", "12345678901.0", "-1.0", "1e5", "1,0", "١.٠", "1.0\n"]
)
def test_what_is_no_timestamp_is_none(text: str) -> None:
    assert parse_ts(text) is None
