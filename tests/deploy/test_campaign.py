"""The record of a campaign: what tests injected, checked and found comes to one line and one file."""

import json
from pathlib import Path

import pytest

from deploy import testing
from tests.deploy.test_testing import write

RECORDING = """
from tests.support import campaign
def test_one(): campaign.record("F01", injected=2, operations=10, violations=0, seconds=1.5)
def test_other(): campaign.record("F08", injected=1, operations=5, violations=0, seconds=0.5)
"""
WRONG = """
import os
from pathlib import Path
def test_wrong():
    with Path(os.environ["DEPLOY_TEST_CAMPAIGN"]).open("a") as file:
        file.write("no record\\n")
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout with the support that records."""
    here = Path(__file__).parents[2]
    for name in (
        "tests/support/campaign.py",
        "deploy/campaign.py",
        "deploy/environment.py",
        "deploy/tally.py",
    ):
        write(tmp_path, name, (here / name).read_text("utf-8"))
    for name in ("deploy/lockfile.py", "deploy/progress.py"):
        write(tmp_path, name, (here / name).read_text("utf-8"))
    write(tmp_path, "pyproject.toml", "")
    (tmp_path / "requirements").mkdir()
    return tmp_path


def files(tree: Path) -> list[Path]:
    """The records that were kept."""
    return sorted((tree / ".colink" / "campaigns").glob("*.jsonl"))


def test_what_tests_injected_is_summed_up_and_kept(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tree, "tests/flows/test_faults.py", RECORDING)
    assert testing.main(["--tier", "flows"], tree) == 0
    *_, line, last = capsys.readouterr().out.splitlines()
    assert line == "3 faults injected (of 2 kinds), 15 operations checked, 0 violations"
    assert last == "2 passed, 0 failed, 0 skipped"
    (path,) = files(tree)
    first, one, other, totals = (json.loads(text) for text in path.read_text("utf-8").splitlines())
    assert first["long"] is False
    assert one == {
        "fault": "F01",
        "test": "tests/flows/test_faults.py::test_one",
        "injected": 2,
        "operations": 10,
        "violations": 0,
        "seconds": 1.5,
    }
    assert other["fault"] == "F08"
    assert totals == {"totals": {"injected": 3, "kinds": 2, "operations": 15, "violations": 0}}


def test_json_tells_the_totals_in_an_event(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tree, "tests/flows/test_faults.py", RECORDING)
    assert testing.main(["--tier", "flows", "--json"], tree) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (told,) = [event for event in events if event["event"] == "campaign"]
    assert (told["injected"], told["kinds"], told["path"]) == (3, 2, str(files(tree)[0]))


def test_a_run_without_faults_leaves_no_record(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tree, "tests/flows/test_good.py", "def test_good(): pass")
    assert testing.main(["--tier", "flows"], tree) == 0
    assert "injected" not in capsys.readouterr().out
    assert files(tree) == []


def test_a_record_that_cannot_be_read_is_a_failure(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tree, "tests/flows/test_wrong.py", WRONG)
    assert testing.main(["--tier", "flows"], tree) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 1 failed, 0 skipped"


def test_old_records_are_thrown_away(tree: Path) -> None:
    folder = tree / ".colink" / "campaigns"
    folder.mkdir(parents=True)
    for number in range(30):
        (folder / f"2020{number:04d}.jsonl").touch()
    write(tree, "tests/flows/test_faults.py", RECORDING)
    assert testing.main(["--tier", "flows"], tree) == 0
    kept = files(tree)
    assert len(kept) == 21
    assert kept[0].name == "20200010.jsonl"


def test_without_a_campaign_nothing_is_recorded(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.support import campaign

    monkeypatch.delenv("DEPLOY_TEST_CAMPAIGN", raising=False)
    campaign.record("F01", injected=1, operations=1, violations=0, seconds=0.1)
    assert files(tree) == []
