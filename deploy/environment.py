"""Private environments: the interpreter with exactly the pinned distributions that a verb runs on.

Standard library only. In a writable checkout they rest below `.colink/`, elsewhere in the user's cache
folder; there is none at all when the running interpreter already has every pinned distribution.

Invariants
    1. A folder under its final name is whole: it is built aside and renamed, its mark is written last.
    2. At most one process builds a given environment: it holds the lock file while it does.
    3. The name carries a hash of the lock and of the interpreter: another lock, another environment.
    4. Every distribution is installed by hash; no address is ever part of a command.
"""

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from deploy import lockfile
from deploy.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
INSTALL_S_MAX = 1800
MARK = "colink-environment"
# Not `COLINK_...`: under that prefix a plane refuses every name that is not one of its settings.
ENTERED = "DEPLOY_ENTERED"


class EnvironmentRefusedError(Exception):
    """No environment can be had; the text says why and what to do. `exit_status` is 1 or 2."""

    def __init__(self, text: str, exit_status: int = 1) -> None:
        super().__init__(text)
        self.exit_status = exit_status


def is_checkout(root: Path) -> bool:
    """Whether root is a source checkout (and not the place of an installed package)."""
    return (root / "pyproject.toml").is_file() and (root / "requirements").is_dir()


def lock_of(requirements: str, root: Path = ROOT) -> Path:
    """The lock with the given name: of the checkout, else the one shipped with the package."""
    folder = root / "requirements" if is_checkout(root) else root / "deploy" / "requirements"
    lock = folder / f"{requirements}.lock"
    if not lock.is_file():
        raise EnvironmentRefusedError(f"this installation has no {lock.name}: run from a source checkout", 2)
    return lock


def store(root: Path = ROOT) -> Path:
    """The folder in which environments rest; not created here."""
    if is_checkout(root) and os.access(root, os.W_OK):
        return root / ".colink"
    caches = "Library/Caches" if sys.platform == "darwin" else ".cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / caches) / "colink"


def module_command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module in this environment; `-P` imports nothing from the current folder."""
    return [sys.executable, "-P", "-m", module, *arguments]


def module_environ(root: Path = ROOT) -> dict[str, str]:
    """The environment variables for `module_command`: ours, with the import path being this source alone.

    Compiled modules are kept, also where a machine's settings say otherwise: a cell that compiles everything
    anew takes half a second longer to come back.
    """
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**ours, "PYTHONPATH": str(root)}


def enter(requirements: str, arguments: list[str], root: Path = ROOT, *, module: str = "deploy") -> None:
    """Return when the running interpreter has the requirements, else go on as another process that has: it
    runs the module with the arguments.

    Raises EnvironmentRefusedError when no environment can be made.
    """
    if Path(os.environ.get(ENTERED, "/")).resolve() == Path(sys.prefix).resolve():
        return
    lock = lock_of(requirements, root)
    try:
        absent = lockfile.missing(lock, exact=is_checkout(root))
    except lockfile.LockUnreadableError as error:
        raise EnvironmentRefusedError(f"{lock}: {error}", 2) from error
    if not absent:
        return
    place = make(requirements, lock, store(root), Progress("environment", as_json="--json" in arguments))
    python = interpreter(place)
    command = [str(python), "-P", "-m", module, *arguments]
    sys.stdout.flush()
    os.execve(python, command, {**module_environ(root), ENTERED: str(place)})  # noqa: S606 - our own interpreter


def interpreter(place: Path) -> Path:
    """The interpreter of an environment."""
    return place / "bin" / "python"


def is_whole(place: Path) -> bool:
    """Whether the environment was finished and its interpreter still exists."""
    return (place / MARK).is_file() and interpreter(place).exists()


def name_of(requirements: str, lock: Path) -> str:
    """`env-<requirements>-<hash>`; the hash covers the lock and whatever binds wheels to an interpreter."""
    digest = hashlib.sha256(lock.read_bytes())
    for part in (sys.version, sys.implementation.name, sys.base_prefix, platform.machine()):
        digest.update(b"\0" + part.encode())
    return f"env-{requirements}-{digest.hexdigest()[:12]}"


def make(requirements: str, lock: Path, folder: Path, progress: Progress) -> Path:
    """The environment for a lock, built when it is not there or not whole. Returns its folder.

    Raises EnvironmentRefusedError when it cannot be built; nothing half-made is left under the final name.
    """
    place = folder / name_of(requirements, lock)
    if is_whole(place):
        return place
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _only_one(folder / f"{place.name}.lock", progress):
            if not is_whole(place):
                _build(place, lock, progress)
    except OSError as error:
        raise EnvironmentRefusedError(
            f"the environment could not be made in {folder}: {error.strerror}"
        ) from error
    return place


def _build(place: Path, lock: Path, progress: Progress) -> None:
    making = place.with_name(f"{place.name}.making")
    for leftover in (making, place):
        if leftover.exists():
            shutil.rmtree(leftover)
    progress.started("first run only")
    try:
        with place.with_name(f"{place.name}.log").open("w", encoding="utf-8") as log:
            _install(making, lock, log, progress)
        (making / MARK).write_text(f"{place.name}\n", encoding="utf-8")
        # INVARIANT: the final name appears only here, with everything in it.
        making.rename(place)
    except BaseException:
        progress.failed()
        shutil.rmtree(making, ignore_errors=True)
        raise
    progress.ready()


def _install(making: Path, lock: Path, log: IO[str], progress: Progress) -> None:
    uv = shutil.which("uv")
    python = str(interpreter(making))
    if uv is not None:
        created = [uv, "venv", "--quiet", "--no-config", "--python", sys.executable, str(making)]
        install = [
            uv,
            "pip",
            "install",
            "--no-config",
            "--python",
            python,
            "--require-hashes",
            "-r",
            str(lock),
        ]
        if _run(created, log, progress) == 0 and _run(install, log, progress) == 0:
            return
        progress.note("uv could not install; trying pip")
        shutil.rmtree(making, ignore_errors=True)
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise EnvironmentRefusedError(
                f"this Python lacks the module {module}. On Debian and Ubuntu: apt-get install python3-venv",
                2,
            )
    install = [python, "-P", "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    steps = (
        [sys.executable, "-P", "-m", "venv", str(making)],
        [*install, "--require-hashes", "-r", str(lock)],
    )
    for step in steps:
        if _run(step, log, progress) != 0:
            raise EnvironmentRefusedError(
                f"the environment could not be made; the end of {log.name}:\n{_end_of(log)}"
            )


def _run(command: list[str], log: IO[str], progress: Progress) -> int:
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    environ["PIP_USER"] = "0"
    ends_s = time.monotonic() + INSTALL_S_MAX
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ) as process:
        try:
            while True:
                try:
                    return process.wait(timeout=1)
                except subprocess.TimeoutExpired:
                    progress.tick()
                if time.monotonic() > ends_s:
                    log.write(f"ended after {INSTALL_S_MAX} s\n")
                    return 1
        finally:
            process.kill()


def _end_of(log: IO[str], lines: int = 12) -> str:
    log.flush()
    text = Path(log.name).read_text(encoding="utf-8", errors="replace")
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:])


@contextmanager
def _only_one(path: Path, progress: Progress) -> Iterator[None]:
    if sys.platform == "win32":
        raise EnvironmentRefusedError("Colink runs on Linux and macOS", 2)
    import fcntl

    with path.open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.note("another start is making it; waiting")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
