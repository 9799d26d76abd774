"""The official Node clients: installed from the lock in `requirements/node`, where Node is present.

Standard library only: `.ci/run` calls it before there is an environment.

Usage: python -P -m tests.support.node_install
"""

import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy import environment

NODE_MIN = 20
INSTALL_S_MAX = 300
LOCKED = environment.ROOT / "requirements" / "node"
OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")


class NodeAbsentError(Exception):
    """The Node clients cannot be had here; the text says why."""


def node() -> str:
    """The interpreter. Raises NodeAbsentError."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        raise NodeAbsentError("Node is not on this machine (node and npm are wanted)")
    said = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=30, check=False)
    version = re.match(r"v(\d+)\.", said.stdout)
    if version is None or int(version[1]) < NODE_MIN:
        raise NodeAbsentError(f"Node is older than {NODE_MIN}: {said.stdout.strip() or said.stderr.strip()}")
    return found


def install() -> Path:
    """The folder of modules, made by `npm ci` when it is not there. Raises NodeAbsentError."""
    digest = hashlib.sha256((LOCKED / "package-lock.json").read_bytes())
    digest.update(node().encode())
    place = environment.store() / f"node-{digest.hexdigest()[:12]}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(place.with_suffix(".lock")):
        if not (place / "node_modules").is_dir():
            _build(place)
    return place / "node_modules"


def _build(place: Path) -> None:
    making = place.with_suffix(".making")
    shutil.rmtree(making, ignore_errors=True)
    shutil.rmtree(place, ignore_errors=True)
    making.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LOCKED / name, making / name)
    try:
        done = subprocess.run(
            ["npm", "ci", *OPTIONS],
            cwd=making,
            capture_output=True,
            text=True,
            timeout=INSTALL_S_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NodeAbsentError(f"npm ci took more than {INSTALL_S_MAX} s") from None
    if done.returncode != 0:
        shutil.rmtree(making, ignore_errors=True)
        raise NodeAbsentError(
            "npm ci failed: " + (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        )
    making.rename(place)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    with path.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{install()}\n")
    except NodeAbsentError as why:
        raise SystemExit(f"node clients: {why}") from None
