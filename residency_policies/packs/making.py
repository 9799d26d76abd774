"""Packs from facts: the texts of all floor-*.yaml and pack-*.yaml, from `jurisdictions.yaml` (facts) and
`clauses.yaml` (what is written by hand, and its keys). Pure: `docs.packs` writes the files, a test compares.

How facts become a pack
    * Mechanisms, adequacy, deadlines and duties of keeping are taken over. A recognised destination whose
      scope no fact can prove, that is unsure or that is no country, is left out: it lifts nothing.
    * The clause by which data leaves on a ground covers every way out, disclosure to authorities too, unless
      `narrow` says why not. An index is a copy, and who searches from abroad receives data.
    * Facts that nobody could settle take the strictest reading.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

from residency_policies.places import is_place
from residency_policies.vocabulary import RELATIONS

Facts = Mapping[str, Any]
VERSION: Final = "2026.11.2"
# How often facts are read again, in days: where a change of the law is pending, and everywhere else.
PENDING_DAYS: Final = 90
SETTLED_DAYS: Final = 365
LEAVING: Final = ("store", "process", "replicate_dr", "replicate_share", "index", "search_from", "export",
                  "support_access", "relocate", "legal_disclosure")  # fmt: skip
NOT_EMPLOYEES: Final = tuple(word for word in RELATIONS if word != "employee")
_HEAD: Final = (
    "# Made by `make reference` from jurisdictions.yaml and clauses.yaml."
    " Engineering material and no legal advice.\n"
)
_PLAIN: Final = re.compile(r"^[A-Za-z][A-Za-z0-9 .()/'_&-]*[A-Za-z0-9.)]$")
_WORDS_OF_YAML: Final = {"yes", "no", "on", "off", "true", "false", "null"}
_DUTIES: Final = {
    "authority": "breach_authority",
    "individuals": "breach_individuals",
    "processor_to_controller": "breach_controller",
}


def read(text: str) -> Any:
    """Facts or clauses as plain values."""
    return yaml.safe_load(text)


def pack_texts(facts: Facts, clauses: Facts) -> dict[str, str]:
    """Text by file name, for every jurisdiction that has a pack.

    Raises:
        KeyError: a pack without clauses, or clauses without a pack.
    """
    entries = {entry["pack"]["id"]: entry for entry in facts["jurisdictions"]}
    if set(entries) != set(clauses):
        raise KeyError(f"only one of facts and clauses: {sorted(set(entries) ^ set(clauses))}")
    return {
        file_name(pack): _text(pack_of(entry, clauses[pack], facts["disclaimer"]))
        for pack, entry in entries.items()
    }


def file_name(pack: str) -> str:
    """The file of a pack."""
    return pack.replace("/", "-") + ".yaml"


def pack_of(entry: Facts, hand: Facts, disclaimer: str) -> dict[str, Any]:
    """A pack as plain values, in the order in which people read it."""
    metadata = {
        "id": entry["pack"]["id"],
        "title": hand["title"],
        "layer": "floor",
        "version": VERSION,
        "last_checked": entry["as_of"],
        "review_days": PENDING_DAYS if entry["pending"] else SETTLED_DAYS,
        "confidence": entry["confidence"],
        "reviewed_by_counsel": False,
        "disclaimer": disclaimer,
    }
    metadata |= {key: True for key in ("no_waiver", "reference_only") if hand.get(key)}
    whole = {
        "apiVersion": "residency/v1",
        "kind": "FloorPack",
        "metadata": metadata,
        "applies_when": _applies(entry, hand),
        "adequacy": [_adequate(entry, one) for one in recognised(entry)],
        "mechanisms": [_mechanism(one) for one in entry["transfer"]["mechanisms"]],
        "rules": list(_rules(entry, hand)),
        "retention": hand.get("retention") or list(_retention(entry, hand)),
        "deadlines": list(_deadlines(entry)),
    }
    return {key: value for key, value in whole.items() if value or key == "rules"}


def _applies(entry: Facts, hand: Facts) -> dict[str, list[str]]:
    """`workspace.establishment == GB or subjects.asserted contains GB or region.country == GB`, in keys."""
    found: dict[str, list[str]] = {}
    for key, word in (("establishment", "establishment"), ("subjects", "asserted"), ("region", "country")):
        places = re.findall(
            rf"\.{word} (?:==|in|contains|intersects) ([A-Z-]+)", entry["pack"]["applies_when"]
        )
        if places:
            found[key] = places
    found.update(hand.get("applies", {}))
    return found


def recognised(entry: Facts) -> list[Facts]:
    """Adequate destinations that can be enforced."""
    return [
        one
        for one in entry["transfer"]["adequate_destinations"]
        if is_place(one.get("id", "")) and ("scope" not in one or "fact" in one) and "status" not in one
    ]


def _adequate(entry: Facts, one: Facts) -> dict[str, Any]:
    cites = {it["id"]: it["citation"] for it in entry["transfer"]["mechanisms"]}
    kept = {key: one[key] for key in ("since", "until", "scope", "fact") if key in one}
    return {"to": one["id"], **kept, "citation": one.get("citation", cites["adequacy"])}


def _mechanism(one: Facts) -> dict[str, Any]:
    kept = {key: one[key] for key in ("needs", "occasional") if key in one}
    return {"type": one["id"], "citation": one["citation"], **kept}


def _rules(entry: Facts, hand: Facts) -> Iterable[dict[str, Any]]:
    own = {rule["id"]: rule for rule in hand.get("rules", ())}
    for outline in entry["pack"]["rules"]:
        written = own.pop(outline["id"], None)
        if written is not None:
            yield from [written] if len(written) > 1 else []
        elif outline["id"] in hand.get("because", {}):
            yield _rule(entry, outline, outline["ops"], hand["because"][outline["id"]])
        else:
            others = [one.get("ops", ()) for one in (*own.values(), *entry["pack"]["rules"])]
            orders = any("legal_disclosure" in ops for ops in others)
            yield from _leaving(entry, hand, outline, orders)
    yield from (rule for rule in own.values() if len(rule) > 1)


def _leaving(entry: Facts, hand: Facts, outline: Facts, orders: bool) -> Iterable[dict[str, Any]]:
    """The clause by which data leaves on a ground, and the one about showing it; `orders`: another clause
    speaks of authorities.
    """
    ops = [op for op in LEAVING if op != "legal_disclosure" or not orders]
    if "narrow" in hand:
        ops = [op for op in ops if op in outline["ops"] or op in ("search_from", "legal_disclosure")]
    others = hand["viewing"] == "others"
    cites = hand.get("viewing_cites", outline["citation"])
    if others:
        yield _rule(entry, outline, ops, hand["leaving"])
        shown = _rule(entry, outline, ["disclose"], f"{hand['leaving']}; an own employee is no recipient")
        yield {**shown, "id": f"{outline['id']}-disclose", "viewers": list(NOT_EMPLOYEES), "citation": cites}
    else:
        yield {**_rule(entry, outline, [*ops, "disclose"], hand["leaving"]), "citation": cites}


def _rule(entry: Facts, outline: Facts, ops: Iterable[str], because: str) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": outline["id"],
        "effect": outline["effect"],
        "classes": outline["classes"],
        "ops": list(ops),
    }
    for key, word in (("dst_in", "to"), ("dst_not_in", "to_not"), ("requester_not_in", "to_not")):
        if key in outline["where"]:
            rule[word] = [outline["where"][key]]
    if "when_tags" in outline:
        (tag,) = outline["when_tags"]
        rule["when"] = {"workspace_tag": tag}
    rule |= {key: outline[key] for key in ("unless_any", "unless_all", "obligations") if key in outline}
    return rule | {"because": because, "citation": outline["citation"], "confidence": entry["confidence"]}


def is_enforced(one: Facts, hand: Facts) -> bool:
    """Whether a duty of keeping is a clause: it says how long, for what, and hangs on nothing unknown."""
    bounded = "min_days" in one or "max_days" in one
    aside = any(one["rule"].startswith(words) for words in hand.get("unenforced", ()))
    return bounded and bool(one.get("classes")) and not aside


def _retention(entry: Facts, hand: Facts) -> Iterable[dict[str, Any]]:
    prefix = entry["pack"]["id"].partition("/")[2]
    kept = [one for one in entry["retention"] if is_enforced(one, hand)]
    for number, one in enumerate(kept, 1):
        yield {
            "id": f"{prefix}-keep-{number}",
            "classes": one["classes"],
            **{key: one[key] for key in ("min_days", "max_days") if key in one},
            "because": one["rule"][0].upper() + one["rule"][1:],
            "citation": one["citation"],
            "confidence": one.get("confidence", entry["confidence"]),
        }


def _deadlines(entry: Facts) -> Iterable[dict[str, Any]]:
    for duty in ("access", "erasure"):
        yield from _deadline(entry, duty, entry["rights"][duty])
    for key, duty in _DUTIES.items():
        if key in entry["breach"]:
            yield from _deadline(entry, duty, entry["breach"][key])
    for one in entry["breach"].get("other", ()):
        yield from _deadline(entry, "breach_authority", {**one, "note": f"to {one['to']}"})
    if "filing" in entry["transfer"]:
        one = entry["transfer"]["filing"]
        yield from _deadline(entry, "filing", {**one, "note": one["what"]})


def _deadline(entry: Facts, duty: str, one: Facts) -> Iterable[dict[str, Any]]:
    if not one["citation"]:
        return
    notes = [f"extension: {one['extension']}" if "extension" in one else "", one.get("text", "")]
    note = "; ".join(text for text in (*notes, one.get("note", ""), one.get("followup", "")) if text)
    bound = {} if one.get("amount") is None else {"amount": one["amount"], "unit": one["unit"]}
    yield {
        "duty": duty,
        **bound,
        **({"starts": one["trigger"]} if "trigger" in one else {}),
        **({"note": note} if note else {}),
        "citation": one["citation"],
        "confidence": one.get("confidence", entry["confidence"]),
    }


def _text(pack: Facts) -> str:
    """As people would write it: a key a line, rules over several lines, everything else in one."""
    lines = []
    for key, value in pack.items():
        if isinstance(value, Mapping):
            lines += [f"{key}:", *(f"  {name}: {_flow(part)}" for name, part in value.items())]
        elif key == "rules":
            lines.append("rules:" if value else "rules: []")
            for rule in value:
                marks = ["- ", *["  "] * (len(rule) - 1)]
                parts = zip(marks, rule.items(), strict=True)
                lines += [f"  {mark}{name}: {_flow(part)}" for mark, (name, part) in parts]
        elif isinstance(value, list):
            lines += [f"{key}:", *(f"  - {_flow(part)}" for part in value)]
        else:
            lines.append(f"{key}: {_flow(value)}")
    return _HEAD + "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    code = len(text) == 2 and text.isupper()
    plain = _PLAIN.match(text) and text.lower() not in _WORDS_OF_YAML and not code
    return text if plain or isinstance(value, int) else json.dumps(text, ensure_ascii=False)
