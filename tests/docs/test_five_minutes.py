"""The tutorial is run as it stands: every block, in order, against the demo that its first block starts."""

import contextlib
import os
import random
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy import environment
from deploy.demo import registry
from deploy.demo.ports import PortTakenError, table
from tests.support.federation import STOP_S, RunningDemo

PAGE = environment.ROOT / "docs" / "tutorials" / "five-minutes.md"
# Below those that a system gives to clients; each demo takes some of 200.
BASES = range(20_000, 32_000, 200)
CELLS, EDGES = ["de-fra", "us-iad", "in-bom"], ["fra", "iad", "bom"]
COMPANIONS = "status|stop|start|kill|logs|token|ledger verify"
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


def free_base() -> int:
    """A base at which a demo finds all its ports free. By chance, so that two runs do not choose the same."""
    places = list(BASES)
    random.shuffle(places)
    for base in places:
        with contextlib.suppress(PortTakenError):
            table(base, CELLS, 1, EDGES, any_port=False)
            return base
    raise AssertionError("no ports are free")


@dataclass(frozen=True)
class Place:
    """Where the test runs the page's demo."""

    base: int = 7400
    data_dir: str = ""

    def moved(self, text: str) -> str:
        """The text with these ports, for this interpreter; with `--data` where other demos run beside it."""
        text = re.sub(r"localhost:74(\d\d)", rf"localhost:{self.base // 100}\1", text)
        if len(registry.running()) > 1:
            text = re.sub(rf"(python3 -m deploy (?:{COMPANIONS}))\b", rf"\1 --data {self.data_dir}", text)
        return text.replace("python3 -m deploy", f'"{sys.executable}" -P -m deploy')


def run(step: Step, folder: Path, variables: dict[str, str], place: Place) -> str:
    """Run one block as a reader would. Variables that it sets are there for the next ones."""
    environ = {**environment.module_environ(), **variables}
    if step.language == "python":
        command = [sys.executable, "-P", "-c", place.moved(step.text)]
    else:
        script = place.moved(step.text)
        keep = f'\nfor name in ANNA BOB; do eval "echo $name=\\$$name"; done > "{folder / "variables"}"'
        command = ["sh", "-c", script + keep]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, env=environ, cwd=environment.ROOT, check=False
    )
    assert done.returncode == 0, f"{step.text}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.timeout(1_200)
def test_every_block_of_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    variables: dict[str, str] = {}
    base = free_base()
    with RunningDemo("--port-base", str(base), any_port=False) as demo:
        place = Place(base, demo.ready["data_dir"])
        for step in steps(PAGE.read_text(encoding="utf-8")):
            printed = run(step, tmp_path, variables, place)
            for expected in step.expected:
                assert expected in printed, f"{step.text}\nprinted:\n{printed}"
            kept = tmp_path / "variables"
            if kept.exists():
                pairs = (line.partition("=") for line in kept.read_text(encoding="utf-8").splitlines())
                variables = {name: value for name, _, value in pairs if value}
        assert demo.process.wait(STOP_S) == 0
    assert not os.path.exists(demo.ready["data_dir"])


def test_a_page_that_promises_too_much_is_found(tmp_path: Path) -> None:
    page = "```sh\necho one\n```\n\n```text\ntwo\n```\n"
    (step,) = steps(page)
    assert step.expected == ("two",)
    assert "two" not in run(step, tmp_path, {}, Place())
