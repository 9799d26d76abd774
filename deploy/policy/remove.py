"""`colink policy remove DOCUMENT`: submit that a document is taken away, and analyse what that means."""

import argparse

from deploy.policy import directory, life
from deploy.policy.output import Output


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `remove`."""
    parser.add_argument("document", metavar="DOCUMENT", help="id of the document")
    directory.configure(parser)


def run(given: argparse.Namespace, output: Output) -> int:
    """0 when it is analysed and waits for signatures; 1 when it cannot go or the directory refuses."""

    def act(ask: life.Ask) -> int:
        sent = ask("POST", "/policies/removals", {"document": given.document})
        if sent["state"] != "validated":
            life.show(sent, output)
            return 1
        analysed = ask("POST", f"/policies/{sent['revision']}/analyses")
        life.show(analysed, output)
        for policy in ((analysed["analysis"] or {}).get("diff") or {}).get("policies", []):
            output.line(f"  {policy['policy']} {policy['what']}: {policy['direction']}")
        return 0

    return life.run(given, output, act)
