"""`colink policy activate NUMBER`: put an approved revision in force, now, later, or first for a pilot."""

import argparse

from deploy.policy import directory, life, reading
from deploy.policy.output import Output


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `activate`."""
    parser.add_argument("number", type=int, metavar="NUMBER", help="of the revision")
    parser.add_argument("--at", metavar="INSTANT", help="2027-01-31 or 2027-01-31T12:00:00Z; now without it")
    parser.add_argument(
        "--pilot", action="append", default=[], metavar="WORKSPACE", help="only for these, first"
    )
    directory.configure(parser)


def run(given: argparse.Namespace, output: Output) -> int:
    """0 when it is in force, scheduled or piloted; 1 when the directory refuses."""
    at_s = reading.instant_of(given.at) if given.at else None

    def act(ask: life.Ask) -> int:
        body = {"at_s": at_s, "pilot": given.pilot}
        life.show(ask("POST", f"/policies/{given.number}/activations", body), output)
        return 0

    return life.run(given, output, act)
