"""The official Node clients as a test holds them: one Node process, driven by lines of JSON."""

import itertools
import json
import os
import queue
import subprocess
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.node_install import install, node

ANSWER_S = 60.0
SCRIPT = Path(__file__).with_suffix(".cjs")


class NodeClients:
    """One process with all clients in it. Raises NodeAbsentError where there is no Node. Use as a context
    manager.
    """

    def __init__(self) -> None:
        environ = {**os.environ, "NODE_PATH": str(install())}
        self._process = subprocess.Popen(
            [node(), str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
        )
        self._numbers = itertools.count(1)
        self._asked: dict[int, Future[dict[str, Any]]] = {}
        self._events: dict[int, queue.Queue[dict[str, Any]]] = {}
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def call(
        self, edge: Mapping[str, Any], token: str, method: str, arguments: Mapping[str, Any]
    ) -> tuple[dict[str, Any], bool]:
        """The answer, refusals included, and whether the client has a function of its own for the method."""
        said = self._ask("call", api=edge["api"], token=token, method=method, args=arguments)
        return said["answer"], said["own"]

    def open(self, edge: Mapping[str, Any], token: str) -> "NodeSocket":
        """A socket, until this process ends."""
        number = next(self._numbers)
        self._events[number] = queue.Queue()
        self._ask("open", number, api=edge["api"], token=token)
        return NodeSocket(self, number, self._events[number])

    def _ask(self, what: str, number: int | None = None, /, **members: Any) -> dict[str, Any]:
        number = number or next(self._numbers)
        answer: Future[dict[str, Any]] = Future()
        self._asked[number] = answer
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": number, "do": what, **members}) + "\n")
        self._process.stdin.flush()
        said = answer.result(ANSWER_S)
        assert "failed" not in said, said["failed"]
        return said

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said: dict[str, Any] = json.loads(line)
            if "socket" in said:
                self._events[said["socket"]].put(said["event"])
            else:
                self._asked.pop(said["id"]).set_result(said)
        for waiting in self._asked.values():
            waiting.set_result({"failed": "the process of the clients ended"})


class NodeSocket:
    """One socket of the official Node client."""

    def __init__(self, clients: NodeClients, number: int, events: "queue.Queue[dict[str, Any]]") -> None:
        self._clients, self._number, self._events = clients, number, events

    def say(self, channel: str, text: str) -> dict[str, Any]:
        """Post over the socket; the reply to it."""
        reply: dict[str, Any] = self._clients._ask("say", socket=self._number, channel=channel, text=text)[
            "reply"
        ]
        return reply

    def heard(self, text: str, within_s: float = 60.0) -> dict[str, Any]:
        """The message event with this text; others are passed over. Raises queue.Empty."""
        while (event := self._events.get(timeout=within_s)).get("text") != text:
            pass
        return event
