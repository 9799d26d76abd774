"""Rows in pieces: each once, in order, whatever fills them up."""

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from regional_cell.adapters.rows import LENGTHS, pieces, source


@given(st.integers(0, 1_400))
def test_a_statement_takes_every_row_once_in_order(count: int) -> None:
    rows = [(number + 1, None if number % 3 else "x") for number in range(count)]
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE kept (place INTEGER PRIMARY KEY, number INTEGER, word TEXT)")
    for length, values in pieces(rows):
        assert length in LENGTHS
        connection.execute(f"INSERT INTO kept (number, word) {source(2, length)}", values)
    assert connection.execute("SELECT number, word FROM kept ORDER BY place").fetchall() == rows
    connection.close()
