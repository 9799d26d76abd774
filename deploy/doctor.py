"""Says what this machine has and lacks for running Colink, without changing anything.

Standard library only: it must work where no environment can be made. `--json` prints one object a line.
Exit status: 0 when nothing that is needed is missing, 1 otherwise.
"""

import argparse
import importlib.util
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy import environment, lockfile

MEMORY_MB_WANTED = 1200
DISK_MB_WANTED = 1000


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `state` is good, warn (it may still run) or bad (it will not)."""

    name: str
    state: str
    detail: str


def findings(root: Path = environment.ROOT) -> Iterator[Finding]:
    """Look at the interpreter, the installer, the environments, the memory and the disk."""
    system = sys.platform in ("linux", "darwin")
    yield Finding("system", "good" if system else "bad", f"{platform.system()} {platform.machine()}")
    yield Finding("python", "good", f"{platform.python_version()} at {sys.executable}")
    yield _installer()
    for requirements in ("base", "test"):
        yield _environment(requirements, root)
    yield _memory()
    yield _disk(environment.store(root))


def _installer() -> Finding:
    uv = shutil.which("uv")
    if uv is not None:
        return Finding("installer", "good", f"uv at {uv}")
    lacking = [module for module in ("venv", "ensurepip") if importlib.util.find_spec(module) is None]
    if lacking:
        wanted = "neither uv nor venv with pip; on Debian and Ubuntu: apt-get install python3-venv"
        return Finding("installer", "bad", wanted)
    return Finding("installer", "good", "venv and pip")


def _environment(requirements: str, root: Path) -> Finding:
    name = f"environment {requirements}"
    try:
        lock = environment.lock_of(requirements, root)
        absent = lockfile.missing(lock, exact=environment.is_checkout(root))
    except (environment.EnvironmentRefusedError, lockfile.LockUnreadableError) as error:
        return Finding(name, "warn", str(error))
    if not absent:
        return Finding(name, "good", "the running interpreter has every distribution")
    place = environment.store(root) / environment.name_of(requirements, lock)
    return Finding(
        name, "good", f"{place}" if environment.is_whole(place) else "made at the first start that needs it"
    )


def _memory() -> Finding:
    try:
        free_mb = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1_000_000
    except (ValueError, OSError):
        return Finding("memory", "warn", "free memory is not known on this system")
    state = "good" if free_mb >= MEMORY_MB_WANTED else "warn"
    return Finding("memory", state, f"{free_mb} MB free, the demo wants about {MEMORY_MB_WANTED} MB")


def _disk(folder: Path) -> Finding:
    near = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free_mb = shutil.disk_usage(near).free // 1_000_000
    state = "good" if free_mb >= DISK_MB_WANTED else "warn"
    return Finding("disk", state, f"{free_mb} MB free at {near}, environments want about {DISK_MB_WANTED} MB")


def main(arguments: list[str]) -> int:
    """Print every finding. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="colink doctor", description="what this machine has and lacks")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args(arguments)
    found = list(findings())
    for finding in found:
        if options.json:
            sys.stdout.write(json.dumps({"event": "finding", **asdict(finding)}) + "\n")
        else:
            sys.stdout.write(f"  {finding.state:<5} {finding.name:<17} {finding.detail}\n")
    return 1 if any(finding.state == "bad" for finding in found) else 0
