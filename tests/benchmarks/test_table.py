"""Every work can be asked for by name, and the README says what it measures."""

import re
from pathlib import Path

from benchmarks.works.table import WORKS

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


def test_every_module_that_measures_is_in_the_table() -> None:
    files = (FOLDER / "works").glob("*.py")
    modules = {file.stem for file in files if "\nasync def measure(" in file.read_text(encoding="utf-8")}
    assert modules == {work.measure.__module__.rpartition(".")[2] for work in WORKS.values()}


def test_the_readme_describes_every_work_and_no_other() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", (FOLDER / "README.md").read_text(encoding="utf-8"), re.M)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(WORKS)
