"""A process beside the tests that undoes what they did to a machine when they do not do so themselves.

    watchdog = Watchdog()
    with watchdog.guard(["kill", "-CONT", str(pid)], within_s=60):    # after 60 s, or when we are gone
        ...                                                           # undo it here
    watchdog.at_end(["ip", "netns", "delete", "x"])                   # at `close`, or when we are gone

Invariants
    1. What is guarded is undone once its time is over, or the tests' process is gone, however that ended;
       once its context was left, nothing of it happens any more.
    2. Every command has `COMMAND_S`.
"""

import contextlib
import itertools
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from deploy import environment

COMMAND_S = 20
ENDS_S = 60
Command = Sequence[str]


class Watchdog:
    """The tests' side. `close` it, or it acts when this process ends."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            environment.module_command(__name__),
            stdin=subprocess.PIPE,
            env=environment.module_environ(),
            cwd=environment.ROOT,
            # It has to outlive whoever ends the tests as a group.
            start_new_session=True,
        )
        self._numbers = itertools.count(1)

    @contextlib.contextmanager
    def guard(self, *commands: Command, within_s: float) -> Iterator[None]:
        """Have the commands run if the context is not left within this time."""
        number = next(self._numbers)
        self._tell(arm=number, commands=[list(command) for command in commands], within_s=within_s)
        try:
            yield
        finally:
            self._tell(disarm=number)

    def at_end(self, *commands: Command) -> None:
        """Run the commands in the end, before those that were given earlier."""
        self._tell(at_end=[list(command) for command in commands])

    def close(self) -> None:
        """Undo everything, and wait for it."""
        if self._process.poll() is None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait(ENDS_S)

    def _tell(self, **said: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(said).encode() + b"\n")
        self._process.stdin.flush()


class _Undoing:
    """The other side: reads what is said, line by line."""

    def __init__(self) -> None:
        self._armed: dict[int, tuple[float, list[list[str]]]] = {}
        self._at_end: list[list[str]] = []

    def run(self) -> None:
        held = b""
        with selectors.DefaultSelector() as selector:
            selector.register(sys.stdin.buffer, selectors.EVENT_READ)
            while True:
                if selector.select(self._wait_s()):
                    part = os.read(sys.stdin.fileno(), 65536)
                    if not part:
                        break
                    *lines, held = (held + part).split(b"\n")
                    for line in lines:
                        self._hear(json.loads(line))
                for number in [n for n, (ends_s, _) in self._armed.items() if ends_s <= time.monotonic()]:
                    self._fire(number)
        for number in list(self._armed):
            self._fire(number)
        run_all(self._at_end)

    def _wait_s(self) -> float | None:
        ends_s = min((ends_s for ends_s, _ in self._armed.values()), default=None)
        return None if ends_s is None else max(0.0, ends_s - time.monotonic())

    def _hear(self, said: dict[str, object]) -> None:
        if isinstance(number := said.get("arm"), int):
            self._armed[number] = (
                time.monotonic() + float(str(said["within_s"])),
                _commands(said["commands"]),
            )
        elif isinstance(number := said.get("disarm"), int):
            self._armed.pop(number, None)
        else:
            self._at_end[:0] = _commands(said["at_end"])

    def _fire(self, number: int) -> None:
        _, commands = self._armed.pop(number, (0.0, []))
        run_all(commands)


def run_all(commands: Sequence[Command]) -> None:
    """Each command, whatever came of the one before."""
    for command in commands:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(command, stdin=subprocess.DEVNULL, timeout=COMMAND_S, check=False)


def _commands(given: object) -> list[list[str]]:
    assert isinstance(given, list)
    return given


if __name__ == "__main__":
    _Undoing().run()
