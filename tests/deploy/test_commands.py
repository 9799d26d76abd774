"""The `colink` command: its verbs, its refusals, its exit statuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import commands, environment
from deploy.commands import VERBS, Verb


def colink(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a process."""
    command = environment.module_command("deploy", *arguments)
    environ = environment.module_environ()
    return subprocess.run(
        command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=30, check=False
    )


def test_an_old_python_is_refused_with_a_sentence(tmp_path: Path) -> None:
    program = (
        "import sys, runpy; sys.version_info = (3, 10, 4, 'final', 0); sys.argv = ['colink', 'demo'];"
        "runpy.run_module('deploy', run_name='__main__')"
    )
    command = [sys.executable, "-P", "-c", program]
    environ = environment.module_environ()
    ran = subprocess.run(
        command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=30, check=False
    )
    assert ran.returncode == 2
    assert ran.stderr == "colink: Python 3.11 or newer is needed; this is 3.10.4.\n"


def test_the_way_to_an_environment_needs_the_standard_library_only(tmp_path: Path) -> None:
    program = (
        "import sys; from deploy import __main__, commands, doctor;"
        "print({m.partition('.')[0] for m in sys.modules} - {*sys.stdlib_module_names, '__main__'})"
    )
    # `-S` leaves the installed distributions out.
    command = [sys.executable, "-P", "-S", "-c", program]
    environ = environment.module_environ()
    ran = subprocess.run(
        command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=30, check=False
    )
    assert ran.stdout.strip() == "{'deploy'}", ran.stderr


def test_help_lists_what_is_there_and_nothing_else(tmp_path: Path) -> None:
    ran = colink("--help", cwd=tmp_path)
    assert ran.returncode == 0
    listed = {line.split()[0] for line in ran.stdout.splitlines() if line.startswith("  ")}
    assert listed == {verb.name for verb in VERBS if commands.is_present(verb)}
    assert {"test", "doctor"} <= listed


def test_an_unknown_verb_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    ran = colink("dance", cwd=tmp_path)
    assert ran.returncode == 2
    assert "no verb 'dance'" in ran.stderr
    assert ran.stdout == ""


def test_a_verb_without_its_module_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = (
        Verb("dance", "deploy.no_such_folder.dance", None, "dances"),
        Verb("sing", "deploy.sing", None, "sings"),
    )
    monkeypatch.setattr(commands, "VERBS", absent)
    assert "dance" not in commands.usage()
    assert commands.main(["dance"]) == 2
    assert commands.main(["sing"]) == 2


def test_a_refusal_and_an_interruption_have_their_exit_statuses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(requirements: str, arguments: list[str]) -> None:
        raise environment.EnvironmentRefusedError("no room", 2)

    def interrupt(requirements: str, arguments: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "enter", refuse)
    assert commands.main(["test"]) == 2
    assert capsys.readouterr().err == "colink: no room\n"
    monkeypatch.setattr(environment, "enter", interrupt)
    assert commands.main(["test"]) == 130


def test_doctor_names_every_finding_with_a_state(tmp_path: Path) -> None:
    ran = colink("doctor", "--json", cwd=tmp_path)
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    assert {"system", "python", "installer", "environment base", "memory", "disk"} <= {
        row["name"] for row in found
    }
    assert ran.returncode == (1 if "bad" in {row["state"] for row in found} else 0)
