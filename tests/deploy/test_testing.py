"""`colink test`: counts, crashes and the last line, on small trees of fake tests."""

import json
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from deploy import environment, testing, tiers
from deploy.tiers import TIERS, Tier, selection, tier_of

MIXED = """
import pytest
def test_good(): pass
def test_bad(): assert 1 == 2, "the planted fault"
def test_left_out(): pytest.skip("no moon tonight")
@pytest.fixture
def leaky():
    yield
    raise RuntimeError("in teardown")
def test_leaky(leaky): pass
@pytest.mark.xfail(reason="known")
def test_known(): assert False
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout whose `tests/` hold only a conftest: with one, pytest looks at its listeners differently."""
    write(tmp_path, "tests/conftest.py", "")
    return tmp_path


def write(root: Path, path: str, text: str) -> None:
    """Add a file, with `__init__.py` in its folder."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    (file.parent / "__init__.py").touch()
    file.write_text(text)


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    """The last line on standard output."""
    return capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(
    ("tier", "folder", "workers"),
    [("flows", "tests/flows", "1"), ("unit", "tests/edge", "1"), ("flows", "tests/flows", "2")],
    ids=["serial", "parallel", "by file"],
)
def test_every_outcome_is_counted_once_serial_and_parallel(
    tree: Path, capsys: pytest.CaptureFixture[str], tier: str, folder: str, workers: str
) -> None:
    write(tree, f"{folder}/test_mixed.py", MIXED)
    write(tree, f"{folder}/test_unreadable.py", "import no_such_module_here")
    write(tree, f"{folder}/test_absent.py", "import pytest\npytest.skip('not here', allow_module_level=True)")
    assert testing.main(["--tier", tier, "--workers", workers], tree) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "1 passed, 3 failed, 3 skipped"
    for text in (
        "no moon tonight",
        "not here",
        "expected to fail: known",
        "the planted fault",
        "in teardown",
    ):
        assert text in out
    assert f"python -m deploy test --tier {tier} -- {folder}/test_mixed.py::test_bad" in out
    assert out.count(" passed, ") == 1


def test_tests_of_a_file_run_in_one_worker_and_files_in_their_order(
    tree: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    test = f"""
import os, pytest
@pytest.mark.parametrize("number", range(5))
def test_it(number):
    with open({str(ran)!r}, "a") as file:
        file.write(f"{{__file__}} {{number}} {{os.getpid()}}\\n")
"""
    for name in "abcdef":
        write(tree, f"tests/faults/test_{name}.py", test)
    assert testing.main(["--tier", "faults", "--workers", "2"], tree) == 0
    assert last_line(capsys) == "30 passed, 0 failed, 0 skipped"
    files: dict[str, list[tuple[str, str]]] = {}
    for line in ran.read_text().splitlines():
        file, number, worker = line.split()
        files.setdefault(worker, []).append((file, number))
    assert len(files) == 2
    for rows in files.values():
        assert rows == sorted(rows)
        assert {number for _, number in rows} == set("01234")
        assert len(rows) == 5 * len({file for file, _ in rows})


def test_success_needs_a_test_that_ran(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert testing.main(["--tier", "flows"], tree) == 1
    assert last_line(capsys) == "0 passed, 0 failed, 0 skipped"
    write(tree, "tests/flows/test_a.py", "def test_good(): pass")
    assert testing.main(["--tier", "flows", "docs"], tree) == 0
    assert last_line(capsys) == "1 passed, 0 failed, 0 skipped"


def test_a_pytest_that_dies_counts_as_failed(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        tree,
        "tests/docs/test_a.py",
        "import os\ndef test_a(): pass\ndef test_b(): os._exit(0)\ndef test_c(): pass",
    )
    assert testing.main(["--tier", "docs"], tree) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "1 passed, 1 failed, 0 skipped"
    assert "2 tests without an outcome" in out


def test_a_pytest_that_dies_while_it_collects_counts_as_failed(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tree, "tests/docs/test_a.py", "import os\nos._exit(0)")
    assert testing.main(["--tier", "docs"], tree) == 1
    assert last_line(capsys) == "0 passed, 1 failed, 0 skipped"


def test_a_worker_that_dies_fails_its_test(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tree, "tests/edge/test_a.py", "import os\ndef test_a(): pass\ndef test_b(): os._exit(3)")
    assert testing.main(["--tier", "unit"], tree) == 1
    out = capsys.readouterr().out
    assert "\n  FAILED tests/edge/test_a.py::test_b\n" in out
    assert out.splitlines()[-1] == "1 passed, 1 failed, 0 skipped"


def test_a_tier_that_hangs_is_ended_and_failed(
    tree: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tree, "tests/docs/test_a.py", "import time\ndef test_a(): time.sleep(120)")
    slow = Tier("docs", ("tests/docs",), 1, 2, "hangs")
    monkeypatch.setattr(testing, "TIERS", (slow,))
    monkeypatch.setattr(testing, "GRACE_S", 1)
    assert testing.main(["--tier", "docs"], tree) == 1
    assert last_line(capsys) == "0 passed, 1 failed, 0 skipped"


def test_a_tier_may_take_longer_when_everything_runs(
    tree: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tree, "tests/docs/test_a.py", "import time\ndef test_a(): time.sleep(2)")
    patient = Tier("docs", ("tests/docs",), 1, 1, "takes its time", long_limit_s=60)
    monkeypatch.setattr(testing, "TIERS", (patient,))
    monkeypatch.setattr(testing, "GRACE_S", 1)
    assert testing.main(["--tier", "docs"], tree) == 1
    assert testing.main(["--tier", "docs", "--long"], tree) == 0


def test_an_interrupted_run_leaves_no_process_and_still_counts(tree: Path) -> None:
    write(
        tree,
        "tests/flows/test_a.py",
        """
import os, pathlib, subprocess, sys, time
def test_a(): pass
def test_b():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    pathlib.Path("pids").write_text(f"{os.getpid()} {child.pid}")
    time.sleep(60)
""",
    )
    program = (
        "import sys; from pathlib import Path; from deploy import testing; testing.GRACE_S = 2;"
        "sys.exit(testing.main(['--tier', 'flows'], Path.cwd()))"
    )
    command = [sys.executable, "-P", "-c", program]
    environ = environment.module_environ()
    with subprocess.Popen(command, cwd=tree, env=environ, stdout=subprocess.PIPE, text=True) as run:
        for _ in range(1200):
            if (tree / "pids").exists() and len((tree / "pids").read_text().split()) == 2:
                break
            time.sleep(0.1)
        run.terminate()
        out, _ = run.communicate(timeout=120)
    assert run.returncode == 130
    assert out.splitlines()[-1] == "1 passed, 0 failed, 0 skipped"
    for pid in (tree / "pids").read_text().split():
        assert not is_running(int(pid))


def is_running(pid: int) -> bool:
    """Whether a process exists and has not ended."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_faults_of_a_static_tool_are_failures(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tree, "edge/a.py", "import os\nx: int = 'text'\n")
    (tree / "pyproject.toml").write_text("[tool.mypy]\nstrict = true\nfiles = ['.']\n")
    write(tree, "tests/architecture/test_a.py", "def test_good() -> None:\n    pass\n")
    assert testing.main(["--tier", "static"], tree) == 1
    out = capsys.readouterr().out
    assert "FAILED ruff check" in out
    assert "FAILED ruff format" in out
    assert "FAILED mypy" in out
    assert out.splitlines()[-1] == "1 passed, 3 failed, 0 skipped"


def test_chosen_paths_run_alone_in_their_tier(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tree, "tests/flows/test_a.py", "def test_a(): pass\ndef test_b(): pass")
    write(tree, "tests/edge/test_c.py", "def test_c(): assert False")
    assert testing.main(["--", "tests/flows/test_a.py::test_b"], tree) == 0
    assert last_line(capsys) == "1 passed, 0 failed, 0 skipped"
    assert testing.main(["--tier", "flows", "--", "-k", "test_a and not test_b"], tree) == 0


@pytest.mark.parametrize("path", ["tests", "tests/", "."])
def test_a_path_that_belongs_to_several_tiers_is_refused(tree: Path, path: str) -> None:
    with pytest.raises(SystemExit) as refused:
        testing.main(["--", path], tree)
    assert refused.value.code == 2


@pytest.mark.parametrize("workers", ["0", "-1", "two"])
def test_a_number_of_workers_that_cannot_be_is_refused(tree: Path, workers: str) -> None:
    with pytest.raises(SystemExit) as refused:
        testing.main(["--tier", "flows", "--workers", workers], tree)
    assert refused.value.code == 2


def test_json_lines_carry_the_counts(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tree, "tests/flows/test_mixed.py", MIXED)
    assert testing.main(["--tier", "flows", "--json"], tree) == 1
    captured = capsys.readouterr()
    events = [json.loads(line) for line in captured.out.splitlines()]
    assert events[-1] == {"event": "finished", "passed": 1, "failed": 2, "skipped": 2}
    assert [event["outcome"] for event in events if event["event"] == "test"].count("failed") == 2
    assert captured.err.splitlines()[-1] == "1 passed, 2 failed, 2 skipped"


def test_long_is_told_to_the_tests(
    tree: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tree, "tests/flows/test_a.py", f"import os\ndef test_a(): assert {testing.LONG!r} in os.environ")
    monkeypatch.setenv(testing.LONG, "1")
    assert testing.main(["--tier", "flows"], tree) == 1
    assert testing.main(["--tier", "flows", "--long"], tree) == 0


def test_an_installation_without_tests_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert testing.main([], tmp_path) == 2
    assert "source checkout" in capsys.readouterr().err


def test_every_test_belongs_to_one_tier(tree: Path) -> None:
    for tier in TIERS:
        for folder in tier.folders:
            write(tree, f"{folder}/test_a.py", "")
            assert tier_of(f"{folder}/test_a.py::test_x") is tier
    assert tier_of("tests/residency_policies/test_a.py").name == "unit"
    unit = selection(TIERS[tiers.NAMES.index("unit")], tree)
    others = {folder for tier in TIERS if tier.name != "unit" for folder in tier.folders}
    assert unit == [
        "tests",
        *(f"--ignore={folder}" for tier in TIERS for folder in tier.folders if folder in others),
    ]
