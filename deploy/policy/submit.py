"""`colink policy submit FILE`: hand a document in, and analyse it."""

import argparse
from pathlib import Path

from deploy.policy import directory, life
from deploy.policy.output import Output
from deploy.policy.reading import RefusedError


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `submit`."""
    parser.add_argument("file", type=Path, metavar="FILE", help="one document")
    directory.configure(parser)


def run(given: argparse.Namespace, output: Output) -> int:
    """0 when it is analysed; 1 when it has errors or the directory refuses it."""
    try:
        text = given.file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise RefusedError(f"{given.file}: {type(error).__name__}") from None

    def act(ask: life.Ask) -> int:
        sent = ask("POST", "/policies", {"document": text})
        if sent["state"] != "validated":
            life.show(sent, output)
            return 1
        life.show(ask("POST", f"/policies/{sent['revision']}/analyses"), output)
        return 0

    return life.run(given, output, act)
