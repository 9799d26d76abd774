"""`colink purge`: remove the data of a stopped demo that was kept, and what interrupted demos left behind."""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from deploy.demo.layout import MARK, hold, leftovers


def main(arguments: list[str]) -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="colink purge", description="Remove the data of demos that do not run."
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="a folder that a demo kept; default: what interrupted demos left",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    given = parser.parse_args(arguments)
    if given.data and not (given.data / MARK).is_file():
        sys.stderr.write(f"colink purge: {given.data} is not the data folder of a demo\n")
        return 2
    removed: list[str] = []
    for folder in [given.data] if given.data else leftovers():
        held = hold(folder)
        if held is not None:
            shutil.rmtree(folder)
            os.close(held)
            removed.append(str(folder))
        elif given.data:
            sys.stderr.write(f"colink purge: a demo runs on {folder}; stop it first\n")
            return 2
    sys.stdout.write(
        json.dumps({"ok": True, "removed": removed}) + "\n"
        if given.json
        else "".join(f"removed {folder}\n" for folder in removed) or "nothing to remove\n"
    )
    return 0
