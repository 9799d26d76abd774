"""Rows in pieces: each once, in order, and every piece with a text of its own length."""

from hypothesis import given
from hypothesis import strategies as st

from regional_cell.adapters.rows import LENGTHS, pieces, values


@given(st.integers(0, 700))
def test_pieces_hold_every_row_once_in_order(length: int) -> None:
    rows = list(range(length))
    assert [row for piece in pieces(rows) for row in piece] == rows
    assert {len(piece) for piece in pieces(rows)} <= set(LENGTHS)


def test_marks_stand_for_every_value() -> None:
    assert values(2, 3) == "VALUES (?, ?), (?, ?), (?, ?)"
