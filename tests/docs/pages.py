"""Tutorials run as they stand: every block of a page, in order, in a folder of its own, against a demo.

After the language of a block stands what a reader does not see: `demo` (starts the demo, which the test does
itself), `refused` (ends with a status that is not 0), `until` (is repeated until it ends with 0), or the name
of the file to which a `yaml` block is added and in which a `diff` block replaces lines.
"""

import contextlib
import random
import re
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from deploy import environment
from deploy.demo import registry
from deploy.demo.ports import PortTakenError, table

# Below those that a system gives to clients; each demo takes some of 200.
BASES = range(20_000, 32_000, 200)
CELLS, EDGES = ["de-fra", "us-iad", "in-bom"], ["fra", "iad", "bom"]
POLICY = "policy (?:submit|approve|shadow|impact|activate|status|log|report|rollback)"
COMPANIONS = f"status|stop|start|kill|logs|token|ledger verify|{POLICY}"
UNTIL_S = 30.0
_BLOCK = re.compile(r"^```(\w+)(?: ([\w./-]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A block to run, what stands after its language, and what its output must hold."""

    language: str
    text: str
    expected: tuple[str, ...] = ()
    beside: str = ""


def steps(page: str) -> list[Step]:
    """The blocks of a page; a `text` block says what the one before it prints."""
    found: list[Step] = []
    for language, beside, text in _BLOCK.findall(page):
        if beside == "demo":
            continue
        if language == "text":
            found[-1] = replace(found[-1], expected=tuple(text.splitlines()))
        else:
            found.append(Step(language, text, (), beside))
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


def follow(page: Path, folder: Path, place: Place) -> None:
    """Every block of a page, in order. Raises AssertionError where it does not do what the page says."""
    variables: dict[str, str] = {}
    for step in steps(page.read_text(encoding="utf-8")):
        if step.language == "yaml":
            with (folder / step.beside).open("a", encoding="utf-8") as file:
                file.write(step.text)
            continue
        if step.language == "diff":
            mend(folder / step.beside, step.text)
            continue
        printed = run(step, folder, variables, place)
        for expected in step.expected:
            assert expected in printed, f"{step.text}\nprinted:\n{printed}"
        kept = folder / "variables"
        if kept.exists():
            pairs = (line.partition("=") for line in kept.read_text(encoding="utf-8").splitlines())
            variables = {name: value for name, _, value in pairs if value}


def mend(file: Path, change: str) -> None:
    """Replace the lines that begin with `-` by those that begin with `+`; they stand in the file once."""
    lines = change.splitlines(keepends=True)
    old, new = ("".join(line[1:] for line in lines if line.startswith(sign)) for sign in "-+")
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file}: {text.count(old)} times\n{old}"
    file.write_text(text.replace(old, new), encoding="utf-8")


def run(step: Step, folder: Path, variables: dict[str, str], place: Place) -> str:
    """Run one block as a reader would. Variables that it sets are there for the next ones."""
    environ = {**environment.module_environ(), **variables}
    if step.language == "python":
        command = [sys.executable, "-P", "-c", place.moved(step.text)]
    else:
        told = f'for name in ANNA BOB; do eval "echo $name=\\$$name"; done > "{folder / "variables"}"'
        command = ["sh", "-c", f"{place.moved(step.text)}\nended=$?\n{told}\nexit $ended"]
    ends_s = time.monotonic() + UNTIL_S
    while True:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=300, env=environ, cwd=folder, check=False
        )
        if step.beside != "until" or done.returncode == 0 or time.monotonic() > ends_s:
            break
        time.sleep(0.5)
    assert (done.returncode != 0) == (step.beside == "refused"), f"{step.text}\n{done.stdout}\n{done.stderr}"
    return done.stdout
