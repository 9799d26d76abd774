"""Clients that read or send a byte a second: they are cut, and cost little until then."""

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest

from tests.faults.conftest import SLOW_BODY_S
from tests.support.clients import Plain
from tests.support.faults.freezing import pids_of
from tests.support.faults.probing import memory_bytes
from tests.support.federation import RunningDemo
from tests.support.flood import load_room
from tests.support.load import Load
from tests.support.metrics import total
from tests.support.sockets import socket_url
from tests.support.waiting import until

TEXT_BYTES, RECEIVED_BYTES = 30_000, 4_096
OPEN_S, CUT_S_MAX = 30.0, 90.0
# Each has to be sent what two queues hold before it is told from one that is only late.
CUT_S_EACH = 0.4
# Of a socket at an edge, its queue twice: one is being joined while the other is written; and what the
# interpreter keeps for itself.
EACH_BYTES_MAX, ONCE_BYTES_MAX = 2 * 256 * 1024, 64 * 1024 * 1024


def connected(url: str) -> socket.socket:
    """A connection that takes in as little at once as the system allows."""
    address = urlsplit(url)
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_BYTES)
    made.settimeout(OPEN_S)
    made.connect((address.hostname, address.port))
    return made


def listening(demo: RunningDemo, token: str) -> socket.socket:
    """A chat socket that has said hello, and is not read from any more."""
    url = socket_url(demo.edge("fra"), token)
    made, address = connected(url), urlsplit(url)
    made.sendall(
        f"GET {address.path}?{address.query} HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    seen = b""
    while b'"hello"' not in seen:
        piece = made.recv(256)
        assert piece, seen
        seen += piece
    return made


def sending(url: str, headers: str) -> socket.socket:
    """A request of which nothing came but its head."""
    made, address = connected(url), urlsplit(url)
    made.sendall(
        f"POST {address.path}?{address.query} HTTP/1.1\r\nHost: {address.netloc}\r\n{headers}"
        "Content-Length: 100000\r\n\r\n".encode()
    )
    return made


@contextmanager
def a_byte_a_second(clients: Sequence[socket.socket], *, reads: bool) -> Iterator[None]:
    """Each of them goes on like this while the context is open."""
    stopping = threading.Event()

    def run() -> None:
        while not stopping.wait(1):
            for client in clients:
                with contextlib.suppress(OSError):
                    client.recv(1, socket.MSG_DONTWAIT) if reads else client.send(b"x", socket.MSG_DONTWAIT)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def ended(client: socket.socket) -> bool:
    """Whether the other end has closed it, with an answer or without."""
    if not select.select([client], [], [], 0)[0]:
        return False
    try:
        return not client.recv(1, socket.MSG_PEEK) or b"HTTP/1.1 4" in client.recv(256, socket.MSG_PEEK)
    except ConnectionError:
        return True


@pytest.mark.fault("F45")
@pytest.mark.parametrize("count", [12, pytest.param(500, marks=pytest.mark.long)])
def test_sockets_that_read_a_byte_a_second_are_cut(busy: RunningDemo, fault: str, count: int) -> None:
    """While somebody posts long messages into their channel: all are cut for being slow, the edge never holds
    more than a queue for each, and others hear everything. The verdict is clean.
    """
    room, edge = load_room(busy), busy.edge("fra")

    def cut() -> float:
        return total([edge["metrics"]], 'colink_sockets_closed_total{reason="slow"}')

    (pid,) = pids_of(busy, "fra")
    with (
        Load(busy, fault, edges=("fra",), writers=2, pause_s=0.05, timeout_s=30) as load,
        ExitStack() as open_,
    ):
        slow = [
            open_.enter_context(listening(busy, room.tokens[place % len(room.tokens)]))
            for place in range(count)
        ]
        plain = open_.enter_context(Plain(edge, room.tokens[0]))
        before, memory, most = cut(), memory_bytes(pid), 0
        with load.fault("1 byte/s", "fra"), a_byte_a_second(slow, reads=True):
            ends_s = time.monotonic() + CUT_S_MAX + count * CUT_S_EACH
            while cut() < before + count:
                assert time.monotonic() < ends_s, f"{cut() - before:.0f} of {count} are cut"
                plain.done("chat.postMessage", channel=room.channel, text="x" * TEXT_BYTES)
                most = max(most, memory_bytes(pid))
            load.goes_on()
    print(f"{(most - memory) / 1024 / 1024:.0f} MiB more for {count} slow sockets")
    assert most - memory < ONCE_BYTES_MAX + count * EACH_BYTES_MAX
    assert load.verdict().violations == [], load.story


@pytest.mark.fault("F45")
@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.long)])
def test_bodies_of_a_byte_a_second_are_cut(busy: RunningDemo, fault: str, count: int) -> None:
    """Uploads and calls whose bodies never end: each is cut after two spans in which a slow client might have
    sent something, and nobody else notices. The verdict is clean.
    """
    room, edge = load_room(busy), busy.edge("fra")
    with (
        Load(busy, fault, edges=("fra",), writers=2, pause_s=0.05, timeout_s=30) as load,
        ExitStack() as open_,
    ):
        slow = []
        with Plain(edge, room.tokens[0]) as plain:
            for _ in range(count // 2):
                ticket = plain.done("files.getUploadURLExternal", filename="slow", length=100_000)
                slow.append(open_.enter_context(sending(str(ticket["upload_url"]), "")))
                head = f"Authorization: Bearer {room.tokens[0]}\r\nContent-Type: application/json\r\n"
                slow.append(open_.enter_context(sending(edge["api"] + "chat.postMessage", head)))
        with load.fault("1 byte/s", "fra"), a_byte_a_second(slow, reads=False):
            time.sleep(SLOW_BODY_S)
            # The youngest: it takes a while to open hundreds.
            assert not any(map(ended, slow[-2:]))
            until(lambda: all(map(ended, slow)), CUT_S_MAX, "all are cut", every_s=0.5)
            load.goes_on()
    verdict = load.verdict()
    assert verdict.violations == [], load.story
    assert verdict.unknown == 0
