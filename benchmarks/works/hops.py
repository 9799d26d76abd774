"""Where the CPU of one send goes, hop by hop: threads are weighed by what the system booked on them, and the
stacks of those that hold the interpreter say which part of the way they were on.

Needs the right to trace the demo's processes (the same user with `ptrace_scope` 0, or root). Linux only.
"""

import asyncio
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.figures import Results, figures_of
from benchmarks.loops import closed_loop, faults_of
from benchmarks.setting import Setting
from benchmarks.sockets import connect
from benchmarks.works.rate import W1, W2, WARM_S, Shape

SAMPLES_S = 250
THREAD = re.compile(r"thread \((\d+)\): ([^;]*)")

# The first row with a word that is in the stack names the hop. The last but one has what no other does, the
# last one
# threads that never hold the interpreter: gRPC's own, and those of libraries.
HOPS: Mapping[str, Sequence[tuple[str, str]]] = {
    "edge": (
        ("edge: write to sockets", "edge/domain/fanout.py"),
        ("edge: read frames of clients", "on_ws_frame"),
        ("edge: to the cell", "Stream._write"),
        ("edge: from the cell", "Stream._read"),
        ("edge: event loop, receiving", ""),
        ("edge: threads of gRPC", "_poll_wrapper"),
    ),
    "regional_cell": (
        ("cell: search index", "index"),
        ("cell: commit to SQLite", "sql-writer"),
        ("cell: seal", "LocalSealer"),
        ("cell: decide, fold and encode", "Deciding.decide"),
        ("cell: build frames, choose sockets", "GroupCommits._settle"),
        ("cell: hand to the writer's thread", "GroupCommits."),
        ("cell: check and queue a send", "Messages.post"),
        ("cell: read frames of the edge", "Session._read"),
        ("cell: write to the edge", "Session._write"),
        ("cell: followers of the log", "TailRunner"),
        ("cell: event loop, other", ""),
        ("cell: threads of gRPC", "_poll_wrapper"),
    ),
}


async def measure_w1(setting: Setting) -> Results:
    """One large channel."""
    return await measure(setting, W1)


async def measure_w2(setting: Setting) -> Results:
    """Many small channels."""
    return await measure(setting, W2)


async def measure(setting: Setting, shape: Shape) -> Results:
    """Microseconds of CPU per accepted send on each hop, under the closed loop of the shape."""
    rooms = await connect(setting.apis[:1], setting.demo.choose(shape.rooms, shape.members), 0)
    senders = [room[place] for room in rooms for place in range(shape.senders)]
    pids = {plane: pid for plane in HOPS for pid in _busiest(setting, plane)}
    runs = []
    for _ in range(setting.repeat):
        load = asyncio.create_task(
            closed_loop(rooms, senders, shape.window, WARM_S, setting.seconds, lambda: 0.0)
        )
        await asyncio.sleep(WARM_S)
        shares = await asyncio.gather(*(_hops(plane, pid, setting.seconds) for plane, pid in pids.items()))
        sends = (await load)["sends"]
        runs.append({hop: used * 1e6 / sends for one in shares for hop, used in one.items()})
    for room in rooms:
        for member in room:
            member.close()
    units = {hop: "us" for rows in HOPS.values() for hop, _ in rows}
    return Results(figures_of(shape.name, runs, units), faults=faults_of(rooms))


def _busiest(setting: Setting, plane: str) -> list[int]:
    """The process that serves the load: the home cell's first, and the edge that takes the sockets."""
    names = {"edge": f"{setting.demo.data_dir}/edges/", "regional_cell": f"/cells/{setting.demo.home}/"}
    return [pid for pid in machine.pids_with(names[plane]) if pid in setting.demo.pids()][:1]


async def _hops(plane: str, pid: int, seconds: float) -> dict[str, float]:
    """CPU seconds a second on each hop of a process."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stacks"
        before = machine.thread_cpu_s(pid)
        sampler = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("py-spy")),
            *("record", "--pid", str(pid), "--duration", str(max(1, int(seconds))), "--rate", str(SAMPLES_S)),
            *("--gil", "--nonblocking", "--threads", "--format", "raw", "--output", str(file)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, told = await sampler.communicate()
        after = machine.thread_cpu_s(pid)
        if sampler.returncode:
            raise OSError(f"py-spy: {told.decode(errors='replace').strip().splitlines()[-1]}")
        stacks = file.read_text(encoding="utf-8").splitlines()
    used_s = {thread: after[thread] - before.get(thread, 0.0) for thread in after}
    return weighed(HOPS[plane], stacks, {thread: one / seconds for thread, one in used_s.items()})


def weighed(
    rows: Sequence[tuple[str, str]], stacks: Sequence[str], used: Mapping[int, float]
) -> dict[str, float]:
    """What threads used, shared out among hops.

    Args:
        rows: hop and the word that tells it.
        stacks: lines `thread (ID): NAME;FRAME;FRAME COUNT`.
        used: by thread id, in any unit. A thread without a stack counts for the last row, as does one of its
        word.
    """
    seen: dict[int, Counter[str]] = {}
    for line in stacks:
        stack, _, count = line.rpartition(" ")
        found = THREAD.match(stack)
        if found is not None:
            hop = rows[-1][0] if rows[-1][1] in stack else next(name for name, word in rows if word in stack)
            seen.setdefault(int(found[1]), Counter())[hop] += int(count)
    hops = {name: 0.0 for name, _ in rows}
    for thread, amount in used.items():
        counts = seen.get(thread) or Counter({rows[-1][0]: 1})
        for hop, samples in counts.items():
            hops[hop] += amount * samples / counts.total()
    return hops
