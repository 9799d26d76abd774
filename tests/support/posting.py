"""Posting under faults: several clients post to one channel and write down how each attempt ended."""

import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx2

from tests.support.clients import Plain
from tests.support.history import Attempt, History, Outcome

TRY_S = 5.0
SETTLE_S = 60.0


def post(plain: Plain, history: History, channel: str, key: str, text: str) -> Outcome:
    """One attempt, recorded: what the contract calls acknowledged, failed or unknown."""
    invoked_s = time.monotonic()
    outcome: Outcome = "unknown"
    ts = ""
    try:
        answer = plain.call("chat.postMessage", channel=channel, text=text, client_msg_id=key)
        if answer.status in (421, 429, 503):
            outcome = "fail"
        elif answer.status == 200 and answer.fields.get("ok") is True:
            outcome, ts = "ok", answer.fields["ts"]
        elif answer.status == 200 and answer.error != "fatal_error":
            outcome = "fail"
    except (httpx2.HTTPError, ValueError):
        pass
    history.add(Attempt(key, text, invoked_s, time.monotonic(), outcome, ts))
    return outcome


class Posters:
    """Threads that post until told to stop, each after the other's answer. Use as a context manager.

    An attempt that did not succeed is tried again with the same key until it does or the load ends; then
    `settle` asks for the rest.
    """

    def __init__(
        self, edges: Sequence[Mapping[str, Any]], tokens: Sequence[str], channel: str, name: str
    ) -> None:
        self.history = History()
        self._channel, self._name = channel, name
        self._stopping = threading.Event()
        self._open: dict[str, tuple[Mapping[str, Any], str, str]] = {}
        self._threads = [
            threading.Thread(target=self._run, args=(number, edges[number % len(edges)], token), daemon=True)
            for number, token in enumerate(tokens)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def acknowledged(self) -> int:
        """How many messages were acknowledged so far."""
        return len(self.history.acknowledged())

    def stop(self) -> None:
        """End the load and wait for attempts under way."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(2 * TRY_S + 10)
            assert not thread.is_alive(), "a poster hangs"

    def settle(self) -> None:
        """Try again what was not acknowledged, with the same key, until it is."""
        self.stop()
        ends_s = time.monotonic() + SETTLE_S
        for key, (edge, token, text) in self._open.items():
            with Plain(edge, token, TRY_S) as plain:
                while post(plain, self.history, self._channel, key, text) != "ok":
                    assert time.monotonic() < ends_s, f"{key} does not settle"
                    time.sleep(0.2)
        self._open.clear()

    def _run(self, number: int, edge: Mapping[str, Any], token: str) -> None:
        with Plain(edge, token, TRY_S) as plain:
            count = 0
            while not self._stopping.is_set():
                count += 1
                key, text = str(uuid.uuid4()), f"{self._name} {number}.{count}"
                self._open[key] = (edge, token, text)
                while not self._stopping.is_set():
                    if post(plain, self.history, self._channel, key, text) == "ok":
                        del self._open[key]
                        break
                    self._stopping.wait(0.1)
