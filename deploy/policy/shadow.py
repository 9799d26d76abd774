"""`colink policy shadow NUMBER`: let cells evaluate an approved revision beside what is in force."""

import argparse
from typing import Any

from deploy.policy import directory, life
from deploy.policy.output import Colour, Output


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `shadow`."""
    parser.add_argument("number", type=int, metavar="NUMBER", help="of the revision")
    parser.add_argument("--end", action="store_true", help="out of shadow again: approved, as before")
    directory.configure(parser)


def run(given: argparse.Namespace, output: Output) -> int:
    """0 when it is in shadow, or out of it with `--end`; 1 when the directory refuses."""

    def act(ask: life.Ask) -> int:
        life.show(ask("DELETE" if given.end else "POST", f"/policies/{given.number}/shadows"), output)
        return 0

    return life.run(given, output, act)


_WORDS: tuple[tuple[str, str, Colour], ...] = (
    ("allowed", "newly allowed", "red"),
    ("refused", "newly refused", "yellow"),
    ("owes", "with other obligations", "yellow"),
)


def tell(told: dict[str, Any] | None, output: Output) -> None:
    """What came of a revision's shadow, if there was one: live beside replayed, and from whom."""
    if told is None:
        return
    until = "now" if told["ended_s"] is None else life.moment(told["ended_s"])
    output.line(f"  in shadow from {life.moment(told['begun_s'])} until {until}, by data class:")
    live, replayed = told["live"], told["replayed"]
    output.line(f"    {live['asked']} flows were asked about under both")
    for kind, words, colour in _WORDS:
        seen, found = live[kind]["flows"], replayed[kind]["flows"]
        output.line(f"    {seen} {words}; replayed: {found}", colour if seen or found else "plain")
        for one in live[kind]["rules"]:
            output.line(f"      {one['flows']} under {one['rule'] or 'the safe core'}")
    if not told["agrees"]:
        output.line("    live and replayed do not agree (yet)", "red")
    for node in told["nodes"]:
        _node(node, output)


def _node(node: dict[str, Any], output: Output) -> None:
    name = f"{node['kind']} {node['node']}"
    if node["state"] == "waiting":
        output.line(f"    {name} has not acknowledged it", "red")
    elif node["state"] == "unknown":
        output.line(f"    {name} is not known: {node['why']}", "yellow")
    elif node["state"] == "refused":
        output.line(f"    {name} cannot evaluate it: {node['why']}", "red")
    else:
        since = life.moment(node["acknowledged_s"])
        line = f"    {name} evaluates it since {since}: {node['flows']} flows"
        if node["other"]:
            line += f", {node['other']} of them not kept apart"
        output.line(line, "green")
