"""The intercom over sockets: processes come and go, and nobody waits for one that does not listen."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest

from accord.runtime.socket_folder import ADDRESS_BYTES_MAX
from regional_cell.adapters.local import intercom as module
from regional_cell.adapters.local.doorbell import LocalDoorbell
from regional_cell.adapters.local.intercom import LocalIntercom
from tests.contracts.test_intercom import recorded, until
from tests.regional_cell.stores import T1


async def opened(folder: Path, name: str) -> LocalIntercom:
    made = LocalIntercom(folder, name)
    await made.open()
    return made


async def test_who_is_alone_tells_nobody_and_leaves_nothing(tmp_path: Path) -> None:
    one = await opened(tmp_path, "one")
    assert one.alone
    one.tell("a", b"x")
    assert os.stat(tmp_path / "one.talk").st_mode & 0o777 == 0o600
    await one.close()
    await one.close()
    assert one.alone
    one.tell("a", b"x")
    assert os.listdir(tmp_path) == []


async def test_a_process_that_comes_again_hears_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PEERS_KEPT_S", 0.0)
    one = await opened(tmp_path, "one")
    for turn in range(3):
        two = await opened(tmp_path, "two")
        heard = recorded(two, "a")
        async with asyncio.timeout(10):
            while not heard:
                one.tell("a", b"%d" % turn)
                await asyncio.sleep(0.01)
        assert heard[0] == ("a", b"%d" % turn)
        await two.close()
    await one.close()


async def test_a_process_that_died_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PEERS_KEPT_S", 0.0)
    one = await opened(tmp_path, "one")
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    dead.bind(str(tmp_path / "dead.talk"))
    dead.close()
    assert not one.alone
    one.tell("a", b"x")
    async with asyncio.timeout(10):
        while not one.alone:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert os.listdir(tmp_path) == ["one.talk"]
    await one.close()


async def test_a_process_that_does_not_read_costs_a_bounded_number_of_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAITING_BYTES_MAX", 100_000)
    one, two = await opened(tmp_path, "one"), await opened(tmp_path, "two")
    heard = recorded(two, "a")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stuck:
        stuck.bind(str(tmp_path / "stuck.talk"))
        stuck.listen()
        for number in range(100):
            one.tell("a", bytes([number]) * 50_000)
            await asyncio.sleep(0.001)
        await until(heard, 1)
        assert sum(len(peer._waiting) for peer in one._peers.values()) <= 100_000
        writers = [peer._writer for peer in one._peers.values() if peer._writer is not None]
        assert all(writer.transport.get_write_buffer_size() <= 100_000 for writer in writers)
        assert all(body == body[:1] * 50_000 for _, body in heard)
    await one.close()
    await two.close()


@pytest.mark.parametrize(
    "data",
    [b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x00\x00", b"\x00\x00\x00\x05\x01ax", b"GET / HTTP/1.1\r\n"],
)
async def test_what_is_no_word_ends_its_connection_alone(tmp_path: Path, data: bytes) -> None:
    one, two = await opened(tmp_path, "one"), await opened(tmp_path, "two")
    heard = recorded(one, "a")
    reader, writer = await asyncio.open_unix_connection(tmp_path / "one.talk")
    writer.write(data)
    writer.write_eof()
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    writer.close()
    assert heard == []
    two.tell("a", b"after")
    await until(heard, 1)
    await one.close()
    await two.close()


async def test_a_word_beyond_the_bound_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WORD_BYTES_MAX", 1_000)
    one, two = await opened(tmp_path, "one"), await opened(tmp_path, "two")
    heard = recorded(two, "a")
    one.tell("a", b"x" * 1_000)
    one.tell("a", b"y" * 900)
    await until(heard, 1)
    assert heard == [("a", b"y" * 900)]
    await one.close()
    await two.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse long addresses")
async def test_processes_hear_each_other_in_a_folder_with_a_long_path(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * ADDRESS_BYTES_MAX)
    one, two = await opened(folder, "one"), await opened(folder, "two")
    bells = [LocalDoorbell(folder, name) for name in ("one", "two")]
    for bell in bells:
        await bell.open()
    heard = recorded(two, "a")
    rung: list[tuple[str, int]] = []
    bells[1].listen(lambda resident, head: rung.append((resident, head)))
    one.tell("a", b"x")
    bells[0].ring(T1, 7)
    await until(heard, 1)
    await until(rung, 1)
    assert (heard, rung) == ([("a", b"x")], [(T1, 7)])
    for bell in bells:
        bell.close()
    await one.close()
    await two.close()
    assert os.listdir(folder) == []
