"""A cell without its key does not start."""

from pathlib import Path

import pytest

from accord.errors import ConflictError, KeyUnavailableError
from regional_cell.adapters.local import keys


def test_a_missing_key_is_refused_and_not_made_up(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailableError):
        keys.load(tmp_path / "keys")
    assert not (tmp_path / "keys").exists()


def test_a_created_key_is_its_owner_s_alone_and_loads(tmp_path: Path) -> None:
    keys.create(tmp_path / "keys")
    path = tmp_path / "keys" / keys.FILE_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    wrapped = keys.load(tmp_path / "keys").wrap("T1", "k", b"d" * 32)
    assert keys.load(tmp_path / "keys").unwrap("T1", "k", wrapped) == b"d" * 32


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    keys.create(tmp_path)
    before = (tmp_path / keys.FILE_NAME).read_bytes()
    with pytest.raises(ConflictError):
        keys.create(tmp_path)
    assert (tmp_path / keys.FILE_NAME).read_bytes() == before


@pytest.mark.parametrize("text", ["", "zz", "00" * 16, "00" * 33])
def test_a_malformed_key_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / keys.FILE_NAME
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(KeyUnavailableError):
        keys.load(tmp_path)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    keys.create(tmp_path)
    (tmp_path / keys.FILE_NAME).chmod(0o640)
    with pytest.raises(KeyUnavailableError, match="others"):
        keys.load(tmp_path)
