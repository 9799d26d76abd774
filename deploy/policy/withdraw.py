"""`colink policy withdraw NUMBER`: give a revision up before it is active."""

import argparse

from deploy.policy import directory, life
from deploy.policy.output import Output


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `withdraw`."""
    parser.add_argument("number", type=int, metavar="NUMBER", help="of the revision")
    directory.configure(parser)


def run(given: argparse.Namespace, output: Output) -> int:
    """0 when it is withdrawn; 1 when the directory refuses."""

    def act(ask: life.Ask) -> int:
        life.show(ask("POST", f"/policies/{given.number}/withdrawals"), output)
        return 0

    return life.run(given, output, act)
