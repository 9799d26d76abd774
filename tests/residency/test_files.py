"""Whatever a federation writes is of a kind that declares its data class, and lies where that says."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs import stores
from tests.architecture.sources import ROOT
from tests.residency.planting import Planted
from tests.support.federation import RunningDemo, processes_below

# Written when there is something to write: not by every federation.
SOMETIMES = {"cells/*/data/ledger/**", "load.json", "logs/*", "sessions/*"}
O_ACCMODE = 3


def files(folder: Path) -> list[str]:
    """Every file and socket below a folder."""
    return [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if not path.is_dir()]


def written_elsewhere(pid: int, folder: Path) -> Iterator[str]:
    """Regular files that a process has open for writing outside a folder."""
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(link)
            flags = int(
                (link.parents[1] / "fdinfo" / link.name).read_text("ascii").split("flags:")[1].split()[0], 8
            )
            if os.readlink(link) != target:  # another file by now, under the same number
                continue
        except OSError:  # closed meanwhile
            continue
        if target.startswith("/") and flags & O_ACCMODE and not target.startswith(("/dev/", f"{folder}/")):
            yield target


def test_every_file_is_of_one_declared_kind(demo: RunningDemo, planted: Planted) -> None:
    there, known = files(demo.data_dir), stores.declared(ROOT).files
    assert stores.strangers(there, known) == []
    unseen = {kind.pattern for kind in known if not any(kind.is_of(path) for path in there)}
    assert unseen <= SOMETIMES, "no federation writes these"


def test_a_file_that_nobody_declared_is_found(demo: RunningDemo) -> None:
    folder = demo.data_dir / "cells" / "de-fra" / "data"
    (folder / "notes.txt").write_text("left behind", encoding="utf-8")
    try:
        assert stores.strangers(files(demo.data_dir), stores.declared(ROOT).files) == [
            "cells/de-fra/data/notes.txt"
        ]
    finally:
        (folder / "notes.txt").unlink()


@pytest.mark.skipif(not Path("/proc/self/fdinfo").is_dir(), reason="open files are seen on Linux")
def test_no_process_writes_outside_of_its_federation(
    demo: RunningDemo, planted: Planted, tmp_path: Path
) -> None:
    # Not those of the ready line: a test before this one may have started some of them anew.
    pids = processes_below(f"{demo.data_dir}/")
    assert len(pids) >= len(demo.ready["cells"]) + len(demo.ready["edges"]) + 1
    for pid in pids:
        assert list(written_elsewhere(pid, demo.data_dir)) == []
    with (tmp_path / "aside").open("w", encoding="utf-8"):
        assert str(tmp_path / "aside") in list(written_elsewhere(os.getpid(), demo.data_dir))
