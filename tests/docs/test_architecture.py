"""What ARCHITECTURE.md names is there: files, tests, and all five headings of every decision."""

import re
from collections.abc import Iterable, Iterator

from tests.architecture.sources import PACKAGES, ROOT, tracked

PAGE = ROOT / "ARCHITECTURE.md"
HEADINGS = ("Context", "Decision", "Why", "Cost", "Look again")
TOPS = (*PACKAGES, "docs", "proto", "tests", "benchmarks")
_QUOTED = re.compile(r"`([^`\n]+)`")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def quoted(text: str) -> list[str]:
    """What stands in code marks, outside of drawings."""
    return _QUOTED.findall(_FENCED.sub("", text))


def missing_files(words: Iterable[str], files: Iterable[str]) -> Iterator[str]:
    """Paths below a folder of the project that lead to no file and no folder."""
    known = set(files)
    folders = {"/".join(file.split("/")[:depth]) for file in known for depth in range(1, file.count("/") + 1)}
    for word in words:
        path = word.partition("::")[0].rstrip("/")
        if word.partition("/")[0] in TOPS and path not in known and path not in folders:
            yield word


def missing_tests(words: Iterable[str]) -> Iterator[str]:
    """Tests that their file does not have."""
    for word in words:
        file, found, name = word.partition("::")
        path = ROOT / file
        text = path.read_text(encoding="utf-8") if found and path.is_file() else ""
        if found and not re.search(rf"^ *(?:async )?def {re.escape(name)}\(", text, re.MULTILINE):
            yield word


def untested(text: str) -> Iterator[str]:
    """Rows of the tables of invariants that name no module or no test."""
    part = text.partition("## Invariants")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in part.splitlines() if line.startswith("| ") and "---" not in line]
    for invariant, *cells in rows:
        kept, held = cells[0], cells[-1]
        if kept != "kept by" and not ("`" in kept and "::test_" in held):
            yield invariant


def incomplete(text: str) -> Iterator[str]:
    """Decisions that do not say all five things, in order, each once."""
    part = text.partition("## Decisions\n")[2].partition("\n## ")[0]
    for decision in part.split("\n### ")[1:]:
        if re.findall(r"^- \*\*([^*]+):\*\*", decision, re.MULTILINE) != list(HEADINGS):
            yield decision.partition("\n")[0]


def test_every_file_that_is_named_exists() -> None:
    words = quoted(PAGE.read_text(encoding="utf-8"))
    assert len(words) > 100
    assert not list(missing_files(words, [file.as_posix() for file in tracked()]))


def test_every_test_that_is_named_exists() -> None:
    words = quoted(PAGE.read_text(encoding="utf-8"))
    assert sum("::test_" in word for word in words) > 60
    assert not list(missing_tests(words))


def test_every_invariant_has_a_module_and_a_test() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"| {number}. " in text for number in range(1, 9))
    assert not list(untested(text))


def test_every_decision_says_five_things() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("\n### ") > 20
    assert not list(incomplete(text))


def test_what_is_not_there_is_found() -> None:
    assert list(missing_files(["edge/nowhere.py", "edge/domain", "other/x"], ["edge/domain/routes.py"])) == [
        "edge/nowhere.py"
    ]
    here = "tests/docs/test_architecture.py::"
    assert list(missing_tests([f"{here}test_nothing", f"{here}test_what_is_not_there_is_found"])) == [
        f"{here}test_nothing"
    ]
    rows = "## Invariants\n| a | `b.py` | `c.py::test_d` |\n| e | `f.py` | soon |\n"
    assert list(untested(rows)) == ["| e"]
    said = "".join(f"- **{heading}:** x\n" for heading in HEADINGS)
    assert list(incomplete(f"## Decisions\n\n### One\n{said}\n### Two\n- **Context:** x\n")) == ["Two"]
