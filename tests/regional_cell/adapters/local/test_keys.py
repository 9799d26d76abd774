"""Data keys are wrapped for one resident under one id."""

import hashlib

import pytest

from accord.errors import KeyUnavailableError
from regional_cell.adapters.local.keys import CellKeys, cell_key_id
from regional_cell.adapters.local.resume import ResumeSealer
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


def test_the_first_key_wraps_and_all_unwrap() -> None:
    old = CellKeys(CELL_KEY).wrap(T1, "one", DATA_KEY)
    keys = CellKeys(b"n" * 32, CELL_KEY)
    assert keys.unwrap(T1, "one", old) == DATA_KEY
    assert keys.wrapped_under(T1, "one", old) == keys.key_ids[1] == cell_key_id(CELL_KEY)
    fresh = keys.wrap_again(T1, "one", old)
    assert fresh is not None
    assert CellKeys(b"n" * 32).unwrap(T1, "one", fresh) == DATA_KEY
    assert keys.wrap_again(T1, "one", fresh) is None
    for wrong in ([], [b"short"]):
        with pytest.raises(KeyUnavailableError):
            keys.replace(wrong)
    assert keys.unwrap(T1, "one", old) == DATA_KEY


def test_an_id_of_a_key_tells_keys_apart_and_nothing_of_them() -> None:
    assert cell_key_id(CELL_KEY) != cell_key_id(b"n" * 32)
    assert bytes.fromhex(cell_key_id(CELL_KEY)) not in CELL_KEY + hashlib.sha256(CELL_KEY).digest()


def test_marks_of_an_older_key_open_until_it_is_gone() -> None:
    mark = ResumeSealer(CELL_KEY).seal(b"here")
    both = ResumeSealer(b"n" * 32, CELL_KEY)
    assert both.open(mark) == b"here"
    assert ResumeSealer(b"n" * 32).open(both.seal(b"there")) == b"there"
    both.replace([b"n" * 32])
    assert both.open(mark) is None
