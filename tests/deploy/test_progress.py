"""A long step, as people and programs see it."""

import io
import json

import pytest

from deploy.progress import LINE_S, Progress, is_lively


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        """The time it was set to."""
        return self.now_s


def test_away_from_a_terminal_lines_are_plain_and_few(capsys: pytest.CaptureFixture[str]) -> None:
    watch = Watch()
    step = Progress("environment", as_json=False, monotonic_s=watch)
    step.started("first run only")
    for second in range(1, 2 * int(LINE_S) + 1):
        watch.now_s = float(second)
        step.tick()
    step.ready()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "  environment      making (first run only)",
        "  environment      making, 15 s",
        "  environment      making, 30 s",
        "  environment      ready, 30 s",
    ]


def test_on_a_terminal_the_line_is_rewritten(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.progress.is_lively", lambda stream: True)
    step = Progress("environment", as_json=False)
    step.tick()
    step.tick()
    err = capsys.readouterr().err
    assert "\n" not in err
    assert err.count("\r") == 2


def test_json_steps_have_the_members_of_the_demo(capsys: pytest.CaptureFixture[str]) -> None:
    step = Progress("environment", as_json=True, monotonic_s=Watch())
    step.started("first run only")
    step.failed()
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["state"] for row in rows] == ["started", "failed"]
    assert all(set(row) == {"event", "name", "of", "state", "took_s", "detail"} for row in rows)


def test_only_a_terminal_that_is_not_dumb_is_lively(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    assert is_lively(Terminal())
    assert not is_lively(io.StringIO())
    monkeypatch.setenv("TERM", "dumb")
    assert not is_lively(Terminal())
