"""`colink policy impact NUMBER`: analyse a revision anew against what is in force: what it means, what it
would do to the flows of the last 30 days, who must move. Of one that is in shadow: as it was signed, beside
what cells see live.
"""

import argparse
from typing import Any

from deploy.policy import directory, life, shadow
from deploy.policy.output import Colour, Output


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `impact`."""
    parser.add_argument("number", type=int, metavar="NUMBER", help="of the revision")
    directory.configure(parser)


def run(given: argparse.Namespace, output: Output) -> int:
    """0 when it is analysed; 1 when it has errors now, or is on its way."""

    def act(ask: life.Ask) -> int:
        revision = ask("GET", f"/policies/{given.number}")
        told = revision["shadow"]
        if revision["state"] != "shadow":
            revision = ask("POST", f"/policies/{given.number}/analyses")
        life.show(revision, output)
        for policy in ((revision["analysis"] or {}).get("diff") or {}).get("policies", []):
            output.line(f"  {policy['policy']} {policy['what']}: {policy['direction']}")
        _traffic((revision["analysis"] or {}).get("traffic"), output)
        _homes((revision["analysis"] or {}).get("placements"), output)
        shadow.tell(told, output)
        return 0 if revision["analysis"] else 1

    return life.run(given, output, act)


_WORDS: tuple[tuple[str, str, Colour], ...] = (
    ("allowed", "would be newly allowed", "red"),
    ("refused", "would be refused", "yellow"),
    ("owes", "would owe something else", "yellow"),
)


def _traffic(told: dict[str, Any] | None, output: Output) -> None:
    """Flows that would be decided otherwise, and of whom flows are known at all."""
    if told is None:
        return
    output.line(f"  of {told['asked']} flows since {life.moment(told['since_s'])}, by data class:")
    for kind, words, colour in _WORDS:
        changed = told[kind]
        output.line(f"    {changed['flows']} {words}", colour if changed["flows"] else "plain")
        for one in changed["rules"]:
            output.line(f"      {one['flows']} under {one['rule'] or 'the safe core'}")
        for one in changed["workspaces"]:
            output.line(f"      {one['flows']} of {one['workspace'] or 'residents that are no workspaces'}")
        for one in changed["examples"][:1]:
            viewer = one["viewer"]
            output.line(
                f"      for example {one['op']} {one['class']} from {one['src']} to {one['dst']}, before"
                f" {viewer['relation']} in {viewer['country']}"
            )
    for node in told["nodes"]:
        if node["since_s"] is None:
            output.line(f"    traffic of {node['kind']} {node['node']} is not known", "yellow")
            continue
        span = f"{life.moment(node['since_s'])} to {life.moment(node['until_s'])}"
        output.line(f"    traffic of {node['kind']} {node['node']} is known from {span}")
        if node["other"]:
            output.line(f"      but for {node['other']} flows that were not kept apart", "yellow")


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
        output.line(f"    {shortage['code']}: {shortage['text']}", "red")
    if walked["room_unknown"]:
        told = ", ".join(walked["room_unknown"])
        output.line(f"    the room of {told} is not known: counted as none", "yellow")
