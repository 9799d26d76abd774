"""Distance, made on one machine: a TCP forwarder that holds every byte back for half a round trip, each way.

For demonstrations and tests: it makes a cell elsewhere feel as far away as it would be.

Invariants
    1. Bytes arrive complete and in order, and none earlier than half a round trip after it was read.
    2. At most `HELD_BYTES_MAX` per direction are held; beyond that the sender is not read from.
    3. A side that ends its writing is ended on the other side after the same delay.
"""

import asyncio
from collections import deque

HELD_BYTES_MAX = 8 * 1024 * 1024
READ_BYTES = 256 * 1024


class DelayLink:
    """Listens on 127.0.0.1 and forwards to one target.

    Args:
        target_host, target_port: where bytes go.
        round_trip_ms: what is added to a round trip.
    """

    def __init__(self, target_host: str, target_port: int, round_trip_ms: float) -> None:
        if round_trip_ms < 0:
            raise ValueError("a round trip takes no negative time")
        self._target = target_host, target_port
        self._half_s = round_trip_ms / 2_000
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def start(self) -> tuple[str, int]:
        """Listen; the address to connect to instead of the target."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        return str(host), int(port)

    async def stop(self) -> None:
        """Stop listening and cut what runs."""
        if self._server is not None:
            self._server.close()
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        try:
            await asyncio.gather(_forward(reader, back, self._half_s), _forward(there, writer, self._half_s))
        except OSError:
            pass  # a side is gone: cut the other as well
        finally:
            for side in (writer, back):
                side.transport.abort()


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float) -> None:
    """Move bytes one way, each chunk `delay_s` after it came."""
    loop = asyncio.get_running_loop()
    held: deque[tuple[float, bytes]] = deque()
    held_bytes = 0
    came, left = asyncio.Event(), asyncio.Event()

    async def read() -> None:
        nonlocal held_bytes
        data = b"-"
        while data:
            data = await reader.read(READ_BYTES)
            held.append((loop.time() + delay_s, data))
            held_bytes += len(data)
            came.set()
            while held_bytes > HELD_BYTES_MAX:
                left.clear()
                await left.wait()

    async def write() -> None:
        nonlocal held_bytes
        while True:
            while not held:
                came.clear()
                await came.wait()
            due_s, data = held[0]
            if (wait_s := due_s - loop.time()) > 0:
                await asyncio.sleep(wait_s)
            held.popleft()
            held_bytes -= len(data)
            left.set()
            if not data:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()

    reading = asyncio.ensure_future(read())
    try:
        await write()
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
