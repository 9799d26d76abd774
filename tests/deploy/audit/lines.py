"""Finding things in the lines of a history."""

from collections.abc import Iterator
from typing import Any

Line = dict[str, Any]


def pages(lines: list[Line], *, final: bool) -> Iterator[Line]:
    """Ends of reads of the main lines, last ones or others."""
    last = {line["i"] for line in lines if line["op"] == "read" and line.get("final")}
    threads = {line["i"] for line in lines if line["op"] == "read" and line.get("thread")}
    for line in lines:
        whole = line["op"] == "read" and line["type"] == "ok" and line["i"] not in threads
        if whole and (line["i"] in last) == final:
            yield line


def begun(lines: list[Line]) -> dict[int, Line]:
    """First lines by number."""
    return {line["i"]: line for line in reversed(lines)}


def sends(lines: list[Line]) -> dict[str, list[Line]]:
    """First lines of the attempts of each message, by key or value."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        if line["op"] == "send" and line["type"] == "invoke":
            found.setdefault(line["key"] or line["value"], []).append(line)
    return found


def outcomes(lines: list[Line]) -> dict[int, Line]:
    """Last lines by number."""
    return {line["i"]: line for line in lines if line["type"] != "invoke"}


def acknowledged(lines: list[Line]) -> dict[str, str]:
    """`ts` of each message that was acknowledged, by key or value."""
    ends = outcomes(lines)
    return {
        name: ends[attempt["i"]]["ts"]
        for name, attempts in sends(lines).items()
        for attempt in attempts
        if ends[attempt["i"]]["type"] == "ok"
    }


def untouched(lines: list[Line]) -> set[str]:
    """`ts` of acknowledged messages that nobody tried to change."""
    changed = {line["ts"] for line in lines if line["op"] in ("edit", "delete") and "ts" in line}
    return set(acknowledged(lines).values()) - changed


def events(lines: list[Line]) -> list[Line]:
    """Events with a number, of sockets that told something after them too."""
    told = [line for line in lines if line["op"] == "receive" and "seq" in line]
    last = {(line["socket"], line["topic"], line["channel"]): line["i"] for line in told}
    return [line for line in told if line["i"] != last[line["socket"], line["topic"], line["channel"]]]


def strip(lines: list[Line], ts: str, since: int = 0) -> None:
    """Take a message out of every page, from some line on."""
    for line in lines[since:]:
        if line["op"] == "read" and "items" in line:
            line["items"] = [item for item in line["items"] if item[0] != ts]
