"""Faults to plant in lawful histories: what sockets tell, and what logs hold."""

import random
from itertools import pairwise

from tests.deploy.audit.lines import Line, acknowledged, begun, events, outcomes, sends


def drop_event(lines: list[Line], dice: random.Random) -> bool:
    """A socket does not tell an event in the middle of its stream."""
    found = events(lines)
    before = {(line["socket"], line["topic"], line["channel"]): line["i"] for line in reversed(found)}
    inner = [line for line in found if line["i"] != before[line["socket"], line["topic"], line["channel"]]]
    # With a user who comes and goes numbers begin anew.
    inner = [line for line in inner if line["user"] != "U3" and line["event"] != "reply"]
    if inner:
        lines.remove(dice.choice(inner))
    return bool(inner)


def repeat_event(lines: list[Line], dice: random.Random) -> bool:
    """A socket tells an event twice."""
    found = [line for line in events(lines) if line["event"] != "reply"]
    if found:
        event = dice.choice(found)
        lines.insert(lines.index(event) + 1, {**event, "i": max(line["i"] for line in lines) + 1})
    return bool(found)


def swap_events(lines: list[Line], dice: random.Random) -> bool:
    """A socket tells two events in the wrong order."""
    found = [line for line in lines if line["op"] == "receive" and line.get("event") == "message"]
    pairs = [
        (a, b)
        for a, b in pairwise(found)
        if (a["socket"], a["topic"]) == (b["socket"], b["topic"]) and b["seq"] == a["seq"] + 1
    ]
    if pairs:
        a, b = dice.choice(pairs)
        for name in ("seq", "ts", "key", "value", "digest"):
            a[name], b[name] = b[name], a[name]
    return bool(pairs)


def tell_otherwise(lines: list[Line], dice: random.Random) -> bool:
    """Two sockets tell different things under one number."""
    told: dict[tuple[str, int], list[Line]] = {}
    for line in lines:
        if line["op"] == "receive" and "seq" in line and line["topic"] != "user" and line["event"] != "reply":
            told.setdefault((line["topic"], line["seq"]), []).append(line)
    shared = [both for both in told.values() if len(both) > 1]
    if shared:
        dice.choice(shared)[-1]["digest"] = "another"
    return bool(shared)


def skip_after_resume(lines: list[Line], dice: random.Random) -> bool:
    """A resumed socket leaves out the first event behind its mark."""
    resumed = [
        line["i"]
        for line in lines
        # With a user who comes and goes numbers begin anew.
        if line["op"] == "open" and line.get("resume") and line["user"] != "U3"
        if not outcomes(lines)[line["i"]].get("resync")
    ]
    dice.shuffle(resumed)
    for number in resumed:
        mark = next(line for line in lines if line["i"] == begun(lines)[number]["resume"])
        told = [line for line in lines if line["op"] == "receive" and "seq" in line]
        earlier = [line for line in told if line["socket"] == mark["socket"] and line["i"] < mark["i"]]
        before = sorted({line["topic"] for line in earlier} - {"user"})
        told = [line for line in told if line["socket"] == number]
        for topic in before:
            mine = [line for line in told if line["topic"] == topic]
            if len(mine) > 1 and not any(line["event"].startswith("group_") for line in told):
                lines.remove(mine[0])
                return True
    return False


def hide_reset(lines: list[Line], dice: random.Random) -> bool:
    """A socket that begins anew does not say so."""
    ends = outcomes(lines)
    for line in lines:
        if line["op"] == "open" and line["type"] == "invoke" and ends[line["i"]].get("resync"):
            mark = next(one for one in lines if one["i"] == line["resume"])
            last: dict[str, int] = {}
            for one in lines:
                if one.get("socket") == mark["socket"] and one["i"] < mark["i"] and "seq" in one:
                    last[one["topic"]] = one["seq"]
            told = [one for one in lines if one.get("socket") == line["i"] and one.get("topic") == "CPUBLIC"]
            if "CPUBLIC" in last and told and told[0]["seq"] > last["CPUBLIC"] + 1:
                del ends[line["i"]]["resync"]
                return True
    return False


def tell_stranger(lines: list[Line], dice: random.Random) -> bool:
    """Who never was a member is told a message."""
    ends = outcomes(lines)
    sockets = [line for line in lines if line["op"] == "open" and line.get("user") == "U3"]
    known = acknowledged(lines)
    if not sockets or not known:
        return False
    name = dice.choice(sorted(known))
    attempt = sends(lines)[name][0]
    if attempt["channel"] != "CPUBLIC":
        return False
    about = {name: sockets[0][name] for name in ("process", "device", "user", "workspace")}
    told = {"channel": "CPUBLIC", "ts": known[name], "key": attempt["key"], "value": attempt["value"]}
    number = max(line["i"] for line in lines) + 1
    event = {
        "i": number,
        "t": lines[-1]["t"],
        "op": "receive",
        "type": "ok",
        "event": "message",
        **about,
        **told,
    }
    lines.append({**event, "socket": sockets[0]["i"]})
    return ends is not None


# --- logs -------------------------------------------------------------------------------------------


def lose_entry(lines: list[Line], dice: random.Random) -> bool:
    """The log lacks an acknowledged message, and numbers close up."""
    log = next(line for line in lines if line["op"] == "log")
    known = set(acknowledged(lines).values())
    chosen = [item for item in log["items"] if item[2] in known]
    if chosen:
        log["items"].remove(dice.choice(chosen))
        for number, item in enumerate(log["items"], 1):
            item[0] = str(number)
    return bool(chosen)


def skip_entry(lines: list[Line], dice: random.Random) -> bool:
    """A sequence is missing from the log."""
    log = next(line for line in lines if line["op"] == "log")
    inner = [item for item in log["items"][1:-1] if item[2] not in acknowledged(lines).values()]
    if inner:
        log["items"].remove(dice.choice(inner))
    return bool(inner)


def commit_elsewhere(lines: list[Line], dice: random.Random) -> bool:
    """Another cell holds an entry of the same epoch."""
    log = next(line for line in lines if line["op"] == "log")
    number = max(line["i"] for line in lines) + 1
    last = log["items"][-1]
    items = [[str(int(last[0]) + 1), last[1], last[2] + "5", last[3]]]
    lines.append({**log, "i": number, "t": lines[-1]["t"], "cell": "us-iad", "items": items})
    return True


def answer_elsewhere(lines: list[Line], dice: random.Random) -> bool:
    """Another cell acknowledges what the home committed."""
    chosen = [line for line in lines if line["op"] == "send" and line["type"] == "ok" and line.get("cell")]
    if chosen:
        dice.choice(chosen)["cell"] = "us-iad"
    return bool(chosen)
