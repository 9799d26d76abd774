"""Distance on one machine."""

import asyncio
import contextlib
import time

from accord.runtime.delay import HELD_BYTES_MAX, DelayLink


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


async def _server() -> tuple[asyncio.Server, int]:
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    return server, int(server.sockets[0].getsockname()[1])


async def test_a_round_trip_takes_the_time_that_was_asked_for() -> None:
    server, port = await _server()
    link = DelayLink("127.0.0.1", port, 120)
    reader, writer = await asyncio.open_connection(*await link.start())
    for _ in range(3):
        begun_s = time.monotonic()
        writer.write(b"there and back")
        assert await reader.readexactly(14) == b"there and back"
        assert 0.118 <= time.monotonic() - begun_s < 0.4
    await link.stop()
    server.close()


async def test_bytes_arrive_complete_and_in_order_and_the_end_is_passed_on() -> None:
    server, port = await _server()
    link = DelayLink("127.0.0.1", port, 20)
    reader, writer = await asyncio.open_connection(*await link.start())
    sent = b"".join(number.to_bytes(4, "big") for number in range(500_000))
    assert len(sent) < HELD_BYTES_MAX

    async def write() -> None:
        for at in range(0, len(sent), 100_001):
            writer.write(sent[at : at + 100_001])
            await writer.drain()
        writer.write_eof()

    writing = asyncio.ensure_future(write())
    assert await reader.read(-1) == sent
    await writing
    await link.stop()
    server.close()


async def test_a_target_that_is_not_there_cuts_the_connection() -> None:
    server, port = await _server()
    server.close()
    await server.wait_closed()
    link = DelayLink("127.0.0.1", port, 1)
    reader, _ = await asyncio.open_connection(*await link.start())
    with contextlib.suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), 5) == b""
    await link.stop()
