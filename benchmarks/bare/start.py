"""Starts bare processes for the length of a measurement."""

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from benchmarks import machine
from benchmarks.sockets import CONNECTS_AT_ONCE, Member, open_socket
from deploy import environment

START_S_MAX = 20.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def _process(module: str, port: int, *arguments: str) -> AsyncIterator[int]:
    """A process that listens on the port, and its id; ended on the way out. Raises TimeoutError."""
    command = environment.module_command(f"benchmarks.bare.{module}", *arguments)
    process = await asyncio.create_subprocess_exec(*command, env=environment.module_environ())
    try:
        async with asyncio.timeout(START_S_MAX):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        yield process.pid
    finally:
        process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def bare_page(body: bytes) -> AsyncIterator[str]:
    """The address of an application that answers everything with the bytes."""
    with tempfile.TemporaryDirectory() as folder:
        file, port = Path(folder) / "page", free_port()
        file.write_bytes(body)
        async with _process("page", port, str(file), str(port)):
            yield f"http://127.0.0.1:{port}/"


@contextlib.asynccontextmanager
async def bare_chat(
    rooms: int, members: int, timed: int
) -> AsyncIterator[tuple[list[list[Member]], Callable[[], float]]]:
    """Connected sockets of a bare edge, room by room, and what edge and cell have used of the CPU in
    seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        cell_port, port = free_port(), free_port()
        async with (
            _process("cell", cell_port, folder, str(cell_port)) as cell,
            _process("edge", port, str(port), str(cell_port)) as edge,
        ):
            gate = asyncio.Semaphore(CONNECTS_AT_ONCE)

            async def one(room: int, place: int) -> Member:
                async with gate:
                    member = Member(timed=place < timed)
                    member.speak_in(f"C{room}")
                    await open_socket(f"ws://127.0.0.1:{port}/ws?channel=C{room}", member)
                    return member

            flat = await asyncio.gather(*(one(place // members, place) for place in range(rooms * members)))
            made = [list(flat[room * members : (room + 1) * members]) for room in range(rooms)]
            yield made, lambda: machine.cpu_s((cell, edge))
            for member in flat:
                member.close()
