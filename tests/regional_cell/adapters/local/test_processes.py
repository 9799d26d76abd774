"""What processes of a cell share: the doorbell and the lead. And the hasher's pool."""

import asyncio
import os
import socket
from pathlib import Path

from accord.runtime.passwords import Argon2Hasher
from regional_cell.adapters.local.doorbell import LocalDoorbell
from regional_cell.adapters.local.lead import Lead
from tests.regional_cell.stores import T1


async def until(heard: list[tuple[str, int]], count: int) -> None:
    """Wait for rings, not long."""
    async with asyncio.timeout(5):
        while len(heard) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_a_ring_is_heard_here_at_once_and_in_the_other_process(tmp_path: Path) -> None:
    one, two = LocalDoorbell(tmp_path, "one"), LocalDoorbell(tmp_path, "two")
    here: list[tuple[str, int]] = []
    there: list[tuple[str, int]] = []
    one.listen(lambda resident, head: here.append((resident, head)))
    two.listen(lambda resident, head: there.append((resident, head)))
    await one.open()
    await two.open()
    one.ring(T1, 5)
    assert here == [(T1, 5)]
    await until(there, 1)
    assert there == [(T1, 5)]
    one.close()
    two.close()
    assert os.listdir(tmp_path) == []


async def test_what_is_no_ring_is_ignored_and_a_broken_listener_harms_nobody(tmp_path: Path) -> None:
    bell = LocalDoorbell(tmp_path, "one")
    heard: list[tuple[str, int]] = []

    def broken(resident: str, head: int) -> None:
        raise ZeroDivisionError

    bell.listen(broken)
    bell.listen(lambda resident, head: heard.append((resident, head)))
    await bell.open()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stranger:
        for data in (
            b"",
            b"\xff\xfe",
            b"T1 5",
            f"{T1} x".encode(),
            f"{T1} -1".encode(),
            b"x" * 4000,
            f"{T1} 9".encode(),
        ):
            stranger.sendto(data, str(tmp_path / "one.bell"))
    await until(heard, 1)
    assert heard == [(T1, 9)]
    bell.close()


async def test_a_peer_that_died_is_forgotten(tmp_path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    dead.bind(str(tmp_path / "dead.bell"))
    dead.close()
    bell = LocalDoorbell(tmp_path, "one")
    await bell.open()
    bell.ring(T1, 1)
    assert not (tmp_path / "dead.bell").exists()
    bell.close()


async def test_one_leads_until_it_gives_back(tmp_path: Path) -> None:
    one, two = Lead(tmp_path, 0.01), Lead(tmp_path, 0.01)
    assert one.take()
    assert one.take()
    assert not two.take()
    waiting = asyncio.create_task(two.wait())
    await asyncio.sleep(0.05)
    assert not waiting.done()
    one.give_back()
    await asyncio.wait_for(waiting, 5)
    assert (one.held, two.held) == (False, True)
    two.give_back()


async def test_only_the_right_password_fits_and_nobody_has_none() -> None:
    hasher = Argon2Hasher(memory_mib=1, passes=1)
    encoded = await hasher.hash("correct horse")
    assert encoded.startswith("$argon2id$v=19$m=1024,t=1,")
    assert encoded != await hasher.hash("correct horse")
    assert await hasher.verify(encoded, "correct horse")
    assert not await hasher.verify(encoded, "wrong horse")
    assert not await hasher.verify(None, "nobody has this password")
    assert not await hasher.verify("no hash", "correct horse")
    hasher.close()
