"""`colink policy impact NUMBER`: analyse a revision anew against what is in force, and say what it means."""

import argparse

from deploy.policy import directory, life
from deploy.policy.output import Output


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `impact`."""
    parser.add_argument("number", type=int, metavar="NUMBER", help="of the revision")
    directory.configure(parser)


def run(given: argparse.Namespace, output: Output) -> int:
    """0 when it is analysed; 1 when it has errors now."""

    def act(ask: life.Ask) -> int:
        revision = ask("POST", f"/policies/{given.number}/analyses")
        life.show(revision, output)
        for policy in ((revision["analysis"] or {}).get("diff") or {}).get("policies", []):
            output.line(f"  {policy['policy']} {policy['what']}: {policy['direction']}")
        return 0 if revision["analysis"] else 1

    return life.run(given, output, act)
