"""`colink policy status [NUMBER]`: revisions, conversations that policies no longer allow,
and which cell and edge evaluates under which bundle; of one revision, what came of its shadow.
"""

import argparse

from deploy.policy import directory, life, shadow
from deploy.policy.output import Output


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `status`."""
    parser.add_argument("number", type=int, nargs="?", metavar="NUMBER", help="of one revision")
    directory.configure(parser)


def run(given: argparse.Namespace, output: Output) -> int:
    """0; 1 while a cell or an edge is behind."""

    def act(ask: life.Ask) -> int:
        if given.number:
            revision = ask("GET", f"/policies/{given.number}")
            life.show(revision, output)
            shadow.tell(revision["shadow"], output)
            return 0
        for revision in ask("GET", "/policies")["revisions"]:
            life.show(revision, output)
        for cell in ask("GET", "/unlawful-conversations")["cells"]:
            output.value({"event": "unlawful", **cell})
            life.show_unlawful(cell, output)
        rollout = ask("GET", "/rollout")
        output.value({"event": "rollout", **rollout})
        output.line(f"bundle {rollout['bundle_version']} since {life.moment(rollout['since_s'])}")
        behind = False
        for node in rollout["nodes"]:
            late = node["bundle_version"] < rollout["bundle_version"]
            behind |= late
            state = "cut off" if node["cut_off"] else "behind" if late else "acknowledged"
            output.line(
                f"  {node['node']:<12} bundle {node['bundle_version']} {state}", "red" if late else "green"
            )
        return 1 if behind else 0

    return life.run(given, output, act)
