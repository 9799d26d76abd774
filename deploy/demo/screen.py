"""What a demo says while it starts and runs: lines for people, or one JSON object a line for programs.

On standard output with `--json` there is nothing but those objects. Without a terminal, lines are plain;
colour respects
NO_COLOR.
"""

import json
import os
import sys
import time
from typing import Any

from deploy.demo.catalogue import SITES

GREEN, RED, DIM, PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[0m"


class Screen:
    """Steps, the ready table, and what happens afterwards."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._colour = (
            sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        )
        self._began_s: dict[tuple[str, str | None], float] = {}

    def headline(self, text: str) -> None:
        """The first line."""
        self._say(f"{text}\n")

    def started(self, name: str, of: str | None = None, detail: str = "") -> None:
        """A step begins; people see it when it is ready."""
        self._began_s[name, of] = time.monotonic()
        self._event(
            {"event": "step", "name": name, "of": of, "state": "started", "took_s": 0.0, "detail": detail}
        )

    def ready(self, name: str, of: str | None = None, detail: str = "") -> None:
        """A step is done."""
        took_s = self._took_s(name, of)
        self._event(
            {"event": "step", "name": name, "of": of, "state": "ready", "took_s": took_s, "detail": detail}
        )
        step, state = " ".join(filter(None, (name, of))), self._paint(GREEN, "ready")
        self._say(f"  {step:<16} {state}   {detail:<58} {took_s:5.1f} s")

    def failed(self, name: str, of: str | None, detail: str) -> None:
        """A step failed; the detail says why and where to look."""
        took_s = self._took_s(name, of)
        self._event(
            {"event": "step", "name": name, "of": of, "state": "failed", "took_s": took_s, "detail": detail}
        )
        sys.stderr.write(f"  {' '.join(filter(None, (name, of))):<16} failed  {detail}\n")

    def show(self, line: dict[str, Any]) -> None:
        """The ready line; for people a table of where to look and what to try."""
        self._event(line)
        if not self._as_json:
            self._say(_table(line))

    def exited(self, name: str, code: int) -> None:
        """A process ended without being asked."""
        kind = "cell" if name.partition("/")[0] in SITES else "directory" if name == "directory" else "edge"
        self._event({"event": "exited", "name": kind, "of": name, "code": code})
        again = f"python -m deploy start {name}"
        self._say(f"  {self._paint(RED, name)} ended with {code}; start it again with: {again}")

    def note(self, text: str) -> None:
        """Something worth a line; not part of the JSON schema."""
        self._say(f"  {self._paint(DIM, text)}")

    def stopped(self) -> None:
        """The last line."""
        self._event({"event": "stopped"})
        self._say("stopped; no process and no temporary file is left")

    def _took_s(self, name: str, of: str | None) -> float:
        return round(time.monotonic() - self._began_s.get((name, of), time.monotonic()), 3)

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{PLAIN}" if self._colour else text

    def _event(self, line: dict[str, Any]) -> None:
        if self._as_json:
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()

    def _say(self, text: str) -> None:
        if not self._as_json:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()


def _table(line: dict[str, Any]) -> str:
    """Where to look, as whom, and what to try next."""
    distances = " · ".join(
        f"{link['from']}–{link['to']} {link['delay_ms']} ms" for link in line["links"] if link["delay_ms"]
    )
    rows = ["", f"  latency          {'on: ' + distances if distances else 'off'}", ""]
    for edge in line["edges"]:
        rows.append(f"  API at {edge['name']:<9} {edge['api']}")
    members = [person for person in line["people"] if "member" in person["roles"]]
    seen = {person["workspace"]: person for person in reversed(members)}
    for name, person in reversed(seen.items()):
        who = f"{person['name']} <{person['email']}>"
        rows.append(f"  {name:<16} {who} at home in {person['home']}, password {person['password']}")
    if line["officers"]:
        names = ", ".join(it["name"] for it in line["officers"])
        rows += [
            "",
            f"  DEMO officers    {names}",
            "                   python -m deploy policy status --as officer-de-1",
        ]
    first = next(reversed(seen.values()), None)
    handle = first["name"].split(" ")[0].lower() if first else "NAME"
    last = line["cells"][-1]["name"]
    rows += [
        "",
        f"  Try next         1 python -m deploy token {handle}",
        "                   2 python -m deploy status",
        "                   3 python -m deploy kill directory      chat goes on without it",
        f"                   4 python -m deploy kill {last:<14} the others keep working",
        f"                   5 python -m deploy start {last:<13} and nothing acknowledged is lost",
        "  Ctrl-C stops everything"
        + ("" if line.get("kept") else " and removes the data (--keep DIR keeps it)"),
    ]
    return "\n".join(rows)
