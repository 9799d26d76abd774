"""Sockets in folders with short and long paths."""

import socket
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from accord.runtime.socket_folder import ADDRESS_BYTES_MAX, SocketFolder


def long(folder: Path) -> Path:
    """A folder below whose own path is as long as a socket's may be."""
    made = folder / ("d" * ADDRESS_BYTES_MAX)
    made.mkdir()
    return made


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse long addresses")
def test_a_socket_in_a_long_folder_is_reached_by_its_own_name(tmp_path: Path) -> None:
    folder = long(tmp_path)
    with ExitStack() as stack:
        here, there = (stack.enter_context(closing(SocketFolder(folder))) for _ in range(2))
        one, two = (stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2))
        one.bind(here.address("one"))
        one.listen()
        assert [path.name for path in folder.iterdir()] == ["one"]
        two.connect(there.address("one"))


def test_a_short_path_is_its_own_address(tmp_path: Path) -> None:
    at_most = ADDRESS_BYTES_MAX - len(str(tmp_path)) - 1
    assert SocketFolder(tmp_path).address("n" * at_most) == str(tmp_path / ("n" * at_most))


def test_where_there_is_no_other_way_the_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    folder = long(tmp_path)
    with pytest.raises(OSError, match="bytes for a socket") as refused:
        SocketFolder(folder).address("one")
    assert refused.value.filename == str(folder / "one")
