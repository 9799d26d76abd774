"""`colink audit`: says what holds, names what does not, shows where, and refuses what it cannot judge."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import environment
from deploy.audit.command import main
from tests.deploy.audit.world import World
from tests.deploy.audit.wrong_reads import lose
from tests.deploy.audit.wrong_streams import drop_event


@pytest.fixture
def lawful(tmp_path: Path) -> Path:
    """A file in which nothing is wrong."""
    path = tmp_path / "lawful.jsonl"
    World(7).recorder.write(path)
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """One that lacks a message and an event."""
    lines = World(7).lines()
    assert lose(lines, random.Random(1))
    assert drop_event(lines, random.Random(1))
    path = tmp_path / "broken.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_a_lawful_history_is_said_to_hold(lawful: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(lawful)]) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == f"{lawful}: holds"
    assert "acknowledged" in rest[0]


def test_a_violation_is_shown_with_its_lines_and_its_place(
    lawful: Path, broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(lawful), str(broken)]) == 1
    out = capsys.readouterr().out
    assert f"{broken}: BREAKS I01 I06 I15" in out
    assert "I01 (no acknowledged write is lost), A2" in out
    assert "was acknowledged and is not there" in out
    table = out[out.index("was acknowledged and is not there") :].splitlines()
    (row,) = [line for line in table[:20] if line.startswith("    >")]
    assert row.endswith("-"), "the read among the lines does not show it"
    lines = broken.read_text(encoding="utf-8").splitlines()
    number, text = table[1].strip().split(": ", 1)
    assert lines[int(number) - 1].startswith(text.removesuffix(" ..."))


def test_json_has_one_object_for_each_history(
    lawful: Path, broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--json", str(lawful), str(broken)]) == 1
    holds, breaks = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (holds["holds"], holds["violations"]) == (True, [])
    assert breaks["invariants"] == ["I01", "I06", "I15"], "what is not read is found and counted"
    assert {violation["check"] for violation in breaks["violations"]} == {"A2", "A8", "A13"}
    assert breaks["counts"]["I01 A2"] == 1


@pytest.mark.parametrize("text", ["not json\n", '{"i": 1}\n'])
def test_what_is_no_history_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text, encoding="utf-8")
    assert main([str(path)]) == 2
    assert main([str(tmp_path / "absent.jsonl")]) == 2
    assert f"{path}:1:" in capsys.readouterr().err


def test_books_that_do_not_agree_break_the_history(
    lawful: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = tmp_path / "cells" / "de-fra" / "data" / "ledger"
    book.mkdir(parents=True)
    (book / "checkpoint").write_text("nothing of the kind", encoding="utf-8")
    (tmp_path / "ledger-keys.json").write_text("{}", encoding="utf-8")
    assert main([str(lawful), "--books", str(tmp_path)]) == 1
    assert "I17 (both books of a crossing agree" in capsys.readouterr().out
    (tmp_path / "ledger-keys.json").unlink()
    assert main([str(lawful), "--books", str(tmp_path)]) == 2


def test_auditing_needs_the_standard_library_alone(lawful: Path, tmp_path: Path) -> None:
    program = (
        f"import sys; from deploy import commands; status = commands.main(['audit', {str(lawful)!r}]);"
        "print(status, {m.partition('.')[0] for m in sys.modules} - {*sys.stdlib_module_names, '__main__'})"
    )
    ran = subprocess.run(
        # `-S` leaves the installed distributions out.
        [sys.executable, "-P", "-S", "-c", program],
        cwd=tmp_path,
        env=environment.module_environ(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.stdout.splitlines()[-1] == "0 {'deploy'}", ran.stderr
