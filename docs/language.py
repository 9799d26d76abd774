"""The reference page of the language of policies, and the schema for editors, from the grammar."""

import json

from docs.tables import code, table
from residency_policies.errors import CODES
from residency_policies.grammar import KINDS, PARTS, Key
from residency_policies.obligations import DISCHARGES
from residency_policies.places import SUBDIVISIONS, blocs
from residency_policies.schema import document_schema
from residency_policies.vocabulary import CLASS_GROUPS, GROUP_ALIASES, OBLIGATIONS
from residency_policies.words import WORDS

KIND_TEXTS = {
    "Policy": "What a customer or cell wants: a layer of an organisation, a workspace or a channel.",
    "FloorPack": "What the law of a jurisdiction demands, or what is advised for it.",
    "Instrument": "A transfer instrument in a document of its own.",
    "Waiver": "Clauses of a pack that do not count for a while.",
}
_SHAPES = {
    "text": "text",
    "id": "short name",
    "ids": "list of short names",
    "path": "owner/name",
    "paths": "list of owner/name",
    "instant": "date or instant in UTC",
    "flag": "true or false",
    "country": "country",
    "country_zz": "country or ZZ",
    "place": "country or bloc",
    "places": "list of countries and blocs",
    "places_zz": "list of countries, blocs and ZZ",
}


def schema_text() -> str:
    """The JSON Schema, as a file."""
    return json.dumps(document_schema(), indent=1, ensure_ascii=False) + "\n"


def language() -> list[str]:
    """Parts of the page: kinds, parts, words, places, obligations, findings."""
    parts = [
        "Documents are YAML 1.2 without anchors, tags, empty values and unquoted dates; codes of countries"
        " stand in quotes. An unknown key or word is refused, with the place and the nearest known one."
        " Editors read [the schema](policies.schema.json). The order of keys, lists and files has no meaning."
        " **Bold** keys must be there. `colink policy lint` checks documents, and names what it finds by the"
        " codes at the end of this page.",
    ]
    for kind, keys in KINDS.items():
        parts += [f"## {kind}", KIND_TEXTS[kind], _keys(keys)]
    parts.append("## Parts")
    for name, keys in sorted(PARTS.items()):
        parts += [f"### {name}", _keys(keys)]
    return [*parts, *_words(), *_codes()]


def _keys(keys: tuple[Key, ...]) -> str:
    ordered = sorted(keys, key=lambda key: not key.required)
    rows = [
        [f"**`{key.name}`**" if key.required else f"`{key.name}`", _shape(key.shape), key.meaning]
        for key in ordered
    ]
    return table(("key", "value", "meaning"), rows)


def _shape(shape: str) -> str:
    kind, _, rest = shape.partition(":")
    if kind == "integer":
        low, high = rest.split(":")
        return f"number from {low} to {high}"
    if kind in ("part", "condition"):
        return f"[{rest}](#{rest})"
    if kind == "parts":
        return f"list of [{rest}](#{rest})"
    if kind == "any":
        return f"{_shape(rest)}, or a list"
    if kind in ("word", "words"):
        anchor = f"[{WORDS[rest][0]}](#words-{rest})"
        return anchor if kind == "word" else f"list: {anchor}"
    return _SHAPES[kind]


def _words() -> list[str]:
    groups = [[f"`{name}`", code(leaves)] for name, leaves in CLASS_GROUPS.items()]
    groups += [[f"`{name}`", "the groups " + code(inner)] for name, inner in GROUP_ALIASES.items()]
    lists = [
        f"### words {name}\n\n{code(words)}"
        for name, (_, words) in sorted(WORDS.items())
        if name not in ("class", "leaf", "obligation", "exception")
    ]
    owed = [
        [f"`{name}`", when, code(DISCHARGES[name].fields), code(sorted(DISCHARGES[name].ops))]
        for name, when in OBLIGATIONS.items()
    ]
    listed = [
        [f"`{name}`", ", ".join(sorted(members)) or "nobody today"] for name, members in blocs().items()
    ]
    return [
        "## Words",
        "### words class\n\nA group stands for its leaves.",
        table(("group", "leaves"), groups),
        "### words leaf\n\nA leaf of the groups above, and no group.",
        "### words exception\n\nA mechanism or a fact.",
        *lists,
        "### words obligation\n\nWhen it is discharged, the evidence, and at which operations it can be.",
        table(("obligation", "when", "evidence", "operations"), owed),
        "## Places",
        "Countries are ISO 3166-1 codes. These parts of countries have a law of their own: "
        f"{code(SUBDIVISIONS)}. Blocs are dated lists:",
        table(("bloc", "members"), listed),
    ]


def _codes() -> list[str]:
    rows = [[f"`{name}`", text] for name, text in sorted(CODES.items())]
    return [
        "## Findings",
        "A finding with E- stops documents from coming into force, one with W- is shown. What is found about"
        " rules as a whole stops the revision of that document: `E-FLOOR`, `E-CONTRADICT`, `E-DERIVED`,"
        " `E-CONFLICT-FLOORS`. The directory tells a submitted revision what `colink policy lint` tells."
        " `E-CAPACITY` is told in the impact and stops nothing: room can be made before anything moves.",
        table(("code", "when"), rows),
    ]
