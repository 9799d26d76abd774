"""`colink policy approve NUMBER`: sign document and analysis of somebody else's revision."""

import argparse

from deploy.policy import directory, life
from deploy.policy.output import Output


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `approve`."""
    parser.add_argument("number", type=int, metavar="NUMBER", help="of the revision")
    parser.add_argument(
        "--hash", metavar="SHA256", help="what was read and is signed; what stands there without"
    )
    directory.configure(parser)


def run(given: argparse.Namespace, output: Output) -> int:
    """0 when it is signed; 1 when the directory refuses."""

    def act(ask: life.Ask) -> int:
        path = f"/policies/{given.number}"
        signed = given.hash or ask("GET", path)["approval_sha256"] or "0" * 64
        life.show(ask("POST", path + "/approvals", {"hash": signed}), output)
        return 0

    return life.run(given, output, act)
