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
  `edge(name)`, `people(workspace, role)`, `workspace(name)` and `data_dir` like `RunningDemo` will do.
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
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from deploy import environment
from deploy.audit.audit import judge_file
from deploy.audit.report import report
from deploy.audit.verdict import Verdict
from tests.support import campaign
from tests.support.device import Device
from tests.support.listening import Listener
from tests.support.logs import copy_logs, heads
from tests.support.patience import SPARE_S
from tests.support.people import ORDINARY, Mix, Racer, Reader, Talker, Together, Unsettled, Visitor, Writer
from tests.support.recorder import Recorder
from tests.support.rooms import Person
from tests.support.waiting import until

WARM = 40
# An edge answers by its deadline of 10 s; nobody gives up before.
CALL_S = 10.0 + SPARE_S
WARM_S = 120.0
GOES_ON_S = 120.0
SETTLE_S = 120.0
DRAIN_S = 30.0
STOP_S = 60.0
ROAMS_S = 0.6
LAST_SEARCHES = 12
HISTORIES_KEPT = 60
_numbers = itertools.count(1)


class Demo(Protocol):
    """What a load needs of a federation."""

    def edge(self, name: str) -> dict[str, Any]:
        """One row of `edges[]`."""

    def people(self, workspace: str, role: str | None = None) -> list[dict[str, Any]]:
        """People of a workspace, those with a role."""

    def workspace(self, name: str) -> dict[str, Any]:
        """One row of `workspaces[]`."""

    @property
    def data_dir(self) -> Path:
        """Everything that its processes wrote."""


class Load:
    """The load of one test. Use as a context manager.

    Args:
        fault: its number in the catalogue, for the record; empty: no record.
        edges: through which people come; they are spread over them.
        writers: people who call, each after the answer before.
        talkers: people who post over a socket, beside.
        channels: in which they write; a private one, to which somebody comes and goes, is beside them.
        pause_s: between two operations of each.
        timeout_s: after which a call is given up.
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
        talkers: int = 1,
        channels: int = 1,
        mix: Mix = ORDINARY,
        pause_s: float = 0.0,
        timeout_s: float = CALL_S,
        seed: int = 1,
    ) -> None:
        self.recorder = Recorder()
        self.story = ""
        self._demo, self._fault, self._edges = demo, fault, [demo.edge(name) for name in edges]
        self._workspace = str(demo.workspace(workspace)["id"])
        rows = demo.people(workspace, "member")
        self.people = [
            Person(row["user_id"], row["token"], row["name"], row["email"], row["password"]) for row in rows
        ]
        assert len(self.people) > writers + 1, "not enough people: fewer writers, or another workspace"
        self._writers, self._talkers, self._channels = writers, talkers, channels
        self._mix, self._pause_s, self._timeout_s, self._seed = mix, pause_s, timeout_s, seed
        self._together = Together()
        self._threads: list[threading.Thread] = []
        self._listeners: list[Listener] = []
        self._open = ExitStack()
        self._began_s = time.monotonic()
        self._defects: list[BaseException] = []
        self._settled = False
        self._heads = heads(demo.data_dir, self._workspace)

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
        together, reader, guest = self._together, self._writers, self._writers + 1
        together.channels = [self._room(*range(self._writers + 1)) for _ in range(self._channels)]
        private = self._room(0, private=True)
        for number in range(len(self._edges)):
            self._listen(reader, number)
        self._listen(reader, 0, ROAMS_S)
        self._listen(guest, 0)
        for number in range(self._talkers):
            listener = self._listen(number % self._writers, number)
            self._start(Talker(together, number % self._writers, number, self._pause_s).run, listener)
        for place in range(self._writers):
            dice = random.Random(f"{self._seed} {place}")
            writer = Writer(together, place, self._mix, self._pause_s, dice)
            near, far = (self._open.enter_context(self.device(place + turn, place)) for turn in (0, 1))
            self._start(writer.run, near, far)
        with self.device() as owner:
            channel = together.channels[0]
            assert owner.send(channel, f"to be changed {uuid.uuid4().hex[:10]}") == "ok", owner.error
            race = Racer(together, channel, str(owner.answer["ts"]), self._pause_s)
        for number in range(2):
            self._start(race.run, self._open.enter_context(self.device(number)))
        reading = Reader(together, self._pause_s, random.Random(f"{self._seed} reader"))
        self._start(reading.run, self._open.enter_context(self.device(0, reader)))
        visitor = Visitor(together, private, self.people[guest].user, self._pause_s)
        host, away = (self._open.enter_context(self.device(place, place)) for place in (0, guest))
        self._start(visitor.run, host, away)
        until(lambda: self.acknowledged >= WARM or self._defects, WARM_S, "posts are acknowledged")
        self._raise()

    def _room(self, *places: int, private: bool = False) -> str:
        """A fresh channel of some of the people, made by the first."""
        with self.device(0, places[0]) as owner:
            channel = owner.create(f"load-{os.getpid()}-{uuid.uuid4().hex[:8]}", private)
            assert channel, owner.error
            users = [self.people[place].user for place in places[1:]]
            assert not users or owner.invite(channel, *users) == "ok", owner.error
        return channel

    def _listen(self, place: int, number: int, roams_s: float = 0) -> Listener:
        """A socket at one of the edges, which goes on at the next."""
        turn = number % len(self._edges)
        edges = self._edges[turn:] + self._edges[:turn]
        name = f"socket {len(self._listeners)} of {self.people[place].name}"
        listener = Listener(self.recorder, edges, self.people[place], self._workspace, name, roams_s)
        self._listeners.append(self._open.enter_context(listener))
        return listener

    def _start(self, run: Callable[..., None], *arguments: object) -> None:
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
        self._together.stopping.set()
        for thread in self._threads:
            thread.join(STOP_S)
        self._open.close()

    # --- for tests -----------------------------------------------------------------------------------

    @property
    def channels(self) -> list[str]:
        """Where people write."""
        return list(self._together.channels)

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
        enough = before + more
        until(lambda: self.acknowledged >= enough or self._defects, within_s, "posts are acknowledged again")
        self._raise()

    def stop(self) -> None:
        """End the people; sockets go on listening."""
        self._together.stopping.set()
        for thread in self._threads:
            thread.join(STOP_S)
            assert not thread.is_alive(), "one of the load's people hangs"
        self._raise()

    def settle(self, within_s: float = SETTLE_S) -> None:
        """Try again, with the same key, what nobody was told the fate of; then wait until sockets told
        everything. Raises AssertionError when something does not settle in time.
        """
        self.stop()
        self._settled = True
        ends_s = time.monotonic() + within_s
        with ExitStack() as opened:
            # To open one takes long on a busy machine, and a disk that was full leaves hundreds to settle.
            devices = {
                place: opened.enter_context(self.device(place, place))
                for place in {0, *(one.place for one in self._together.unsettled.values())}
            }
            for key, one in list(self._together.unsettled.items()):
                _insist(devices[one.place], one, key, ends_s)
                del self._together.unsettled[key]
            for channel in self.channels:
                key = str(uuid.uuid4())
                _insist(devices[0], Unsettled(0, channel, f"the end {uuid.uuid4().hex[:10]}"), key, ends_s)
                for listener in self._listeners:
                    if listener.hears(channel):
                        listener.drain(key, min(DRAIN_S, ends_s - time.monotonic()))

    def verdict(self) -> Verdict:
        """Read everything a last time, judge the history and record it; `story` says what was found."""
        if not self._settled:
            self.settle()
        for number in range(len(self._edges)):
            with self.device(number, self._writers) as reader:
                self._read_last(reader)
        copy_logs(self.recorder, self._demo.data_dir, self._workspace, self._heads)
        self._end()
        path = _file(f"{self._fault or 'load'}-{os.getpid()}-{next(_numbers)}.jsonl")
        self.recorder.write(path)
        verdict, index = judge_file(path)
        self.story = "\n".join(report(verdict, index))
        if self._fault:
            campaign.record(
                self._fault,
                injected=verdict.faults,
                operations=verdict.operations,
                violations=verdict.found,
                seconds=time.monotonic() - self._began_s,
            )
        return verdict

    def _read_last(self, reader: Device) -> None:
        """Everything there is, as one of the people sees it through one edge."""
        asked: list[Callable[[], object]] = []
        for channel in self.channels:
            asked += [
                partial(reader.read_all, channel, final=True),
                partial(reader.count, channel, final=True),
            ]
        for channel, root in sorted(self._together.roots):
            asked.append(partial(reader.read_all, channel, thread=root, final=True))
        words = self._together.words
        words = [*random.sample(words, min(len(words), LAST_SEARCHES)), *self._together.gone[-LAST_SEARCHES:]]
        for word in words:
            asked.append(partial(reader.search, word, final=True))
        for ask in asked:
            until(lambda: ask() is not None or reader.refused, SETTLE_S, "a last read")  # noqa: B023


def _insist(device: Device, one: Unsettled, key: str, ends_s: float) -> None:
    while device.send(one.channel, one.value, key, one.thread) != "ok" and not device.refused:
        assert time.monotonic() < ends_s, f"{key} does not settle: {device.error}"
        time.sleep(0.2)


def _file(name: str) -> Path:
    """Where a history goes; the oldest ones make room."""
    folder = environment.store() / "histories"
    folder.mkdir(parents=True, exist_ok=True)
    for old in sorted(folder.glob("*.jsonl"), key=_written_s)[:-HISTORIES_KEPT]:
        old.unlink(missing_ok=True)
    return folder / name


def _written_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another worker made room first
        return 0.0
