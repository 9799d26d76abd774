"""An ordinary load on a federation while a test does harm to it, and the verdict over all of it.

    with Load(hurt, "F08") as load:          # people write, read and listen; warm when entered
        with load.fault("kill", "fra"):      # written into the history, with its start and its end
            hurt.kill("fra")
            hurt.companion("start", "fra")
        load.goes_on()                       # acknowledged again, or AssertionError
    verdict = load.verdict()                 # settles, reads everything a last time, judges, records
    assert verdict.violations == [], load.story

* `F08` is the fault's number in the catalogue of faults, or a word of one's own: it is the name in the
  campaign's record (`campaign.py`), and of the history, which stays as `.colink/histories/F08-....jsonl` for
  `python -m deploy audit`. Without any, nothing is recorded.
* The demo has to be quick to answer: start it with `--rate-limits off --no-latency`. Anything with
  `edge(name)`, `people(workspace, role)` and `workspace(name)` like `RunningDemo` will do.
* `load.settle()` ends the writers, tries again what is not known, and waits until every socket has told
  everything; `verdict` does it by itself. Do it yourself where the fault has to be healed in between.
* `load.recorder` takes further operations of the test (`tests/support/device.py`: `load.device(edge, place)`
  gives a recorded client of the load's people), `load.channels` are its channels, `load.people` its people.
* `verdict` has `violations`, `operations`, `acknowledged`, `failed`, `unknown`, `items`, `told`, `faults`,
  `invariants`.
"""

import itertools
import os
import random
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self

from deploy import environment
from deploy.audit.audit import judge_file
from deploy.audit.verdict import Verdict
from tests.support import campaign
from tests.support.device import Device
from tests.support.listening import Listener
from tests.support.recorder import Recorder
from tests.support.rooms import Person
from tests.support.waiting import until

WARM = 40
WARM_S = 60.0
GOES_ON_S = 60.0
SETTLE_S = 90.0
STOP_S = 30.0
_numbers = itertools.count(1)


class Demo(Protocol):
    """What a load needs of a federation."""

    def edge(self, name: str) -> dict[str, Any]:
        """One row of `edges[]`."""

    def people(self, workspace: str, role: str | None = None) -> list[dict[str, Any]]:
        """People of a workspace, those with a role."""

    def workspace(self, name: str) -> dict[str, Any]:
        """One row of `workspaces[]`."""


@dataclass(frozen=True, slots=True)
class Mix:
    """How often a writer does what, as weights."""

    send: int = 12
    reply: int = 2
    edit: int = 3
    delete: int = 1
    react: int = 2
    read: int = 4
    read_on: int = 2

    def draw(self, dice: random.Random) -> str:
        """One of them."""
        names = list(self.__slots__)
        return dice.choices(names, [getattr(self, name) for name in names])[0]


ORDINARY = Mix()
SENDS = Mix(send=1, reply=0, edit=0, delete=0, react=0, read=0, read_on=0)


@dataclass
class Unsettled:
    """A message whose fate no client was told yet."""

    place: int
    channel: str
    value: str
    thread: str = ""


class Load:
    """The load of one test. Use as a context manager.

    Args:
        fault: its number in the catalogue, for the record; empty: no record.
        edges: through which people come; writers and listeners are spread over them.
        writers: people who call, each after the answer before; as many as the workspace has at most.
        sockets: people who also post over a socket.
        pause_s: between two operations of a writer.
        seed: of what they do.
    """

    def __init__(
        self,
        demo: Demo,
        fault: str = "",
        *,
        edges: Sequence[str] = ("fra", "iad"),
        workspace: str = "acme",
        writers: int = 4,
        sockets: int = 1,
        channels: int = 1,
        mix: Mix = ORDINARY,
        pause_s: float = 0.0,
        timeout_s: float = 5.0,
        seed: int = 1,
    ) -> None:
        self.recorder = Recorder()
        self.story = ""
        self.channels: list[str] = []
        self._demo, self._fault, self._edges = demo, fault, [demo.edge(name) for name in edges]
        self._workspace = str(demo.workspace(workspace)["id"])
        rows = demo.people(workspace, "member")
        self.people = [
            Person(row["user_id"], row["token"], row["name"], row["email"], row["password"]) for row in rows
        ]
        self._writers, self._talkers = min(writers, len(self.people) - 1), sockets
        self._channel_count, self._mix, self._pause_s, self._timeout_s = channels, mix, pause_s, timeout_s
        self._seed = seed
        self.unsettled: dict[str, Unsettled] = {}
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listeners: list[Listener] = []
        self._open = ExitStack()
        self._began_s = time.monotonic()
        self._defects: list[BaseException] = []
        self._settled = False

    # --- the context ---------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop() if kind is None else self._end()

    def _begin(self) -> None:
        everybody = self.people[: self._writers + 1]
        with self.device(0, 0) as owner:
            for _ in range(self._channel_count):
                channel = owner.create(f"load-{os.getpid()}-{uuid.uuid4().hex[:8]}")
                assert channel, owner.answer
                assert owner.invite(channel, *(one.user for one in everybody[1:])) == "ok", (
                    "nobody is invited"
                )
                self.channels.append(channel)
        for number in range(len(self._edges)):
            edges = self._edges[number:] + self._edges[:number]
            listener = Listener(self.recorder, edges, everybody[-1], self._workspace)
            self._listeners.append(self._open.enter_context(listener))
        for number in range(self._talkers):
            edges = self._edges[number % len(self._edges) :] + self._edges[: number % len(self._edges)]
            talker = Listener(
                self.recorder, edges, everybody[number % self._writers], self._workspace, f"talker {number}"
            )
            self._listeners.append(self._open.enter_context(talker))
            self._start(self._talk, talker, number)
        for number in range(self._writers):
            self._start(self._write, number)
        until(lambda: self.acknowledged >= WARM or self._defects, WARM_S, "posts are acknowledged")
        self._raise()

    def _start(self, run: Any, *arguments: Any) -> None:
        def guarded() -> None:
            try:
                run(*arguments)
            except BaseException as error:
                self._defects.append(error)

        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _raise(self) -> None:
        if self._defects:
            raise self._defects[0]

    def _end(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(STOP_S)
        self._open.close()

    # --- for tests -----------------------------------------------------------------------------------

    @property
    def acknowledged(self) -> int:
        """How many messages were acknowledged so far."""
        return self.recorder.acknowledged("send")

    def fault(self, what: str, target: str) -> AbstractContextManager[None]:
        """A fault that holds while the context does, in the history."""
        return self.recorder.fault(what, target)

    def device(self, edge: int | str = 0, place: int = 0) -> Device:
        """A recorded client of one of the people, at an edge by name or by its place among the load's."""
        row = self._demo.edge(edge) if isinstance(edge, str) else self._edges[edge % len(self._edges)]
        return Device(self.recorder, row, self.people[place], self._workspace, timeout_s=self._timeout_s)

    def goes_on(self, more: int = WARM, within_s: float = GOES_ON_S) -> None:
        """Wait until further messages were acknowledged. Raises AssertionError when they are not, in time."""
        before = self.acknowledged
        until(
            lambda: self.acknowledged >= before + more or self._defects,
            within_s,
            "posts are acknowledged again",
        )
        self._raise()

    def stop(self) -> None:
        """End the writers; sockets go on listening."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(STOP_S)
            assert not thread.is_alive(), "a writer hangs"
        self._raise()

    def settle(self, within_s: float = SETTLE_S) -> None:
        """Try again, with the same key, what nobody was told the fate of; then wait until sockets told
        everything. Raises AssertionError when something does not settle in time.
        """
        self.stop()
        ends_s = time.monotonic() + within_s
        for key, one in list(self.unsettled.items()):
            with self.device(one.place, one.place) as device:
                while device.send(one.channel, one.value, key, one.thread) != "ok" and not device.refused:
                    assert time.monotonic() < ends_s, f"{key} does not settle"
                    time.sleep(0.2)
                del self.unsettled[key]
        for channel in self.channels:
            self._drain(channel, ends_s)
        self._settled = True

    def _drain(self, channel: str, ends_s: float) -> None:
        value = f"the end {uuid.uuid4().hex[:8]}"
        key = str(uuid.uuid4())
        with self.device() as device:
            while device.send(channel, value, key) != "ok":
                assert time.monotonic() < ends_s, "the last message does not settle"
                time.sleep(0.2)
        for listener in self._listeners:
            listener.drain(key, max(5.0, ends_s - time.monotonic()))

    def verdict(self) -> Verdict:
        """Read everything a last time, judge the history and record it; `story` says what was found."""
        if not self._settled:
            self.settle()
        for number, channel in itertools.product(range(len(self._edges)), self.channels):
            with self.device(number, self._writers) as reader:
                last = partial(reader.read_all, channel, final=True)
                until(lambda: last() is not None, SETTLE_S, "a last read")  # noqa: B023
        self._end()
        name = f"{self._fault or 'load'}-{os.getpid()}-{next(_numbers)}.jsonl"
        path = environment.store() / "histories" / name
        self.recorder.write(path)
        verdict = judge_file(path)
        self.story = "\n".join([str(path), *map(str, verdict.violations)])
        if self._fault:
            campaign.record(
                self._fault,
                injected=verdict.faults,
                operations=verdict.operations,
                violations=verdict.found,
                seconds=time.monotonic() - self._began_s,
            )
        return verdict

    # --- what people do --------------------------------------------------------------------------------

    def _talk(self, talker: Listener, number: int) -> None:
        count = 0
        while not self._stopping.wait(0.05 + self._pause_s):
            count += 1
            channel = self.channels[count % len(self.channels)]
            key, value = str(uuid.uuid4()), f"talker {number} says {count} {uuid.uuid4().hex[:6]}"
            self.unsettled[key] = Unsettled(number % self._writers, channel, value)
            if not talker.send(channel, value, key):
                continue
            while key not in talker.outcomes and not self._stopping.wait(0.02):
                pass
            if talker.outcomes.get(key) == "ok":
                del self.unsettled[key]

    def _write(self, number: int) -> None:
        Writer(self, number, random.Random(f"{self._seed} {number}")).run()


class Writer:
    """One person who writes and reads until the load ends."""

    def __init__(self, load: Load, number: int, dice: random.Random) -> None:
        self._load, self._number, self._dice = load, number, dice
        self._own: list[tuple[str, str]] = []
        self._read: dict[str, str] = {}
        self._count = 0

    def run(self) -> None:
        """Until it ends."""
        load = self._load
        with load.device(self._number, self._number) as device:
            while not load._stopping.wait(load._pause_s):
                channel = self._dice.choice(load.channels)
                what = load._mix.draw(self._dice)
                getattr(self, what if self._own or what in ("read", "read_on") else "send")(device, channel)

    def _value(self) -> str:
        self._count += 1
        return f"{self._number}.{self._count} {self._dice.randbytes(4).hex()}"

    def send(self, device: Device, channel: str, thread: str = "") -> None:
        """Post, and try again with the same key until it is acknowledged or the load ends."""
        load, key, value = self._load, str(uuid.uuid4()), self._value()
        load.unsettled[key] = Unsettled(self._number, channel, value, thread)
        while device.send(channel, value, key, thread) != "ok" and not device.refused:
            if load._stopping.wait(0.1):
                return
        del load.unsettled[key]
        if device.refused:
            return
        self._own.append((channel, str(device.answer["ts"])))
        del self._own[:-30]

    def reply(self, device: Device, channel: str) -> None:
        """Answer one of the own messages."""
        channel, ts = self._dice.choice(self._own)
        self.send(device, channel, ts)

    def edit(self, device: Device, channel: str) -> None:
        """Change one of the own messages."""
        channel, ts = self._dice.choice(self._own)
        device.edit(channel, ts, self._value())

    def delete(self, device: Device, channel: str) -> None:
        """Delete one of the own messages."""
        device.delete(*self._own.pop(self._dice.randrange(len(self._own))))

    def react(self, device: Device, channel: str) -> None:
        """React to one of the own messages, or take it back."""
        channel, ts = self._dice.choice(self._own)
        device.react(channel, ts, self._dice.choice(("eyes", "tada")), self._dice.random() < 0.7)

    def read(self, device: Device, channel: str) -> None:
        """Read the newest page."""
        page = device.read(channel, limit=self._dice.choice((5, 20, 50)))
        if page:
            self._read[channel] = page[-1]["ts"]

    def read_on(self, device: Device, channel: str) -> None:
        """Read on from where the last read ended."""
        page = device.read(channel, limit=20, after=self._read.get(channel, ""))
        if page:
            self._read[channel] = page[-1]["ts"]
