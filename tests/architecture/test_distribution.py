"""What is installed is pinned by hash, and what is shipped is the packages and nothing else."""

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.lockfile import marker_names, pins
from tests.architecture.sources import PACKAGES, ROOT, pyproject, tracked

LOCKS = ("base", "test", "benchmarks")
EXTRAS = LOCKS[1:]
SHIPPED_LOCK = "deploy/requirements/base.lock"


def lock_faults(text: str) -> Iterator[str]:
    """Pins without a hash, and lines that carry an address or an option of the installer."""
    blocks = re.split(r"\n(?=\S)", text.strip())
    for block in blocks:
        first = block.splitlines()[0]
        if "://" in block or first.startswith("-"):
            yield f"an address or an option: {first}"
        elif not first.startswith("#") and not re.search(r"--hash=sha256:[0-9a-f]{64}", block):
            yield f"no hash: {first}"


def direct(lines: Iterable[str]) -> set[str]:
    """The requirements among the lines of a `.in` file."""
    return {line.strip() for line in lines if line.strip() and not line.startswith(("#", "-"))}


def wheel_faults(names: Iterable[str], wanted: Iterable[str]) -> Iterator[str]:
    """Files that a wheel lacks, and files that it should not have."""
    present = {name for name in names if not name.partition("/")[0].endswith(".dist-info")}
    yield from (f"lacks {name}" for name in sorted(set(wanted) - present))
    yield from (f"should not hold {name}" for name in sorted(present - set(wanted)))


@pytest.mark.parametrize("name", LOCKS)
def test_locks_pin_by_hash_and_carry_no_address(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
    assert len(pins(text, marker_names())) > 20
    assert not list(lock_faults(text))


def test_the_project_and_the_requirements_name_the_same() -> None:
    project = pyproject()["project"]
    listed = {name: (ROOT / "requirements" / f"{name}.in").read_text().splitlines() for name in LOCKS}
    assert direct(listed["base"]) == set(project["dependencies"])
    for extra in EXTRAS:
        assert direct(listed[extra]) == set(project["optional-dependencies"][extra])


def test_the_locks_agree_and_pin_every_requirement() -> None:
    base, *others = (
        pins((ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8"), marker_names())
        for name in LOCKS
    )
    for other in others:
        assert base.items() <= other.items()
    wanted = direct((ROOT / "requirements" / "base.in").read_text().splitlines())
    assert {re.split(r"[\[<>=]", line)[0] for line in wanted} <= base.keys()


def test_the_wheel_ships_the_packages_and_nothing_else(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    wanted = [file.as_posix() for file in tracked() if file.parts[0] in PACKAGES]
    assert not list(wheel_faults(names, [*wanted, SHIPPED_LOCK]))


def node_lock_faults(lock: dict[str, Any]) -> Iterator[str]:
    """Packages for Node without a hash, with an address, or not pinned."""
    for name, package in lock["packages"].items():
        if "://" in json.dumps(package):
            yield f"an address: {name}"
        if name and not package.get("integrity", "").startswith("sha512-"):
            yield f"no hash: {name}"
    wanted = lock["packages"][""]["dependencies"]
    yield from (f"not pinned: {name}" for name, version in wanted.items() if not version[0].isdigit())


def test_the_lock_for_node_pins_by_hash_and_carries_no_address() -> None:
    folder = ROOT / "requirements" / "node"
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    assert len(lock["packages"]) > 20
    assert lock["packages"][""]["dependencies"] == package["dependencies"]
    assert not list(node_lock_faults(lock))


def test_a_faulty_lock_for_node_is_found() -> None:
    good = {"integrity": "sha512-AA=="}
    moved = {**good, "resolved": "https" + "://example.org/c.tgz"}
    packages = {"": {"dependencies": {"a": "^1.0.0"}}, "a": good, "b": {}, "c": moved}
    assert sorted(node_lock_faults({"packages": packages})) == [
        "an address: c",
        "no hash: b",
        "not pinned: a",
    ]


def test_a_faulty_lock_is_found() -> None:
    good = "a==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n    # via b\n"
    assert not list(lock_faults(good))
    assert list(lock_faults(good + "b==2.0\n")) == ["no hash: b==2.0"]
    assert list(lock_faults("--index-url somewhere\n" + good))
    assert list(lock_faults(good + "c @ https" + "://example.org/c.whl\n"))


def test_a_faulty_wheel_is_found() -> None:
    found = list(
        wheel_faults(
            ["edge/a.py", "tests/test_a.py", "colink-1.dist-info/METADATA"], ["edge/a.py", "edge/b.yaml"]
        )
    )
    assert found == ["lacks edge/b.yaml", "should not hold tests/test_a.py"]
