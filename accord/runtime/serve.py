"""The life of a process: start, be ready, drain, end; never longer than ten seconds after being asked to.

Invariants
    1. SIGTERM and SIGINT set `draining`; the process is gone `END_S_MAX` later, whatever hangs.
    2. With `COLINK_END_WITH_PARENT=1` it ends with the process that started it, however that ended.
       The starter starts it from its main thread: the kernel watches that thread.
    3. An exception that reaches `run` is logged by type and place, and the exit code says so.
"""

import asyncio
import contextlib
import ctypes
import gc
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable

import uvloop

from accord.errors import ColinkError
from accord.runtime.logs import error_place, get_logger
from accord.runtime.settings import EXIT_CODE as SETTINGS_EXIT_CODE
from accord.runtime.settings import SettingsError

END_S_MAX = 10.0
GARBAGE_THRESHOLD = 100_000
# How long a thread that comes back from a store waits for a busy event loop to hand over the interpreter. A
# batch does so a dozen times, and Python's own 5 ms each time made it several times as long.
SWITCH_S = 0.0002
PARENT_POLL_S = 0.5
EXIT_FAILED = 1
EXIT_HUNG = 70
_PR_SET_PDEATHSIG = 1


class Lifespan:
    """What `main` is told of the end, and what it tells of the start."""

    def __init__(self) -> None:
        self.draining = asyncio.Event()
        self._started = False

    @property
    def started(self) -> bool:
        return self._started

    def mark_started(self) -> None:
        """Everything that lives as long as the process exists: the collector need not look at it again.

        What comes later is mostly freed by counting; a higher threshold keeps the collector out of batches
        (measured: a quarter more commits a second).
        """
        self._started = True
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE_THRESHOLD)

    def drain(self, why: str) -> None:
        """Begin the end; repeated calls do nothing."""
        if not self.draining.is_set():
            get_logger().info("process_draining", why=why)
            self.draining.set()


def run(main: Callable[[Lifespan], Awaitable[None]]) -> int:
    """Run `main` on uvloop until it returns; the exit code, to be given to `sys.exit`.

    `main` starts everything, calls `lifespan.mark_started()`, waits for `lifespan.draining`, and stops.
    Settings with faults are printed and give 2. Running is the last thing that a process does.
    """
    sys.setswitchinterval(SWITCH_S)
    if os.environ.get("COLINK_END_WITH_PARENT") == "1":
        _end_with_parent()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_live(main))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return SETTINGS_EXIT_CODE
    except Exception as error:
        why = error.reason.value if isinstance(error, ColinkError) else type(error).__name__
        get_logger().error("process_failed", error=why, error_at=error_place(error), exit_code=EXIT_FAILED)
        return EXIT_FAILED
    return 0


async def _live(main: Callable[[Lifespan], Awaitable[None]]) -> None:
    lifespan = Lifespan()
    loop = asyncio.get_running_loop()
    ending = _Ending()

    def asked(number: int, frame: object) -> None:
        # Not the loop's own handler: a loop that hangs would never hear of it.
        ending.begin()
        loop.call_soon_threadsafe(lifespan.drain, signal.Signals(number).name)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, asked)
    body = asyncio.ensure_future(main(lifespan))
    draining = asyncio.ensure_future(lifespan.draining.wait())
    await asyncio.wait({body, draining}, return_when=asyncio.FIRST_COMPLETED)
    draining.cancel()
    if not body.done():
        ending.begin()
        await asyncio.wait({body}, timeout=END_S_MAX - 2)
        body.cancel()
    # Cancelled above: `main` did not come to its end in time and was ended.
    with contextlib.suppress(asyncio.CancelledError):
        await body


class _Ending:
    """A thread that ends the process `END_S_MAX` after the first `begin`, even when the loop hangs."""

    def __init__(self) -> None:
        self._begun = False

    def begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        timer = threading.Timer(END_S_MAX, self._end)
        timer.daemon = True
        timer.start()

    @staticmethod
    def _end() -> None:
        sys.stderr.write('{"event": "process_hung", "level": "error"}\n')
        sys.stderr.flush()
        os._exit(EXIT_HUNG)


def _end_with_parent() -> None:
    parent = os.getppid()
    if sys.platform == "linux":
        # The kernel sends SIGTERM at once; the poll below does the same on other systems.
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    def watch() -> None:
        pause = threading.Event()
        while os.getppid() == parent:
            pause.wait(PARENT_POLL_S)
        os.kill(os.getpid(), signal.SIGTERM)
        pause.wait(END_S_MAX)
        os._exit(EXIT_HUNG)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
