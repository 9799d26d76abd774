"""`colink policy halt SCOPE VALUE --reason TEXT`: stop crossing flows at once; approve, lift or list
halts.
"""

import argparse
from typing import Any

from deploy.policy import directory, life
from deploy.policy.output import Output
from deploy.policy.reading import RefusedError


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `halt`."""
    parser.add_argument("scope", nargs="?", choices=("workspace", "jurisdiction", "instrument"))
    parser.add_argument("value", nargs="?", metavar="VALUE", help="id or code")
    parser.add_argument("--reason", metavar="TEXT", help="why; it stands in the log")
    parser.add_argument("--approve", type=int, metavar="NUMBER", help="keep somebody else's halt for a month")
    parser.add_argument("--lift", type=int, metavar="NUMBER", help="end a halt")
    directory.configure(parser)


def run(given: argparse.Namespace, output: Output) -> int:
    """0 when it is done; without arguments all halts are listed."""
    if given.scope and not (given.value and given.reason):
        raise RefusedError("a halt needs SCOPE, VALUE and --reason")

    def act(ask: life.Ask) -> int:
        if given.approve:
            found = [ask("POST", f"/halts/{given.approve}/approvals")]
        elif given.lift:
            found = [ask("DELETE", f"/halts/{given.lift}")]
        elif given.scope:
            body = {"scope": given.scope, "value": given.value, "reason": given.reason}
            found = [ask("POST", "/halts", body)]
        else:
            found = ask("GET", "/halts")["halts"]
        for halt in found:
            _show(halt, output)
        return 0

    return life.run(given, output, act)


def _show(halt: dict[str, Any], output: Output) -> None:
    output.value({"event": "halt", **halt})
    until = "lifted" if halt["lifted_s"] else f"until {life.moment(halt['until_s'])}"
    by = f"{halt['author']}, {halt['approver']}" if halt["approver"] else halt["author"]
    output.line(f"halt {halt['halt']}: {halt['scope']} {halt['value']} {until} (by {by}): {halt['reason']}")
