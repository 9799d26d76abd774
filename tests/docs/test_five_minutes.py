"""The tutorial is run as it stands: every block, in order, against the demo that its first block starts."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy import environment
from tests.support.federation import RunningDemo

PAGE = environment.ROOT / "docs" / "tutorials" / "five-minutes.md"
PORT_BASE, TEST_BASE = 7400, 27400
_BLOCK = re.compile(r"^```(\w+)( demo)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A block to run, and what its output must hold."""

    language: str
    text: str
    expected: tuple[str, ...]


def steps(page: str) -> list[Step]:
    """The blocks of a page; a `text` block says what the one before it prints."""
    found: list[Step] = []
    for language, demo, text in _BLOCK.findall(page):
        if demo:
            continue
        if language == "text":
            found[-1] = Step(found[-1].language, found[-1].text, tuple(text.splitlines()))
        else:
            found.append(Step(language, text, ()))
    return found


def moved(text: str) -> str:
    """The text with the ports at which the test runs the demo."""
    return re.sub(r"localhost:74(\d\d)", rf"localhost:{TEST_BASE // 100}\1", text)


def run(step: Step, folder: Path, variables: dict[str, str]) -> str:
    """Run one block as a reader would. Variables that it sets are there for the next ones."""
    environ = {**environment.module_environ(), **variables}
    if step.language == "python":
        command = [sys.executable, "-P", "-c", moved(step.text)]
    else:
        script = moved(step.text).replace("python3 -m deploy", f'"{sys.executable}" -P -m deploy')
        keep = f'\nfor name in ANNA BOB; do eval "echo $name=\\$$name"; done > "{folder / "variables"}"'
        command = ["sh", "-c", script + keep]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=environ, cwd=environment.ROOT, check=False
    )
    assert done.returncode == 0, f"{step.text}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.timeout(400)
def test_every_block_of_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    variables: dict[str, str] = {}
    with RunningDemo("--port-base", str(TEST_BASE), any_port=False) as demo:
        for step in steps(PAGE.read_text(encoding="utf-8")):
            printed = run(step, tmp_path, variables)
            for expected in step.expected:
                assert expected in printed, f"{step.text}\nprinted:\n{printed}"
            kept = tmp_path / "variables"
            if kept.exists():
                pairs = (line.partition("=") for line in kept.read_text(encoding="utf-8").splitlines())
                variables = {name: value for name, _, value in pairs if value}
        assert demo.process.wait(30) == 0
    assert not os.path.exists(demo.ready["data_dir"])


def test_a_page_that_promises_too_much_is_found(tmp_path: Path) -> None:
    page = "```sh\necho one\n```\n\n```text\ntwo\n```\n"
    (step,) = steps(page)
    assert step.expected == ("two",)
    assert "two" not in run(step, tmp_path, {})
