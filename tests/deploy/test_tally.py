"""The counts of a run, and how they are shown."""

import pytest

from deploy.tally import Failure, Tally

FAILURE = Failure(
    "unit", "tests/a.py::test_a", "python -m deploy test -- tests/a.py::test_a", "assert 1 == 2"
)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard output is a terminal."""
    monkeypatch.setattr("deploy.tally.is_lively", lambda stream: True)
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_the_counts_come_last_and_alone(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()
    tally.add_passed("unit", "a", 0.1)
    tally.add_skipped("unit", "b", "")
    tally.add_failed(FAILURE)
    tally.close()
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "1 passed, 1 failed, 1 skipped"
    assert "b: no reason given" in out
    assert FAILURE.rerun in out
    assert "\x1b" not in out


@pytest.mark.parametrize(("passed", "failed", "status"), [(1, 0, 0), (0, 0, 1), (1, 1, 1)])
def test_success_is_some_passed_and_none_failed(passed: int, failed: int, status: int) -> None:
    assert Tally(passed=passed, failures=[FAILURE] * failed).exit_status() == status


@pytest.mark.usefixtures("terminal")
def test_a_terminal_shows_a_live_count_and_colours(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()
    tally.tier_started("unit", "one module at a time")
    tally.expect(7)
    tally.add_passed("unit", "a", 0.1)
    tally.add_failed(FAILURE)
    out = capsys.readouterr().out
    assert "\r\x1b[2K  unit: 1 of 7, 0 failed so far" in out
    assert "\x1b[31m  FAILED" in out


@pytest.mark.usefixtures("terminal")
def test_no_color_is_obeyed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    tally = Tally()
    tally.add_failed(FAILURE)
    tally.close()
    assert "\x1b[31m" not in capsys.readouterr().out
