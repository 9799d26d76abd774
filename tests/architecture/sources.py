"""The files that the rules of the house are about."""

import ast
import os
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PLANES = ("directory", "edge", "regional_cell")
PACKAGES = ("accord", "deploy", *PLANES, "residency_policies")
GENERATED = "accord/wire"


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the project, relative to the root: those git tracks or would track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=30).stdout
    except (OSError, subprocess.CalledProcessError):
        # An unpacked archive, or a checkout that belongs to another user, which git refuses to read.
        return tuple(sorted(walked(ROOT)))
    names = {Path(name.decode()) for name in listed.split(b"\0") if name}
    return tuple(sorted(name for name in names if (ROOT / name).is_file()))


def walked(root: Path) -> Iterator[Path]:
    """Every file below root, relative to it, without what the tools make."""
    made = {"__pycache__", "build", "dist"}
    for folder, folders, files in os.walk(root):
        here = Path(folder).relative_to(root)
        folders[:] = [name for name in folders if name == ".ci" or (name not in made and name[0] != ".")]
        yield from (here / name for name in files if not name.endswith(".pyc"))


def modules(*folders: str) -> Iterator[tuple[str, str]]:
    """Path and text of every hand-written Python file below the folders."""
    for name in tracked():
        inside = any(name.is_relative_to(folder) for folder in folders)
        if inside and name.suffix == ".py" and not name.is_relative_to(GENERATED):
            yield name.as_posix(), (ROOT / name).read_text(encoding="utf-8")


def parse(text: str) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(text)


def pyproject() -> dict[str, Any]:
    """The project's own description."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
