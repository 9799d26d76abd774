"""Every bug that can be planted finds what it replaces, also after the product was changed."""

import subprocess
import sys

import pytest

from deploy import environment
from tests.support.bugs.catalogue import BUGS_AND_CONDITIONS


@pytest.mark.parametrize("bug", BUGS_AND_CONDITIONS)
def test_a_bug_can_be_planted(bug: str) -> None:
    program = "from tests.support.bugs.catalogue import BUGS_AND_CONDITIONS as bugs; bugs[{!r}].plant()"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", program.format(bug), "--config", "config.toml"],
        env=environment.module_environ(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
