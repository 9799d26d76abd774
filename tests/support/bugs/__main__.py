"""Run a plane with a bug in it."""

import runpy
import sys

from tests.support.bugs.catalogue import BUGS_AND_CONDITIONS

if __name__ == "__main__":
    bug, plane, *arguments = sys.argv[1:]
    BUGS_AND_CONDITIONS[bug].plant()
    sys.argv = [plane, *arguments]
    runpy.run_module(plane, run_name="__main__", alter_sys=True)
