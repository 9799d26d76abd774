"""The WebSocket door takes everybody who comes back at once, and cuts who is silent while it is read."""

import socket
from typing import Any, cast

from edge.entrypoints.socket.server import SILENT_PINGS_MAX, SocketDoor, _Client


async def test_three_hundred_connect_before_one_is_accepted() -> None:
    door = SocketDoor(cast(Any, _Nobody()), cast(Any, None), "127.0.0.1:0", ping_s=30)
    port = await door.start()
    clients = []
    try:
        # Without a turn of the loop nothing is accepted: all of them wait in the kernel.
        for _ in range(300):
            client = socket.create_connection(("127.0.0.1", port), timeout=0.5)
            clients.append(client)
    finally:
        for client in clients:
            client.close()
        await door.stop()
    assert len(clients) == 300


def test_who_is_silent_is_cut_but_not_while_it_is_not_read() -> None:
    door = SocketDoor(cast(Any, _Nobody()), cast(Any, None), "127.0.0.1:0", ping_s=30)
    client, transport = _Client(door, "", "", cast(Any, (None, None))), _Transport()
    client.on_ws_connected(cast(Any, transport))
    client.pause()
    for _ in range(3 * SILENT_PINGS_MAX):
        client.ping()
    assert not transport.aborted
    client.resume()
    for _ in range(SILENT_PINGS_MAX):
        client.ping()
        assert not transport.aborted
    client.ping()
    assert transport.aborted


class _Nobody:
    def open(self, client: Any, *home: Any) -> int:
        """The number of a socket."""
        return 1

    def shut(self) -> None:
        """No sockets are open."""


class _Transport:
    """A client whose answers to pings wait in the kernel."""

    def __init__(self) -> None:
        self.reading, self.aborted = True, False
        self.underlying_transport = self

    def write(self, frames: bytes) -> None:
        """It takes everything."""

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, *, high: int, low: int) -> None:
        """It is never behind."""

    def is_closing(self) -> bool:
        return self.aborted

    def is_reading(self) -> bool:
        return self.reading

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def send_ping(self, message: bytes) -> None:
        """Nothing comes back."""

    def abort(self) -> None:
        self.aborted = True
