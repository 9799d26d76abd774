"""Faults to plant in lawful histories: what reads, searches and answers show."""

import random

from tests.deploy.audit.lines import Line, acknowledged, begun, outcomes, pages, sends, strip, untouched


def lose(lines: list[Line], dice: random.Random) -> bool:
    """An acknowledged message is in no last read."""
    shown = {item[0] for page in pages(lines, final=True) for item in page["items"]}
    chosen = sorted(shown & untouched(lines))
    if chosen:
        ts = dice.choice(chosen)
        begins = min(n for n, line in enumerate(lines) if line.get("final"))
        strip(lines, ts, begins)
    return bool(chosen)


def hole(lines: list[Line], dice: random.Random) -> bool:
    """A page in between lacks a message in its middle, which is there again later."""
    kept = untouched(lines)
    middle = [
        (page, item) for page in pages(lines, final=False) for item in page["items"][1:-1] if item[0] in kept
    ]
    if middle:
        page, item = dice.choice(middle)
        page["items"].remove(item)
    return bool(middle)


def repeat(lines: list[Line], dice: random.Random) -> bool:
    """A page shows one message twice."""
    chosen = [page for page in pages(lines, final=False) if page["items"]]
    if chosen:
        items = dice.choice(chosen)["items"]
        items.append(items[-1])
    return bool(chosen)


def swap(lines: list[Line], dice: random.Random) -> bool:
    """Two messages of a page stand in the wrong order."""
    chosen = [page for page in pages(lines, final=False) if len(page["items"]) > 1]
    if chosen:
        items = dice.choice(chosen)["items"]
        items[0], items[1] = items[1], items[0]
    return bool(chosen)


def alter(lines: list[Line], dice: random.Random) -> bool:
    """A page shows a text that nobody wrote."""
    chosen = [page for page in pages(lines, final=False) if page["items"]]
    if chosen:
        items = dice.choice(chosen)["items"]
        place = dice.randrange(len(items))
        items[place] = [items[place][0], items[place][1], "made up"]
    return bool(chosen)


def invent(lines: list[Line], dice: random.Random) -> bool:
    """A page shows a message that nobody sent."""
    chosen = [page for page in pages(lines, final=False) if page["items"]]
    if chosen:
        items = dice.choice(chosen)["items"]
        items.append([items[-1][0] + "5", "nobody's key", "nobody's text"])
    return bool(chosen)


def misplace(lines: list[Line], dice: random.Random) -> bool:
    """A page shows a message of another channel, which is fine where it belongs."""
    first = begun(lines)
    every = list(pages(lines, final=True))
    here = next((page for page in every if first[page["i"]]["channel"] == "CPUBLIC"), None)
    there = next((page for page in every if first[page["i"]]["channel"] == "CPRIVATE"), None)
    if here is None or there is None or not there["items"]:
        return False
    here["items"].append(dice.choice(there["items"]))
    here["items"].sort()
    return True


def show_failed(lines: list[Line], dice: random.Random) -> bool:
    """A message is shown that definitely failed."""
    ends, seen = outcomes(lines), {item[1] for page in pages(lines, final=True) for item in page["items"]}
    chosen = [tries[0] for name, tries in sends(lines).items() if len(tries) == 1 and name in seen]
    if chosen:
        end = ends[dice.choice(chosen)["i"]]
        end.pop("ts", None)
        end |= {"type": "fail", "status": 200, "error": "not_in_channel"}
    return bool(chosen)


def answer_twice(lines: list[Line], dice: random.Random) -> bool:
    """Two attempts with one key are two messages."""
    ends, kept = outcomes(lines), untouched(lines)
    known = {name: ts for name, ts in acknowledged(lines).items() if ts in kept}
    chosen = [
        tries
        for name, tries in sends(lines).items()
        if name in known and len(tries) == 1 and tries[0]["key"] and tries[0]["process"].endswith("/0")
    ]
    if not chosen:
        return False
    (first,) = dice.choice(chosen)
    number = max(line["i"] for line in lines) + 1
    again = {**first, "i": number, "t": lines[-1]["t"]}
    lines.append(again)
    other = ends[first["i"]]["ts"][:-1] + "x"
    lines.append({**ends[first["i"]], "i": number, "t": lines[-1]["t"], "ts": other})
    return True


def post_twice(lines: list[Line], dice: random.Random) -> bool:
    """One message stands at two places of a last read."""
    kept = untouched(lines)
    chosen = [
        (page, item) for page in pages(lines, final=True) for item in page["items"][:-1] if item[0] in kept
    ]
    if chosen:
        page, item = dice.choice(chosen)
        page["items"].append([page["items"][-1][0] + "5", *item[1:]])
    return bool(chosen)


def go_back(lines: list[Line], dice: random.Random) -> bool:
    """A device does not see what it wrote itself a moment before."""
    first, ends = begun(lines), outcomes(lines)
    kept = untouched(lines)
    for page in pages(lines, final=False):
        read = first[page["i"]]
        own = [
            ends[line["i"]]
            for line in lines
            if line["op"] == "send" and line["type"] == "invoke" and not line.get("thread")
            if (line.get("device"), line["channel"]) == (read["device"], read["channel"])
        ]
        before = [
            end["ts"] for end in own if end["type"] == "ok" and end["t"] < read["t"] and end["ts"] in kept
        ]
        left = [item for item in page["items"] if before and item[0] < max(before)]
        if left and page["items"][-1][0] >= max(before):
            page["items"] = left
            return True
    return False


def disorder(lines: list[Line], dice: random.Random) -> bool:
    """Two messages that were posted one after the other stand the other way round, for everybody."""
    first, ends, kept = sends(lines), outcomes(lines), untouched(lines)
    known = {name: ts for name, ts in acknowledged(lines).items() if ts in kept}
    spans = [
        (tries[0]["t"], ends[tries[0]["i"]]["t"], name, tries[0]["channel"])
        for name, tries in first.items()
        if name in known and len(tries) == 1 and not tries[0].get("thread")
    ]
    pairs = [(a, b) for a in spans for b in spans if a[1] < b[0] and a[3] == b[3]]
    if not pairs:
        return False
    a, b = dice.choice(pairs)
    renamed = {known[a[2]]: known[b[2]], known[b[2]]: known[a[2]]}
    for line in lines:
        if line.get("ts") in renamed:
            line["ts"] = renamed[line["ts"]]
        if line["op"] in ("read", "search") and "items" in line:
            at = 0 if line["op"] == "read" else 1
            for item in line["items"]:
                item[at] = renamed.get(item[at], item[at])
            line["items"].sort()
    return True


def forget_edit(lines: list[Line], dice: random.Random) -> bool:
    """The last read shows a text from before an acknowledged edit."""
    ends, first = outcomes(lines), sends(lines)
    for edit in (line for line in lines if line["op"] == "edit" and line["type"] == "invoke"):
        others = [line for line in lines if line["op"] == "edit" and line.get("ts") == edit["ts"]]
        if ends[edit["i"]]["type"] != "ok" or len(others) != 1:
            continue
        for page in pages(lines, final=True):
            for item in page["items"]:
                tries = first.get(item[1], [])
                sure = len(tries) == 1 and ends[tries[0]["i"]]["type"] == "ok"
                if item[0] == edit["ts"] and sure and ends[tries[0]["i"]]["t"] < edit["t"]:
                    item[2] = tries[0]["value"]
                    return True
    return False


def revive(lines: list[Line], dice: random.Random) -> bool:
    """The last read shows a message whose delete was acknowledged."""
    return _revive(lines, "read")


def find_deleted(lines: list[Line], dice: random.Random) -> bool:
    """A last search finds a message whose delete was acknowledged."""
    return _revive(lines, "search")


def _revive(lines: list[Line], op: str) -> bool:
    ends, known = outcomes(lines), {ts: name for name, ts in acknowledged(lines).items()}
    for line in lines:
        if line["op"] == "delete" and line["type"] == "invoke" and ends[line["i"]]["type"] == "ok":
            name = known.get(line["ts"])
            if name is None or sends(lines)[name][0].get("thread"):
                continue
            attempt = sends(lines)[name][0]
            item = [line["ts"], attempt["key"], attempt["value"]]
            for place in reversed(lines):
                asked = begun(lines)[place["i"]]
                if (
                    place["op"] != op
                    or place["type"] != "ok"
                    or not asked.get("final")
                    or asked.get("thread")
                ):
                    continue
                if op == "search" or asked["channel"] == line["channel"]:
                    place["items"].append(item if op == "read" else [line["channel"], *item])
                    place["items"].sort()
                    return True
    return False


def lose_reaction(lines: list[Line], dice: random.Random) -> bool:
    """An acknowledged reaction is not there."""
    chosen = [item for page in pages(lines, final=True) for item in page["items"] if len(item) > 3]
    ends = outcomes(lines)
    tried: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        if line["op"] in ("react", "unreact") and line["type"] == "invoke":
            tried.setdefault((line["ts"], line["user"]), []).append(ends[line["i"]]["type"])
    sure = [
        item
        for item in chosen
        if any(tried.get((item[0], one.partition(":")[2])) == ["ok"] for one in item[3].split())
    ]
    if sure:
        dice.choice(sure).pop()
    return bool(sure)


def miscount(lines: list[Line], dice: random.Random) -> bool:
    """A last count is off by one."""
    for line in reversed(lines):
        if line["op"] == "count" and line["type"] == "ok":
            line["unread"] += 1
            return True
    return False


def miss_in_search(lines: list[Line], dice: random.Random) -> bool:
    """A last search that calls itself complete does not find a message."""
    final = {line["i"] for line in lines if line["op"] == "search" and line.get("final")}
    chosen = [line for line in lines if line["i"] in final and line["type"] == "ok" and line["items"]]
    if chosen:
        dice.choice(chosen)["items"].pop()
    return bool(chosen)


def peep(lines: list[Line], dice: random.Random) -> bool:
    """Who has left a private channel reads it."""
    first, ends = begun(lines), outcomes(lines)
    for page in pages(lines, final=False):
        read = first[page["i"]]
        if read["user"] == "U3" and read["channel"] == "CPUBLIC":
            invites = [line for line in lines if line["op"] == "invite" and line.get("members") == ["U3"]]
            if all(line["t"] > page["t"] for line in invites):
                read["channel"], page["items"] = "CPRIVATE", []
                return True
            leaves = [line for line in lines if line["op"] == "leave" and line["type"] == "invoke"]
            away = [
                leave
                for leave in leaves
                if ends[leave["i"]]["type"] == "ok" and ends[leave["i"]]["t"] < read["t"]
                if not any(ends[line["i"]]["t"] > leave["t"] and line["t"] < page["t"] for line in invites)
            ]
            if away and not any(ends[line["i"]]["type"] == "unknown" for line in invites):
                read["channel"], page["items"] = "CPRIVATE", []
                return True
    return False
