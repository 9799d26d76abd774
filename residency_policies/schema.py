"""The JSON Schema of documents for editors, made from the grammar (draft 2020-12).

An editor that knows it completes keys and words, and marks what is certainly wrong. It says less than the
reader: what keys mean together, and what documents mean together, is found by `colink policy lint`.
"""

from typing import Final

from residency_policies.grammar import KINDS, PARTS, Key
from residency_policies.places import COUNTRIES, SUBDIVISIONS, blocs
from residency_policies.reader import SHAPES, TEXT_MAX
from residency_policies.vocabulary import UNKNOWN_COUNTRY
from residency_policies.words import WORDS

Schema = dict[str, object]
DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
# A list of words may be empty only where it says that nothing is owed.
_MAY_BE_EMPTY: Final = ("obligation",)


def document_schema() -> Schema:
    """The schema of a document of any kind."""
    kinds = sorted(KINDS)
    return {
        "$schema": DRAFT,
        "title": "Residency policy documents, residency/v1",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {"apiVersion": {"const": "residency/v1"}, "kind": {"enum": kinds}},
        "allOf": [
            {
                "if": {"required": ["kind"], "properties": {"kind": {"const": kind}}},
                "then": {"$ref": f"#/$defs/{kind}"},
            }
            for kind in kinds
        ],
        "$defs": {
            **{kind: _part(KINDS[kind]) for kind in kinds},
            **{name: _part(PARTS[name]) for name in sorted(PARTS)},
            **{f"word.{name}": {"enum": list(words)} for name, (_, words) in sorted(WORDS.items())},
            **_places(),
        },
    }


def _places() -> dict[str, Schema]:
    countries, unknown = [*COUNTRIES, *SUBDIVISIONS], {"const": UNKNOWN_COUNTRY}
    country, place = {"$ref": "#/$defs/country"}, {"$ref": "#/$defs/place"}
    return {
        "country": {"enum": countries},
        "country_zz": {"anyOf": [country, unknown]},
        "place": {"anyOf": [country, {"enum": sorted(blocs())}]},
        "place_zz": {"anyOf": [place, unknown]},
    }


def _part(keys: tuple[Key, ...]) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [key.name for key in keys if key.required],
        "properties": {key.name: {**_shape(key.shape), "description": key.meaning} for key in keys},
    }


def _shape(shape: str) -> Schema:
    kind, _, rest = shape.partition(":")
    if kind == "text":
        return {"type": "string", "minLength": 1, "maxLength": TEXT_MAX}
    if kind in ("id", "path"):
        return {"type": "string", "pattern": SHAPES[kind].pattern}
    if kind in ("ids", "paths"):
        return {"type": "array", "items": _shape(kind[:-1])}
    if kind == "word":
        return {"$ref": f"#/$defs/word.{rest}"}
    if kind == "words":
        items: Schema = {"type": "array", "items": {"$ref": f"#/$defs/word.{rest}"}}
        return items if rest in _MAY_BE_EMPTY else {**items, "minItems": 1}
    if kind in ("country", "country_zz", "place"):
        return {"$ref": f"#/$defs/{kind}"}
    if kind in ("places", "places_zz"):
        name = "place" if kind == "places" else "place_zz"
        return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}, "minItems": 1}
    if kind == "instant":
        day = r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?Z)?$"
        return {"type": "string", "pattern": day}
    if kind == "integer":
        low, high = map(int, rest.split(":"))
        return {"type": "integer", "minimum": low, "maximum": high}
    if kind == "flag":
        return {"type": "boolean"}
    if kind in ("part", "condition"):
        return {"$ref": f"#/$defs/{rest}"}
    if kind == "parts":
        return {"type": "array", "items": {"$ref": f"#/$defs/{rest}"}}
    one = _shape(rest)
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}
