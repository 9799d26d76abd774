"""The intercom between the processes of a cell: a stream socket each, in the folder `run`.

Bytes of a word: length of the rest (4, big-endian), length of the subject (1), subject (ASCII), body.

Invariants
    1. To tell never waits and never fails: beyond `WAITING_BYTES_MAX` for one listener, or without one, words
       are dropped.
    2. Words of one process reach another in their order.
    3. Nothing is written to a disk.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from accord.runtime.socket_folder import SocketFolder

SUFFIX = ".talk"
PEERS_KEPT_S = 1.0
WORD_BYTES_MAX = 8 * 1024 * 1024
WAITING_BYTES_MAX = 2 * WORD_BYTES_MAX
_LENGTH_BYTES = 4

Hear = Callable[[bytes], None]


class LocalIntercom:
    """`ports.Intercom`.

    Args:
        folder: shared by the processes of the cell, and only by them.
        name: of this process, unique in the folder.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._sockets = SocketFolder(folder)
        self._path = folder / f"{name}{SUFFIX}"
        self._listeners: dict[str, list[Hear]] = {}
        self._server: asyncio.Server | None = None
        self._callers: set[asyncio.StreamWriter] = set()
        self._peers: dict[str, _Peer] = {}
        self._peers_until_s = 0.0

    def listen(self, subject: str, hear: Hear) -> None:
        """As `ports.Intercom.listen`."""
        self._listeners.setdefault(subject, []).append(hear)

    async def open(self) -> None:
        """Begin to hear the others, on the running loop."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._hear, self._sockets.address(self._path.name))
        os.chmod(self._path, 0o600)

    async def close(self) -> None:
        """Hear and tell nothing more."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self._path.unlink(missing_ok=True)
        for writer in list(self._callers):
            writer.close()
        for peer in self._peers.values():
            peer.close()
        self._peers.clear()
        self._sockets.close()

    @property
    def alone(self) -> bool:
        """As `ports.Intercom.alone`."""
        return self._server is None or not self._others()

    def tell(self, subject: str, body: bytes) -> None:
        """As `ports.Intercom.tell`."""
        if self._server is None:
            return
        name = subject.encode("ascii")
        rest = bytes([len(name)]) + name + body
        if len(rest) > WORD_BYTES_MAX:
            return
        word = len(rest).to_bytes(_LENGTH_BYTES, "big") + rest
        for peer in self._others():
            peer.tell(word)

    def _others(self) -> list["_Peer"]:
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._peers_until_s:
            found = {
                self._sockets.address(path.name)
                for path in self._folder.glob(f"*{SUFFIX}")
                if path != self._path
            }
            for path in self._peers.keys() - found:
                self._peers.pop(path).close()
            for path in found - self._peers.keys():
                self._peers[path] = _Peer(path)
            self._peers_until_s = now_s + PEERS_KEPT_S
        return list(self._peers.values())

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._callers.add(writer)
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(_LENGTH_BYTES), "big")
                if not 0 < length <= WORD_BYTES_MAX:
                    return
                self._take(await reader.readexactly(length))
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            self._callers.discard(writer)
            writer.close()

    def _take(self, rest: bytes) -> None:
        size = 1 + rest[0]
        for hear in self._listeners.get(rest[1:size].decode("ascii", "replace"), ()):
            with contextlib.suppress(Exception):
                hear(rest[size:])


class _Peer:
    """Another process: connected when there is something to tell, dropped when it is gone."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._writer: asyncio.StreamWriter | None = None
        self._waiting = bytearray()
        self._connecting: asyncio.Task[None] | None = None

    def tell(self, word: bytes) -> None:
        if self._writer is not None and self._writer.is_closing():
            self._writer = None
        if self._writer is not None:
            if self._writer.transport.get_write_buffer_size() + len(word) <= WAITING_BYTES_MAX:
                self._writer.write(word)
            return
        if len(self._waiting) + len(word) <= WAITING_BYTES_MAX:
            self._waiting += word
        if self._connecting is None:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())

    def close(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        if self._writer is not None:
            self._writer.close()

    async def _connect(self) -> None:
        try:
            _, self._writer = await asyncio.open_unix_connection(self._path)
            self._writer.write(bytes(self._waiting))
        except ConnectionRefusedError:
            # Its process is gone: nobody else would take the name away.
            with contextlib.suppress(OSError):
                os.unlink(self._path)
        except OSError:
            pass
        finally:
            self._waiting.clear()
            self._connecting = None
