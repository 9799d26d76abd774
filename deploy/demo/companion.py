"""What the companions share: finding the demo, asking it, and saying what came of it."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.demo import control, registry


def parser(verb: str, description: str) -> argparse.ArgumentParser:
    """A command line with the options that every companion has."""
    made = argparse.ArgumentParser(prog=f"colink {verb}", description=description)
    made.add_argument("--data", type=Path, metavar="DIR", help="data folder of the demo, when several run")
    made.add_argument("--json", action="store_true", help="one JSON object")
    return made


def act(given: argparse.Namespace, request: dict[str, Any], show: Callable[[dict[str, Any]], str]) -> int:
    """Ask the demo and print its answer, for people by `show`. Returns the exit status."""
    try:
        answer = control.ask(registry.find(given.data), request)
    except registry.NoDemoError as error:
        sys.stderr.write(f"colink: {error}\n")
        return 2
    except control.RefusedError as error:
        sys.stderr.write(f"colink: {error}\n")
        return 1
    sys.stdout.write((json.dumps(answer) if given.json else show(answer)) + "\n")
    return 0
