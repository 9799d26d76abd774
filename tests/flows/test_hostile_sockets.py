"""Whatever a socket's client sends, it harms its own socket at most."""

import base64
import json
import os
import random
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.clients import web
from tests.support.federation import RunningDemo
from tests.support.rooms import Person, room
from tests.support.sockets import open_socket, socket_url

TEXT, BINARY, CONTINUATION, CLOSE, PING = 0x1, 0x2, 0x0, 0x8, 0x9


def frame(
    opcode: int, payload: bytes, *, final: bool = True, masked: bool = True, reserved: int = 0
) -> bytes:
    """One frame as a client writes it, or as none should."""
    head = bytes([(0x80 if final else 0) | reserved << 4 | opcode])
    mark = 0x80 if masked else 0
    size = len(payload)
    if size < 126:
        head += bytes([mark | size])
    elif size < 65_536:
        head += bytes([mark | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([mark | 127]) + size.to_bytes(8, "big")
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[place % 4] for place, byte in enumerate(payload))


def talk(demo: RunningDemo, token: str, *frames: bytes, edge: str = "fra") -> bytes:
    """Open a socket by hand, say the frames, and read until it ends or falls silent."""
    address = urlsplit(socket_url(demo.edge(edge), token))
    key = base64.b64encode(os.urandom(16)).decode()
    request = (
        f"GET {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    )
    said = b""
    with socket.create_connection(("127.0.0.1", address.port or 0), timeout=5) as link:
        link.sendall(request.encode())
        while b'"hello"' not in said:
            said += link.recv(65_536)
        try:
            link.settimeout(4)
            link.sendall(b"".join(frames))
            while chunk := link.recv(65_536):
                said += chunk
        except (TimeoutError, ConnectionError):
            pass
    return said


def close_code(said: bytes) -> int | None:
    """Code of the close frame that ends what was said, if one does."""
    place = said.rfind(b"\x88")
    return int.from_bytes(said[place + 2 : place + 4], "big") if place >= 0 else None


@pytest.mark.parametrize(
    ("frames", "codes"),
    [
        ((frame(BINARY, b"\x00\x01"),), {1003}),
        ((frame(TEXT, b'{"id":1,', final=False), frame(CONTINUATION, b'"type":"ping"}')), {1008}),
        ((frame(TEXT, b"x" * 17_000),), {1009}),
        ((frame(TEXT, b"x" * 2_000_000),), {1009, 1002, None}),
        ((frame(TEXT, b"{}", masked=False),), {1002, None}),
        ((frame(TEXT, b"{}", reserved=4),), {1002, 1008, None}),
        ((frame(0x7, b"{}"),), {1002, 1003, 1008, None}),
        ((frame(PING, b"x" * 126),), {1002, None}),
        ((frame(CLOSE, (1000).to_bytes(2, "big")),), {1000}),
    ],
)
def test_a_frame_that_is_not_taken_closes_its_socket_with_a_code(
    demo: RunningDemo, anna: Person, frames: tuple[bytes, ...], codes: set[int | None]
) -> None:
    with open_socket(demo.edge("fra"), anna.token) as other:
        said = talk(demo, anna.token, *frames)
        assert close_code(said) in codes, said[-100:]
        assert other.reply(other.say("ping"))["type"] == "pong"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe",
        b'{"id":1,"type":"\xc3\x28"}',
        b"[" * 8_000,
        b"null",
        b"[]",
        b'"x"',
        b'{"id":1',
        b'{"id":{"a":1},"type":"message"}',
        b'{"id":1,"type":"message","channel":7,"text":{}}',
        b'{"type":"message","channel":"C","text":"x\\u0000"}',
        b'{"id":1,"type":"message","channel":"C","text":"x","client_msg_id":"' + b"k" * 300 + b'"}',
    ],
)
def test_a_text_that_makes_no_sense_is_answered_and_the_socket_goes_on(
    demo: RunningDemo, anna: Person, text: bytes
) -> None:
    with open_socket(demo.edge("fra"), anna.token) as socket:
        socket.send(text)
        socket.say("ping")
        # A post is refused when it was looked at, which may be after the pong.
        socket.until(lambda frame: {"pong", False} <= {said for f in socket.frames for said in _said(f)})


def _said(frame: dict[str, Any]) -> tuple[object, object]:
    return frame.get("type"), frame.get("ok")


def test_noise_on_many_sockets_loses_nothing(demo: RunningDemo, anna: Person, jonas: Person) -> None:
    channel = room(demo, anna, jonas)
    dice = random.Random(20_262)
    with open_socket(demo.edge("fra"), jonas.token) as listener:
        for turn in range(8):
            noise = [
                frame(dice.choice([TEXT, BINARY, CONTINUATION, 0xB]), dice.randbytes(dice.randrange(300)))
                for _ in range(5)
            ]
            said = talk(demo, anna.token, *noise, frame(CLOSE, b""))
            assert b'"hello"' in said
            web(demo.edge("fra"), anna.token).chat_postMessage(channel=channel, text=f"after noise {turn}")
            listener.message(f"after noise {turn}")


def test_a_client_that_floods_is_answered_or_cut_but_delays_nobody(
    demo: RunningDemo, anna: Person, jonas: Person
) -> None:
    channel = room(demo, anna, jonas)
    flood = frame(TEXT, json.dumps({"id": 1, "type": "typing", "channel": channel}).encode()) * 3_000
    with open_socket(demo.edge("iad"), jonas.token) as listener:
        talk(demo, anna.token, flood, frame(CLOSE, b""))
        web(demo.edge("fra"), anna.token).chat_postMessage(channel=channel, text="in time")
        listener.message("in time", 5)
