"""Reading a requirements lock."""

from pathlib import Path

import pytest

from deploy.lockfile import LockUnreadableError, marker_holds, missing, pins

NAMES = {"sys_platform": "linux", "python_full_version": "3.11.7", "os_name": "posix"}
HASH = "    --hash=sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("marker", "holds"),
    [
        ("sys_platform == 'linux'", True),
        ("sys_platform != 'linux'", False),
        ("os_name == 'nt' or sys_platform == 'win32'", False),
        ("python_full_version >= '3.9' and sys_platform == 'linux'", True),
        ("python_full_version < '3.11.10'", True),
        ("(python_full_version > '3.12' or os_name == 'posix') and sys_platform == 'linux'", True),
    ],
)
def test_markers_are_evaluated(marker: str, holds: bool) -> None:
    assert marker_holds(marker, NAMES) is holds


@pytest.mark.parametrize(
    "marker", ["moon == 'full'", "__import__('os')", "sys_platform", "os_name ==", "os_name < 'nt'", "1 < 2"]
)
def test_a_marker_that_is_not_understood_is_an_error(marker: str) -> None:
    with pytest.raises(LockUnreadableError):
        marker_holds(marker, NAMES)


def test_only_pins_whose_marker_holds_count() -> None:
    text = (
        f"# made\nPsycopg_Pool==3.3.3 \\\n{HASH}\n    # via a\ncolorama==0.4 ; os_name == 'nt' \\\n{HASH}\n"
    )
    assert pins(text, NAMES) == {"psycopg-pool": "3.3.3"}


@pytest.mark.parametrize("line", ["fastapi>=0.1", "-r other.in", "a @ file:///b", "--index-url x"])
def test_a_line_that_is_not_understood_is_an_error(line: str) -> None:
    with pytest.raises(LockUnreadableError):
        pins(line, NAMES)


def test_another_version_is_missing_only_when_versions_must_match(tmp_path: Path) -> None:
    lock = tmp_path / "base.lock"
    lock.write_text("pytest==0.0.1\nno-such-distribution-here==1\n")
    assert missing(lock, exact=True) == ["pytest==0.0.1", "no-such-distribution-here==1"]
    assert missing(lock, exact=False) == ["no-such-distribution-here==1"]
