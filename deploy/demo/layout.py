"""Where things of a demo are: one data folder, a folder for each process below it.

demo.json                   mark and facts of the demo (no secrets)
trust/<domain>.pem          authorities that every process knows
authorities/<domain>/       the authorities' own keys (0600); only the demo's process reads them
directory/ cells/<name>/ edges/<name>/   configuration, secrets (0600) and data of one process
logs/<name>.log  run/       what processes wrote; the control socket
ledger-keys.json            public ledger key of each cell, for `colink ledger verify`
secrets.json load.json      tokens and passwords of the ready line (0600)
"""

import fcntl
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

MARK = "demo.json"
PREFIX = "colink-demo-"


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of one demo."""

    data_dir: Path

    def make(self) -> None:
        """Create the folders, readable by this user alone."""
        for folder in (self.data_dir, self.trust, self.logs, self.run, self.data_dir / "authorities"):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)

    @property
    def trust(self) -> Path:
        """Authorities by trust domain."""
        return self.data_dir / "trust"

    @property
    def logs(self) -> Path:
        """One file a process."""
        return self.data_dir / "logs"

    @property
    def run(self) -> Path:
        """Sockets."""
        return self.data_dir / "run"

    @property
    def control(self) -> Path:
        """The control socket."""
        return self.run / "control.sock"

    def node(self, kind: str, name: str) -> Path:
        """Folder of one process; `kind` is directory, cells or edges."""
        return self.data_dir / kind / name if kind != "directory" else self.data_dir / "directory"

    def data_of(self, kind: str, name: str) -> Path:
        """Where one process keeps its data."""
        return self.node(kind, name) / "data"

    def log(self, name: str) -> Path:
        """What a process wrote."""
        return self.logs / f"{name.replace('/', '-')}.log"


def write_secret(path: Path, data: bytes) -> None:
    """Write a file that only this user can read; never readable in between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def temporary() -> Path:
    """A new folder for a demo that keeps nothing. Its path is short, for the sockets in it."""
    return Path(tempfile.mkdtemp(prefix=PREFIX))


def hold(data_dir: Path) -> int | None:
    """Take a data folder for this process alone, until it ends or closes the descriptor that is returned.

    None: another process has it. The folder exists.
    """
    descriptor = os.open(data_dir, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def leftovers() -> list[Path]:
    """Folders of demos that were ended without a chance to clean up."""
    found = Path(tempfile.gettempdir()).glob(f"{PREFIX}*")
    return [folder for folder in found if (folder / MARK).is_file() and folder.stat().st_uid == os.getuid()]
