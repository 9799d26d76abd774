"""The pages of docs/reference are what the code says today."""

import shutil
import sys
from pathlib import Path

import pytest

from docs import acceptance, clients, faults, generate, invariants, settings
from tests.architecture.sources import PACKAGES, ROOT, modules
from tests.docs.test_architecture import missing_tests
from tests.support import official

# argparse words its help a little differently in each version of Python; the page has that of the oldest.
HELP_VERSION = (3, 11)
GLOSSARY = ROOT / "docs" / "reference" / "glossary.md"


def stale(folder: Path, names: list[str]) -> list[str]:
    """Pages below the folder that the code would write otherwise."""
    return [name for name in names if (folder / name).read_text(encoding="utf-8") != generate.PAGES[name]()]


def pages() -> list[str]:
    """Pages that can be compared under this version of Python."""
    return [
        name for name in generate.PAGES if name != "reference/cli.md" or sys.version_info[:2] == HELP_VERSION
    ]


def test_every_page_is_what_the_code_says() -> None:
    assert not stale(ROOT / "docs", pages()), "run `make reference`"


def test_a_page_that_is_behind_is_found(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs" / "reference", tmp_path / "reference")
    page = tmp_path / "reference" / "errors.md"
    page.write_text(page.read_text(encoding="utf-8").replace("429", "430", 1), encoding="utf-8")
    assert stale(tmp_path, ["reference/errors.md", "reference/events.md"]) == ["reference/errors.md"]


def test_every_page_of_the_reference_is_made_or_is_the_glossary() -> None:
    docs = ROOT / "docs"
    there = {path.relative_to(docs).as_posix() for path in (docs / "reference").rglob("*.*")}
    assert there == {name for name in generate.PAGES if name.startswith("reference/")} | {
        "reference/glossary.md"
    }


def test_a_setting_without_a_meaning_and_a_meaning_without_a_setting_are_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs" / "settings.toml").read_text(encoding="utf-8")
    monkeypatch.setattr(settings, "DOCS", tmp_path)
    (tmp_path / "settings.toml").write_text(text.replace('"writer.batch_max"', '"writer.batch"'), "utf-8")
    with pytest.raises(KeyError, match="batch_max"):
        settings.settings()
    (tmp_path / "settings.toml").write_text(text + '"calls.patience_ms" = "of a saint"\n', "utf-8")
    with pytest.raises(KeyError, match="patience_ms"):
        settings.settings()


def test_every_test_that_holds_an_invariant_exists() -> None:
    named = [test for tests in invariants.held(ROOT).values() for test in tests]
    assert len(named) > 150
    assert not list(missing_tests(named))


def test_every_test_that_shows_a_socket_client_exists() -> None:
    named = [f"{clients.SOCKET_SUITE}::{test}" for _, test in official.SOCKETS.values()]
    assert not list(missing_tests(named))


def test_an_invariant_without_a_test_is_a_fault() -> None:
    text = '"""A.\n\nInvariants\n    1. One holds,\n       always.\n    2. Two holds.\n\nNot here: b.\n"""\n'
    assert invariants.invariants_of(text) == ["One holds, always.", "Two holds."]
    assert not invariants.invariants_of('"""A."""\n')
    with pytest.raises(KeyError, match=r"a\.py"):
        invariants.parts([("a.py", ["One holds."])], {})
    with pytest.raises(KeyError, match=r"b\.py"):
        invariants.parts([("a.py", ["One holds."])], {"a.py": ["t.py::test_a"], "b.py": ["t.py::test_b"]})


MARKED = """
@pytest.mark.fault("F01")
@pytest.mark.parametrize("s", [3, pytest.param(90, marks=pytest.mark.long)])
def test_a(s):
    'It  holds.'
@pytest.mark.parametrize("h", [pytest.param(1, marks=pytest.mark.fault("F02", "F03"))])
@pytest.mark.long
async def test_b(h):
    'So does it.'
"""
ROW = faults.Entry("a fault", "nothing", "a loss")


def test_a_test_is_listed_under_each_fault_that_it_names() -> None:
    found = [(one.number, one.test, one.asserted, one.when) for one in faults.injections_of(MARKED, "t.py")]
    assert found == [
        ("F01", "t.py::test_a", "It holds.", faults.BOTH),
        ("F02", "t.py::test_b", "So does it.", faults.ASKED),
        ("F03", "t.py::test_b", "So does it.", faults.ASKED),
    ]
    assert not list(faults.injections_of("def test_c(): pass", "t.py"))


@pytest.mark.parametrize(
    ("entries", "tests", "fault"),
    [
        ({"F01": ROW, "F02": ROW}, [("F01", "t.py::test_a", "It holds.")], "F02"),
        ({"F01": ROW}, [("F01", "t.py::test_a", "It holds."), ("F09", "t.py::test_b", "It holds.")], "F09"),
        ({"F01": ROW}, [("F01", "t.py::test_a", "")], "test_a"),
    ],
)
def test_faults_and_their_tests_are_equal(
    entries: dict[str, faults.Entry], tests: list[tuple[str, str, str]], fault: str
) -> None:
    with pytest.raises(KeyError, match=fault):
        faults.parts(entries, [faults.Injection(*test, faults.ORDINARY) for test in tests])


def test_a_fault_that_cannot_be_injected_yet_says_why() -> None:
    parts = faults.parts({"F12": faults.Entry("a", "b", "c", "nothing moves yet")}, [])
    assert parts[-1] == "* F12: nothing moves yet"


def test_what_shows_a_row_of_acceptance_is_there_and_nothing_stands_alone() -> None:
    rows = acceptance.entries(ROOT)
    assert [row.number for row in rows.values()] == [*range(1, 10), 13, 14]
    whole = acceptance.parts(ROOT, rows)[0]
    assert whole.count("::test_") == sum(len(row.tests) for row in rows.values())
    million = (
        "tests/residency_policies/test_million.py::test_table_interpreter_and_cedar_agree_on_a_million_points"
    )
    assert acceptance.shown_by(ROOT, million) == faults.BOTH
    for row, fault in (
        (acceptance.Entry(1, "it holds", ("tests/docs/test_reference.py::test_none",)), "test_none"),
        (acceptance.Entry(1, "it holds", ("tests/docs/no_file.py::test_it",)), "no_file"),
        (acceptance.Entry(1, "it holds", (), ("nothing",)), "the work nothing"),
        (acceptance.Entry(1, "it holds", ()), "nothing shows one"),
    ):
        with pytest.raises(KeyError, match=fault):
            acceptance.parts(ROOT, {"one": row})


def words() -> list[str]:
    """The words that the glossary explains."""
    rows = [line for line in GLOSSARY.read_text(encoding="utf-8").splitlines() if line.startswith("| **")]
    return [row.split("**")[1] for row in rows]


def unused(listed: list[str], source: str) -> list[str]:
    """Words that no module says."""
    return [word for word in listed if word.lower().replace("_", " ") not in source]


def test_the_glossary_explains_words_that_the_code_uses_each_once() -> None:
    source = " ".join(text.replace("_", " ") for _, text in modules(*PACKAGES, "tests/support"))
    assert len(words()) > 40
    assert sorted(set(words())) == sorted(words())
    assert not unused(words(), " ".join(source.lower().split()))


def test_a_word_that_nobody_uses_is_found() -> None:
    assert unused(["cell", "flux capacitor"], "a cell is home") == ["flux capacitor"]
