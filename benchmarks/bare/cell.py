"""The bare cell: `python -m benchmarks.bare.cell FOLDER PORT`.

One stream from the edge. Up: a list of (socket, number, channel, key, text). Down: (answers, events), where
answers are (socket, number) and events (channel, frames joined). Both as MessagePack.
"""

import asyncio
import json
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import msgspec
import uvloop

BATCH_MAX = 512
STREAM = "/bare.Cell/Stream"
Send = tuple[int, int, str, str, str]


def frame(text: bytes) -> bytes:
    """A server's text frame."""
    size = len(text)
    return (bytes((0x81, size)) if size < 126 else b"\x81\x7e" + size.to_bytes(2, "big")) + text


class Cell:
    """Commits sends in groups: the next group is what came while one was written."""

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(
            folder / "bare.sqlite", isolation_level=None, check_same_thread=False
        )
        self._database.executescript(
            "pragma journal_mode=wal; pragma synchronous=FULL;"
            "create table message (channel text, number integer, at_us integer, text text,"
            " primary key (channel, number)) without rowid;"
            "create table sent (key text primary key, number integer) without rowid;"
        )
        self._waiting: list[Send] = []
        self._came = asyncio.Event()
        self._numbers: defaultdict[str, int] = defaultdict(int)

    def take(self, sends: list[Send]) -> None:
        """Queue sends."""
        self._waiting += sends
        self._came.set()

    async def groups(self) -> AsyncIterator[bytes]:
        """What is to be told, one message per group that is on the disk."""
        while True:
            await self._came.wait()
            group, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
            if not self._waiting:
                self._came.clear()
            now_us = time.time_ns() // 1_000
            numbers: list[int] = []
            for send in group:
                self._numbers[send[2]] += 1
                numbers.append(self._numbers[send[2]])
            await asyncio.to_thread(self._write, group, numbers, now_us)
            events: defaultdict[str, list[bytes]] = defaultdict(list)
            for (_, _, channel, _, text), number in zip(group, numbers, strict=True):
                event = {"type": "message", "channel": channel, "ts": now_us, "x_seq": number, "text": text}
                events[channel].append(frame(json.dumps(event, separators=(",", ":")).encode()))
            answers = [(send[0], send[1]) for send in group]
            yield msgspec.msgpack.encode((answers, [(one, b"".join(all_)) for one, all_ in events.items()]))

    def _write(self, group: list[Send], numbers: list[int], now_us: int) -> None:
        rows = list(zip(group, numbers, strict=True))
        self._database.execute("begin immediate")
        self._database.executemany(
            "insert into message values (?, ?, ?, ?)", [(s[2], n, now_us, s[4]) for s, n in rows]
        )
        self._database.executemany("insert into sent values (?, ?)", [(s[3], n) for s, n in rows])
        self._database.execute("commit")


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, cell: Cell) -> None:
        self._cell = cell

    def service(self, call: Any) -> Any:
        """The one method."""
        return grpc.stream_stream_rpc_method_handler(self._stream) if call.method == STREAM else None

    async def _stream(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        del context

        async def read() -> None:
            decoder = msgspec.msgpack.Decoder(list[Send])
            async for request in requests:
                self._cell.take(decoder.decode(request))

        reading = asyncio.create_task(read())
        try:
            async for group in self._cell.groups():
                yield group
        finally:
            reading.cancel()


async def serve(folder: Path, port: int) -> None:
    """Serve until ended."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_Handler(Cell(folder)),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
