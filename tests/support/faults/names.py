"""A name server that lies, or says nothing, as it is told.

    with Names("10.64.0.1", under=["ip", "netns", "exec", "router"]) as names:
        names.say("de-fra.test", "10.64.1.2")
        names.say("de-fra.test", "absent")      # no such name
        names.say("de-fra.test", "empty")       # the name, and no address
        names.say("de-fra.test", "silent")      # no answer

Answers may not be kept (TTL 0).
"""

import ipaddress
import json
import os
import selectors
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from deploy import environment

PORT = 53
A, INTERNET = 1, 1
ANSWER, NO_ERROR, NO_SUCH_NAME = 0x8400, 0, 3
READY_S = 20


class Names:
    """The tests' side of it. Use as a context manager.

    Args:
        address: at which it answers.
        under: a command that becomes the server, on the host of that address.
    """

    def __init__(self, address: str, under: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [*under, *environment.module_command(__name__, address)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment.module_environ(),
            cwd=environment.ROOT,
        )

    def __enter__(self) -> Self:
        self._acknowledged()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait(READY_S)

    def say(self, name: str, answer: str) -> None:
        """From now on: an IPv4 address, `absent`, `empty` or `silent`."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([name, answer]).encode() + b"\n")
        self._process.stdin.flush()
        self._acknowledged()

    def _acknowledged(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline(), "the name server has ended"


def answer_to(question: bytes, known: dict[str, str]) -> bytes | None:
    """The datagram that answers a question; None: silence, also for what is no question."""
    labels, at = [], 12
    try:
        while question[at]:
            end = at + 1 + question[at]
            labels.append(question[at + 1 : end].decode("ascii").lower())
            at = end
        kind, _ = struct.unpack_from(">HH", question, at + 1)
    except (IndexError, struct.error, UnicodeDecodeError):
        return None
    said = known.get(".".join(labels), "absent")
    if said == "silent":
        return None
    asked = question[12 : at + 5]
    address = said not in ("absent", "empty") and kind == A
    flags = ANSWER | (NO_SUCH_NAME if said == "absent" else NO_ERROR)
    head = question[:2] + struct.pack(">HHHHH", flags, 1, int(address), 0, 0)
    if not address:
        return head + asked
    record = struct.pack(">HHHIH", 0xC00C, A, INTERNET, 0, 4) + ipaddress.IPv4Address(said).packed
    return head + asked + record


def _serve(address: str) -> None:
    known: dict[str, str] = {}
    held = b""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door, selectors.DefaultSelector() as selector:
        door.bind((address, PORT))
        selector.register(door, selectors.EVENT_READ)
        selector.register(sys.stdin.buffer, selectors.EVENT_READ)
        os.write(1, b"ready\n")
        while True:
            for key, _ in selector.select():
                if key.fileobj is door:
                    question, asker = door.recvfrom(4096)
                    if (answer := answer_to(question, known)) is not None:
                        door.sendto(answer, asker)
                    continue
                part = os.read(sys.stdin.fileno(), 65536)
                if not part:
                    return
                *lines, held = (held + part).split(b"\n")
                for line in lines:
                    name, said = json.loads(line)
                    known[name] = said
                    os.write(1, b"said\n")


if __name__ == "__main__":
    _serve(sys.argv[1])
