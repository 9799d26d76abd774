"""`colink policy rollback DOCUMENT --bundle VERSION`: submit what a document said earlier as a new
version.
"""

import argparse

from deploy.policy import directory, life
from deploy.policy.output import Output


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `rollback`."""
    parser.add_argument("document", metavar="DOCUMENT", help="id of the document")
    parser.add_argument("--bundle", type=int, required=True, metavar="VERSION", help="bundle to go back to")
    directory.configure(parser)


def run(given: argparse.Namespace, output: Output) -> int:
    """0 when it is analysed and waits for signatures; 1 when the directory refuses."""

    def act(ask: life.Ask) -> int:
        body = {"document": given.document, "bundle_version": given.bundle}
        sent = ask("POST", "/policies/rollbacks", body)
        life.show(ask("POST", f"/policies/{sent['revision']}/analyses"), output)
        return 0

    return life.run(given, output, act)
