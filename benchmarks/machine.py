"""Facts of the machine, and what processes use of it, from /proc. Elsewhere than on Linux the uses are
unknown.
"""

import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PROC = Path("/proc")
TICKS_S = os.sysconf("SC_CLK_TCK")


def facts() -> dict[str, Any]:
    """What a reader needs to compare figures with their own."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "processor": _line("cpuinfo", "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "memory": _line("meminfo", "MemTotal"),
        "python": platform.python_version(),
        "load_before": list(os.getloadavg()),
    }


def pids_with(argument: str) -> list[int]:
    """Processes that have the text in their command line, apart from this one."""
    found: list[int] = []
    for place in PROC.iterdir() if PROC.is_dir() else ():
        if place.name.isdigit() and int(place.name) != os.getpid():
            try:
                if argument.encode() in (place / "cmdline").read_bytes():
                    found.append(int(place.name))
            except OSError:
                continue
    return sorted(found)


def cpu_s(pids: Iterable[int]) -> float:
    """CPU seconds that the processes have used since they began; those that ended count 0."""
    used = 0.0
    for pid in pids:
        try:
            fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        used += (int(fields[11]) + int(fields[12])) / TICKS_S
    return used


def thread_cpu_s(pid: int) -> dict[int, float]:
    """CPU seconds of each thread of a process, by thread id."""
    used: dict[int, float] = {}
    for place in (PROC / str(pid) / "task").iterdir():
        try:
            fields = (place / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        used[int(place.name)] = (int(fields[11]) + int(fields[12])) / TICKS_S
    return used


def memory_kb(pids: Iterable[int]) -> int:
    """Memory of the processes, shared pages counted in parts (PSS); those that ended count 0."""
    total = 0
    for pid in pids:
        try:
            text = (PROC / str(pid) / "smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total


def _line(file: str, name: str) -> str:
    try:
        lines = (PROC / file).read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
