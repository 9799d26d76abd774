"""Every bug that can be planted finds what it replaces, also after the product was changed."""

import subprocess
import sys

import pytest

from deploy import environment
from tests.support.bugs.catalogue import BUGS_AND_CONDITIONS

# Each in a process of its own; what they patch is imported once.
PROGRAM = """
import os, traceback
from tests.support.bugs.catalogue import BUGS_AND_CONDITIONS
for name, bug in BUGS_AND_CONDITIONS.items():
    child = os.fork()
    if not child:
        try:
            bug.plant()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), name, flush=True)
"""


@pytest.fixture(scope="module")
def planted() -> tuple[list[str], str]:
    """`0 NAME` for each bug that could be planted, and what was said of the others."""
    ran = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, "--config", "config.toml"],
        env=environment.module_environ(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return ran.stdout.splitlines(), ran.stderr


@pytest.mark.parametrize("bug", BUGS_AND_CONDITIONS)
def test_a_bug_can_be_planted(planted: tuple[list[str], str], bug: str) -> None:
    outcomes, said = planted
    assert f"0 {bug}" in outcomes, said
