"""`colink policy diff OLD NEW`: what a change means, not how its text differs."""

import argparse
from pathlib import Path

from deploy.policy import reading
from deploy.policy.output import Output
from residency_policies.analyse.changes import PolicyChange, compare_bundles
from residency_policies.analyse.difference import LOOSER, lines_of

LINES_MAX = 40


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `diff`."""
    parser.add_argument("old", type=Path, metavar="OLD", help="a document, or a folder of them")
    parser.add_argument("new", type=Path, metavar="NEW", help="a document, or a folder of them")
    parser.add_argument(
        "--all", action="store_true", help=f"every line, not the first {LINES_MAX} of a policy"
    )
    reading.configure(parser)


def run(given: argparse.Namespace, output: Output) -> int:
    """What opens first, in red; 0 when nothing changes in meaning, else 1."""
    old, new = (reading.compiled_of([path], given) for path in (given.old, given.new))
    change = compare_bundles(old, new)
    output.value(change.to_json())
    for pack in change.packs:
        output.line(f"{pack}: the pack reads otherwise")
    for policy in change.policies:
        if policy.what != "stays" or policy.direction != "same":
            _show(policy, output, given.all)
    output.line(
        f"all of it: {change.direction}", "red" if change.direction in ("looser", "mixed") else "green"
    )
    return 0 if change.direction == "same" else 1


def _show(policy: PolicyChange, output: Output, everything: bool) -> None:
    output.line(f"{policy.policy} {policy.what}: {policy.direction}")
    if policy.difference is None:
        return
    groups = policy.difference.groups
    opens = lines_of(group for group in groups if group.change.kind in LOOSER)
    stops = lines_of(group for group in groups if group.change.kind not in LOOSER)
    lines = [*((line, True) for line in opens), *((line, False) for line in stops)]
    shown = lines if everything else lines[:LINES_MAX]
    for line, looser in shown:
        output.line(f"  {line}", "red" if looser else "plain")
    if len(shown) < len(lines):
        output.line(f"  and {len(lines) - len(shown)} more (--all)")
