"""The pages of docs/reference/packs, and the packs themselves: both come from the facts of jurisdictions.yaml
and the clauses of clauses.yaml.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from docs.tables import code, table
from residency_policies.document import load_document
from residency_policies.model import Deadline, Exempt, FloorPack, Flow, Retention
from residency_policies.packs import making

SHIPPED = Path(making.__file__).parent
ADVICE = (
    "**Engineering reference data, not legal advice.** No lawyer of the place has reviewed it"
    " (`reviewed_by_counsel: false`). Review by counsel is required before use."
)
KINDS = {
    "floor": "mandatory: part of every bundle, applies by itself, no policy removes it",
    "pack": "advisory: counts where a policy names it, and can only add duties",
    "reference": "for reference: it is read and analysed; a bundle that holds it, and a policy or a region"
    " that it is about, are refused with E-REFERENCE",
}
DUTIES = {
    "access": "answer a request for access",
    "erasure": "answer a request for erasure",
    "breach_authority": "tell the authority of a breach",
    "breach_individuals": "tell people of a breach",
    "breach_controller": "tell the controller of a breach",
    "filing": "file with the authority",
}
LOCALISATION = {
    "none": "no general duty to store in the country",
    "conditional": "a duty to store in the country for some",
    "copy_in_country": "a copy is kept in the country",
    "primary_copy": "the first copy is kept in the country",
}


@lru_cache(maxsize=1)
def facts() -> Mapping[str, Any]:
    """The facts of the law."""
    found: Mapping[str, Any] = making.read((SHIPPED / "jurisdictions.yaml").read_text("utf-8"))
    return found


@lru_cache(maxsize=1)
def clauses() -> Mapping[str, Any]:
    """What is written by hand, by pack."""
    found: Mapping[str, Any] = making.read((SHIPPED / "clauses.yaml").read_text("utf-8"))
    return found


@lru_cache(maxsize=1)
def texts() -> dict[str, str]:
    """The packs that the facts make, by file name."""
    return making.pack_texts(facts(), clauses())


def write() -> None:
    """Write the packs beside the facts."""
    for name, text in texts().items():
        (SHIPPED / name).write_text(text, encoding="utf-8")


def page_name(pack: str) -> str:
    """The page of a pack."""
    return pack.replace("/", "-") + ".md"


def kind_of(pack: FloorPack) -> str:
    """floor, pack or reference."""
    return "reference" if pack.reference_only else pack.id.partition("/")[0]


def pack_of(entry: Mapping[str, Any]) -> FloorPack:
    """The pack of a jurisdiction."""
    pack = load_document(texts()[making.file_name(entry["pack"]["id"])])
    assert isinstance(pack, FloorPack)
    return pack


def index() -> list[str]:
    """Parts of the page over all packs."""
    rows = []
    for entry in facts()["jurisdictions"]:
        pack = pack_of(entry)
        rows.append(
            [
                f"[`{pack.id}`]({page_name(pack.id)})",
                entry["name"],
                kind_of(pack),
                LOCALISATION[entry["localisation"]["general"]],
                entry["remote_access"]["value"],
                pack.confidence,
                f"{pack.last_checked} ({entry['checked']})",
                f"{pack.review_days} d",
            ]
        )
    head = ("pack", "law of", "kind", "storage", "viewing from abroad caught", "confidence",
            "last checked (sources opened)", "read again within")  # fmt: skip
    return [
        ADVICE,
        "Facts stand in `residency_policies/packs/jurisdictions.yaml`, what is written by hand in"
        " `clauses.yaml` beside it; packs and these pages are made from both, and every clause is executed"
        " against flows in `tests/residency_policies/packs/`. Facts that were not confirmed within their"
        " interval are reported as W-UNCHECKED-FACT.",
        "\n".join(f"* **{kind}**: {text}." for kind, text in KINDS.items()),
        table(head, rows),
    ]


def entries() -> dict[str, Mapping[str, Any]]:
    """Jurisdictions by the name of the page of their pack."""
    return {page_name(entry["pack"]["id"]): entry for entry in facts()["jurisdictions"]}


def parts(entry: Mapping[str, Any]) -> list[str]:
    """Parts of the page of one pack."""
    pack = pack_of(entry)
    hand = clauses()[pack.id]
    found = [
        ADVICE,
        f"`{pack.id}`, version {pack.version}, {KINDS[kind_of(pack)]}. Facts last checked {pack.last_checked}"
        f" (sources opened: {entry['checked']}), confidence {pack.confidence}, read again within"
        f" {pack.review_days} days." + (" No waiver can lift a clause of it." if pack.no_waiver else ""),
        _applies(pack),
        f"**Storage:** {entry['localisation']['summary']}\n\n**Viewing from abroad:** {_viewing(entry)}",
        "## What it refuses and asks for",
        table(
            ("clause", "for", "unless", "why", "citation", "confidence"), [_rule(rule) for rule in pack.rules]
        )
        if pack.rules
        else "Nothing: it states deadlines.",
    ]
    if "narrow" in hand:
        found.append(hand["narrow"])
    found += list(_grounds(entry, pack))
    found += list(_terms(entry, hand, pack.retention))
    found += [
        "## Deadlines",
        table(
            ("duty", "within", "counted from", "note", "citation", "confidence"),
            map(_deadline, pack.deadlines),
        ),
    ]
    found += list(_doubts(entry))
    return found


def _applies(pack: FloorPack) -> str:
    rule = pack.applies_when
    ways = {
        "a workspace is established in": rule.establishment,
        "a workspace asserts people in": rule.subjects,
        "data lies in a region in": rule.region,
    }
    named = "; or ".join(f"{way} {code(places)}" for way, places in ways.items() if places)
    return f"**Applies** when {named}." + (" A policy has to name it." if kind_of(pack) == "pack" else "")


def _viewing(entry: Mapping[str, Any]) -> str:
    one = entry["remote_access"]
    note = f" {one['note']}." if "note" in one else ""
    return f"{one['value']}.{note} ({one['citation']}; confidence {one['confidence']})"


def _rule(rule: Flow) -> list[str]:
    where = f" to {code(rule.to)}" if rule.to else f" outside {code(rule.to_not)}" if rule.to_not else ""
    what = f"{code(rule.classes)}: {code(rule.ops)}{where}"
    if rule.viewers:
        what += f", before {code(rule.viewers)}"
    if rule.when:
        what += f", when {code(sorted(rule.when))}"
    asked = f"asks {code(rule.obligations)}" if rule.effect == "require" else "refuses"
    lifted = "; ".join(map(_exempt, rule.unless)) or ("nothing lifts it" if rule.effect == "deny" else "")
    return [f"`{rule.id}` {asked}", what, lifted, rule.because, rule.citation, rule.confidence]


def _exempt(one: Exempt) -> str:
    return " and ".join(f"`{word}`" for word in (*one.mechanisms, *sorted(one.facts)))


def _grounds(entry: Mapping[str, Any], pack: FloorPack) -> Iterable[str]:
    yield "## Grounds"
    rows = [
        [f"`{one.type}`", one.citation, code(one.needs), "single acts" if one.occasional else ""]
        for one in pack.mechanisms
    ]
    yield table(("mechanism", "citation", "needs beside it", "good for"), rows)
    if pack.adequacy:
        held = [
            f"`{one.to}`" + (f" while `{one.fact}` is asserted" if one.fact else "") for one in pack.adequacy
        ]
        yield "Adequate: " + ", ".join(held) + "."
    elif any(one.type == "adequacy" for one in pack.mechanisms):
        yield "No adequate destination is among the facts, so adequacy lifts nothing."
    kept = [one["id"] for one in making.recognised(entry)]
    left = [one for one in entry["transfer"]["adequate_destinations"] if one.get("id") not in kept]
    if left:
        why = [one.get("scope") or one.get("status") or one.get("note") or one.get("kind") for one in left]
        lines = [f"* {one.get('id', 'others')}: {text}" for one, text in zip(left, why, strict=True)]
        yield "Left out, because no fact proves the scope, it is unsure, or it is no country:"
        yield "\n".join(lines)


def _terms(entry: Mapping[str, Any], hand: Mapping[str, Any], terms: tuple[Retention, ...]) -> Iterable[str]:
    yield "## Keeping"
    if terms:
        rows = [
            [f"`{one.id}`", code(one.classes), _days(one), one.because, one.citation, one.confidence]
            for one in terms
        ]
        yield table(("clause", "classes", "days", "why", "citation", "confidence"), rows)
    others = [one for one in entry["retention"] if not making.is_enforced(one, hand)]
    if others and "retention" not in hand:
        lines = [f"* {one['rule']} ({one['citation']})" for one in others]
        yield "No clauses: they state no term for a data class, or hang on what a bundle does not know."
        yield "\n".join(lines)


def _days(one: Retention) -> str:
    bounds = [f"at least {one.min_days}"] if one.min_days is not None else []
    bounds += [f"at most {one.max_days}"] if one.max_days is not None else []
    return ", ".join(bounds) + ("" if one.after == "written" else f" after {one.after}")


def _deadline(one: Deadline) -> list[str]:
    within = f"{one.amount} {one.unit.replace('_', ' ')}" if one.amount is not None else "no number"
    return [DUTIES[one.duty], within, one.starts, one.note, one.citation, one.confidence]


def _doubts(entry: Mapping[str, Any]) -> Iterable[str]:
    triggers = entry["localisation"]["triggers"]
    if triggers:
        rows = [[one["when"], one["requirement"], one["citation"], one["confidence"]] for one in triggers]
        yield "## Duties of some\n\nMost of them are no clauses: a bundle knows them where a tag says so."
        yield table(("who or what", "duty", "citation", "confidence"), rows)
    lines = [f"* pending: {one['what']} ({one['status']})" for one in entry["pending"]]
    lines += [f"* unsure: {text}" for text in entry["unsure"]]
    if lines:
        yield "## Doubts\n\n" + "\n".join(lines)
