"""What the verbs of a policy's life share: ask as an officer, show a revision."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from deploy.policy import directory
from deploy.policy.output import Output

Ask = Callable[..., Any]
DAY_S = 24 * 3600


def run(given: argparse.Namespace, output: Output, act: Callable[[Ask], int]) -> int:
    """Enter, act, and tell a refusal. Returns the exit status; raises RefusedError."""
    try:
        url, token = directory.enter(given)
        return act(lambda verb, path, body=None: directory.ask(url, verb, path, token, body))
    except directory.NoError as error:
        return directory.tell_no(error, output)


def show(revision: dict[str, Any], output: Output) -> None:
    """One revision, in a few lines."""
    output.value({"event": "revision", **revision})
    analysis = revision["analysis"] or {}
    head = f"revision {revision['revision']}: {revision['document']} version {revision['version']}"
    output.line(f"{head} is {'in shadow' if revision['state'] == 'shadow' else revision['state']}")
    for finding in revision["findings"]:
        colour = "red" if finding["code"].startswith("E-") else "yellow"
        output.line(
            f"  {finding['code']} {finding['path']}: {finding['text']}",
            "red" if colour == "red" else "yellow",
        )
    if analysis:
        looser = analysis["direction"] not in ("same", "tighter")
        output.line(f"  it goes: {analysis['direction']}", "red" if looser else "green")
        output.line(f"  to sign: {revision['approval_sha256']}")
    if revision["withheld"]:
        output.line(f"  {revision['withheld']} ids are of other jurisdictions, and not told")
    signed = [it["officer"] for it in revision["approvals"] if it["counts"]]
    if signed:
        output.line(f"  signed by: {', '.join(signed)}")
    if revision["analysis_lapsed"]:
        output.line("  the world has moved: analyse it again", "yellow")
    if revision["bundle_version"]:
        output.line(f"  in force since bundle {revision['bundle_version']}", "green")


def show_unlawful(cell: dict[str, Any], output: Output) -> None:
    """Conversations of a cell that policies no longer allow; nothing, where it has none."""
    if not cell["known"]:
        output.line(f"  conversations of {cell['cell']} are not known", "yellow")
        return
    for one in cell["conversations"]:
        head = f"  {cell['cell']} {one['workspace']} {one['channel']} is {one['outcome']} by {one['rule']}"
        until = f"resolve it until {moment(one['deadline_s'])}"
        late = f", overdue for {one['overdue_s'] / DAY_S:.1f} days" if one["overdue_s"] else ""
        output.line(f"{head}: {until}{late}", "red")
    if cell["more"]:
        output.line(f"  {cell['cell']} has {cell['more']} more", "red")


def moment(unix_s: int) -> str:
    """An instant for people."""
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
