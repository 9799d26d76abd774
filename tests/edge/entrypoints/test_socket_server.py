"""The WebSocket door takes everybody who comes back at once."""

import socket
from typing import Any, cast

from edge.entrypoints.socket.server import SocketDoor


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


class _Nobody:
    def shut(self) -> None:
        """No sockets are open."""
