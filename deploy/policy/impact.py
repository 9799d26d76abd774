"""`colink policy impact NUMBER`: analyse a revision anew against what is in force: what it means, who must
move.
"""

import argparse
from typing import Any

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
        _homes((revision["analysis"] or {}).get("placements"), output)
        return 0 if revision["analysis"] else 1

    return life.run(given, output, act)


def _homes(walked: dict[str, Any] | None, output: Output) -> None:
    """Residents that may not stay where they are."""
    if walked is None:
        return
    after, before = walked["moving_after"], walked["moving_before"]
    output.line(f"  of {walked['placements']} residents {after} may not stay, {before} already now")
    for group in walked["moving"]:
        where = ", ".join(group["cells"]) or "nowhere"
        line = f"    {group['residents']} in {group['region']} under {group['rule']}: to {where}"
        output.line(line, "red")
    for shortage in walked["shortages"]:
        output.line(f"    {shortage}", "red")
