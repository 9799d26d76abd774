"""The life of a process, with real ones."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

HEAD = """
import os, sys
from accord.runtime import logs, serve
from accord.runtime.serve import run
logs.configure("cell", "de-fra", strict=True)
"""
POLITE = (
    HEAD
    + """
async def main(lifespan):
    lifespan.mark_started()
    print("started", os.getpid(), flush=True)
    await lifespan.draining.wait()
    print("drained", flush=True)
sys.exit(run(main))
"""
)
STUBBORN = (
    HEAD
    + """
import time
serve.END_S_MAX = 1.0
async def main(lifespan):
    print("started", flush=True)
    await lifespan.draining.wait()
    time.sleep(30)
sys.exit(run(main))
"""
)
BROKEN = (
    HEAD
    + """
async def main(lifespan):
    raise RuntimeError("canary-text")
sys.exit(run(main))
"""
)
FAULTY = (
    HEAD
    + """
from accord.runtime.settings import SettingsError
async def main(lifespan):
    raise SettingsError(["node.name: field required"])
sys.exit(run(main))
"""
)
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
time.sleep(30)
"""


def _start(*arguments: str, **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_process_drains_when_asked_to_end() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with _start(POLITE) as process:
            assert _first_line(process).startswith("started")
            process.send_signal(number)
            told, _ = process.communicate(timeout=15)
        assert (told, process.returncode) == ("drained\n", 0)


def test_a_process_that_hangs_ends_all_the_same() -> None:
    with _start(STUBBORN) as process:
        assert _first_line(process).startswith("started")
        process.terminate()
        assert process.wait(timeout=10) == 70


def test_a_failure_is_told_by_kind_and_not_by_text() -> None:
    with _start(BROKEN) as process:
        told = "".join(process.communicate(timeout=15))
    assert process.returncode == 1
    assert "RuntimeError" in told
    assert "canary-text" not in told


def test_faulty_settings_end_with_two_and_are_printed() -> None:
    with _start(FAULTY) as process:
        _, told = process.communicate(timeout=15)
    assert (process.returncode, "node.name: field required" in told) == (2, True)


def test_a_child_ends_with_its_killed_parent() -> None:
    with _start(PARENT, POLITE, COLINK_END_WITH_PARENT="1") as parent:
        child = int(_first_line(parent).split()[1])
        parent.kill()
        parent.wait(timeout=10)
        deadline_s = time.monotonic() + 10
        while _alive(child) and time.monotonic() < deadline_s:
            time.sleep(0.05)
        assert not _alive(child)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    # Ended, and not yet collected by whoever inherited it.
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")
