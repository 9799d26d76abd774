"""Mutants of the decision core: mutmut makes them in a folder of its own, from copies of what the tests need.

What no test notices is listed in `survivors.toml`, by function and by the lines that differ: those outlive an
edit elsewhere in the module, the numbers of mutants do not.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

# Modules that decide: whatever has a part in an answer, in its text or in what it counts. Each with the tests
# that have to notice: few, in memory, of milliseconds.
CORE: Final[dict[str, tuple[str, ...]]] = {
    "decide": ("decide", "compile"),
    "channels": ("layers",),
    "compile": ("compile",),
    "interpret": ("interpret", "compile"),
    "resolve": ("resolve", "compile", "bundle", "instruments", "stack"),
    "selection": ("selection", "bundle", "layers"),
    "decision": ("decision", "decide", "compile"),
    "conversation": ("conversation",),
    "counters": ("counters",),
    "answers": ("answers", "compile"),
    "rule": ("rule",),
    "terms": ("terms", "compile"),
    "world": ("world",),
    "stack": ("layering", "compile"),
    "compiled": ("compiled",),
    "check_certificate": ("certificates",),
}
SHARE: Final = 0.9
ROOT: Final = Path(__file__).resolve().parents[2]
LIST: Final = Path(__file__).parent / "survivors.toml"
HERE: Final = "tests/residency_policies"
# Of those tests, what takes seconds and notices nothing that the others do not.
LEFT_OUT: Final = (
    "test_layers.py::test_a_layer_more_never_allows_what_was_denied",
    "test_layers.py::test_cedar_agrees_about_layers",
    "test_layers.py::test_table_and_interpreter_agree_about_layers",
    "test_layers.py::test_table_and_interpreter_agree_on_random_points_of_random_layers",
)
NOTICED: Final = frozenset({"killed", "timeout", "segfault"})
MISSED: Final = frozenset({"survived", "no tests"})
# Started as a module, the command would be there twice.
RUN: Final = "import sys; from mutmut.__main__ import cli; sys.argv[0] = 'mutmut'; cli()"
# Examples of Hypothesis are the same in each run; no plugin is loaded that these tests do not need.
ENVIRON: Final = {
    "CI": "1",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
}
FOREIGN: Final = ("PYTEST_", "PYTHON", "DEPLOY_")


@dataclass(frozen=True, slots=True, order=True)
class Survivor:
    """A mutant that no test notices. `function` is a function or `Class.method`; `was` and `now` are the
    lines that differ, without their indentation.
    """

    module: str
    function: str
    was: tuple[str, ...]
    now: tuple[str, ...]

    def __str__(self) -> str:
        lines = [*(f"- {line}" for line in self.was), *(f"+ {line}" for line in self.now)]
        return "\n    ".join((f"{self.module}.{self.function}", *lines))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the mutants of one module."""

    module: str
    total: int
    survivors: tuple[Survivor, ...]

    @property
    def noticed(self) -> int:
        """How many a test noticed."""
        return self.total - len(self.survivors)


def listed() -> dict[Survivor, str]:
    """The survivors that are known, each with the reason why it is left."""
    rows = tomllib.loads(LIST.read_text("utf-8"))["survivor"]
    return {
        Survivor(row["module"], row["function"], tuple(row["was"]), tuple(row["now"])): row["reason"]
        for row in rows
    }


def faults(outcome: Outcome, known: Iterable[Survivor]) -> list[str]:
    """What is wrong with an outcome: too few noticed, survivors that are not listed."""
    new = sorted(set(outcome.survivors) - set(known))
    found = [f"not listed in {LIST.name}: {one}" for one in new]
    if outcome.noticed < SHARE * outcome.total:
        found.append(f"{outcome.module}: {outcome.noticed} of {outcome.total} mutants are noticed")
    return found


def gone(outcome: Outcome, known: Iterable[Survivor]) -> list[Survivor]:
    """Listed survivors of the module that are noticed now, or that are not made any more."""
    mine = {one for one in known if one.module == outcome.module}
    return sorted(mine - set(outcome.survivors))


def run(module: str, folder: Path, children: int = 1) -> Outcome:
    """Mutate one module in an empty folder and test every mutant, so many at a time.

    Raises:
        AssertionError: mutmut failed, or left a mutant untried; with what it said.
    """
    for name in ("accord", "residency_policies", HERE):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tests" / "__init__.py").touch()
    (folder / "pyproject.toml").write_text(_project(module), "utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", RUN, "run", "--max-children", str(children)],
        cwd=folder,
        env=environ | ENVIRON,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, "\n".join(done.stdout.splitlines()[-40:])
    return outcome_of(module, folder)


def _project(module: str) -> str:
    """The `pyproject.toml` of the folder: the settings of this one, for one module."""
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    tests = [f"{HERE}/test_{name}.py" for name in CORE[module]]
    settings = whole["tool"]["mutmut"] | {
        "only_mutate": [_file(module)],
        "pytest_add_cli_args_test_selection": [*tests, *(f"--deselect={HERE}/{name}" for name in LEFT_OUT)],
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    marks = json.dumps(["long", "timeout(seconds)"])
    return "\n".join(("[tool.mutmut]", *lines, "[tool.pytest.ini_options]", f"markers = {marks}", ""))


def _file(module: str) -> str:
    return f"residency_policies/{module}.py"


def outcome_of(module: str, folder: Path) -> Outcome:
    """Read what mutmut left in the folder. Raises AssertionError for a mutant without an outcome."""
    made = folder / "mutants" / _file(module)
    codes = json.loads(made.with_name(f"{made.name}.meta").read_text("utf-8"))["exit_code_by_key"]
    states = {name: status_by_exit_code[code] for name, code in codes.items()}
    untried = {name: state for name, state in states.items() if state not in NOTICED | MISSED}
    assert not untried, f"mutants without an outcome: {untried}"
    missed = [name for name, state in states.items() if state in MISSED]
    return Outcome(module, len(states), tuple(_survivors(module, made, missed)))


def _survivors(module: str, made: Path, names: list[str]) -> Iterator[Survivor]:
    source = made.read_text("utf-8")
    for name in names:
        function, owner = orig_function_and_class_names_from_key(name)
        lines = get_diff_for_mutant(name, source=source, path=module).splitlines()[2:]
        was, now = (tuple(line[1:].strip() for line in lines if line[0] == mark) for mark in "-+")
        yield Survivor(module, f"{owner}.{function}" if owner else function, was, now)
