"""The doorbell between the processes of a cell: one datagram socket each, in the folder `run`.

Invariants
    1. A ring never waits and never fails: what cannot be delivered is dropped, and costs its listener the
       time until the next ring or look.
    2. A datagram holds one resident id and its head, nothing else; anything malformed is ignored.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

from accord.ids import kind_of
from accord.runtime.socket_folder import SocketFolder

DATAGRAM_BYTES_MAX = 128
DATAGRAMS_AT_ONCE = 256
SUFFIX = ".bell"
PEERS_KEPT_S = 1.0

Hear = Callable[[str, int], None]


class LocalDoorbell:
    """`ports.Doorbell`. Listeners of this process are told at once, others by their sockets.

    Args:
        folder: shared by the processes of the cell, and only by them.
        name: of this process, unique in the folder.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._sockets = SocketFolder(folder)
        self._path = folder / f"{name}{SUFFIX}"
        self._socket: socket.socket | None = None
        self._listeners: list[Hear] = []
        self._peers: list[str] = []
        self._peers_until_s = 0.0

    def listen(self, hear: Hear) -> None:
        """As `ports.Doorbell.listen`."""
        self._listeners.append(hear)

    async def open(self) -> None:
        """Begin to hear the others, on the running loop."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.unlink(missing_ok=True)
        bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        bell.setblocking(False)
        bell.bind(self._sockets.address(self._path.name))
        os.chmod(self._path, 0o600)
        self._socket = bell
        asyncio.get_running_loop().add_reader(bell.fileno(), self._receive)

    def close(self) -> None:
        """Hear nothing more, on the loop that opened it."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
            self._path.unlink(missing_ok=True)
            self._sockets.close()

    def ring(self, resident: str, head: int) -> None:
        """As `ports.Doorbell.ring`."""
        self._tell(resident, head)
        if self._socket is None:
            return
        datagram = f"{resident} {head}".encode()
        for peer in self._others():
            try:
                self._socket.sendto(datagram, peer)
            except ConnectionRefusedError:
                # Its process is gone: nobody else would take the name away.
                Path(peer).unlink(missing_ok=True)
                self._peers_until_s = 0.0
            except OSError:
                continue

    def _others(self) -> list[str]:
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._peers_until_s:
            found = self._folder.glob(f"*{SUFFIX}")
            self._peers = [self._sockets.address(path.name) for path in found if path != self._path]
            self._peers_until_s = now_s + PEERS_KEPT_S
        return self._peers

    def _receive(self) -> None:
        for _ in range(DATAGRAMS_AT_ONCE):
            if self._socket is None:
                return
            try:
                datagram = self._socket.recv(DATAGRAM_BYTES_MAX)
            except OSError:
                return
            resident, _, head = datagram.decode("ascii", "replace").partition(" ")
            if kind_of(resident) in ("T", "E", "P") and head.isascii() and head.isdigit():
                self._tell(resident, int(head))

    def _tell(self, resident: str, head: int) -> None:
        for hear in self._listeners:
            with contextlib.suppress(Exception):
                hear(resident, head)
