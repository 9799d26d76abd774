"""Data keys are wrapped for one resident under one id."""

import pytest

from accord.errors import KeyUnavailableError
from regional_cell.adapters.local.keys import CellKeys
from regional_cell.domain.errors import IntegrityError
from tests.regional_cell.stores import CELL_KEY, T1, T2

DATA_KEY = b"d" * 32


def test_a_wrapped_key_opens_at_its_place() -> None:
    wrapped = CellKeys(CELL_KEY).wrap(T1, "one", DATA_KEY)
    assert DATA_KEY not in wrapped
    assert CellKeys(CELL_KEY).unwrap(T1, "one", wrapped) == DATA_KEY


@pytest.mark.parametrize(
    ("key", "resident", "key_id"), [(b"x" * 32, T1, "one"), (CELL_KEY, T2, "one"), (CELL_KEY, T1, "two")]
)
def test_a_wrapped_key_opens_nowhere_else(key: bytes, resident: str, key_id: str) -> None:
    wrapped = CellKeys(CELL_KEY).wrap(T1, "one", DATA_KEY)
    with pytest.raises(IntegrityError):
        CellKeys(key).unwrap(resident, key_id, wrapped)


@pytest.mark.parametrize("wrapped", [b"", b"x" * 11, b"x" * 60])
def test_what_was_never_wrapped_does_not_open(wrapped: bytes) -> None:
    with pytest.raises(IntegrityError):
        CellKeys(CELL_KEY).unwrap(T1, "one", wrapped)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_cell_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(KeyUnavailableError):
        CellKeys(b"k" * length)
