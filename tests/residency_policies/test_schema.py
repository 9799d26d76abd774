"""The schema for editors: it takes what the reader takes, and marks the shapes that the reader refuses."""

import json
import random
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from residency_policies.builtin import builtin_documents
from residency_policies.schema import document_schema
from tests.residency_policies.golden import Case, cases
from tests.residency_policies.support import random_policy

SCHEMA = document_schema()
EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.yaml"))
# Codes that a schema can know of: keys, words and shapes. The rest is what keys mean together.
OF_SHAPE = ("there is no key", "is not a", "is missing", "expected a", "expected text", "the list of places")
TYPES: Mapping[str, type] = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}


def faults(schema: Mapping[str, Any], value: Any, at: str = "") -> Iterator[str]:
    """Places where a value breaks a schema, for the keywords that ours uses; others are an error."""
    for keyword, wanted in schema.items():
        if keyword in ("$schema", "title", "description", "$defs", "then"):
            continue
        yield from CHECKS[keyword](schema, wanted, value, at)


def _type(schema: Mapping[str, Any], wanted: Any, value: Any, at: str) -> Iterator[str]:
    types = [TYPES[name] for name in ([wanted] if isinstance(wanted, str) else wanted)]
    if not any(isinstance(value, one) and (one is not int or value is not True) for one in types):
        yield at


def _items(schema: Mapping[str, Any], wanted: Any, value: Any, at: str) -> Iterator[str]:
    for item in value if isinstance(value, list) else []:
        yield from faults(wanted, item, f"{at}[]")


def _properties(schema: Mapping[str, Any], wanted: Any, value: Any, at: str) -> Iterator[str]:
    for key in set(value) & set(wanted) if isinstance(value, dict) else ():
        yield from faults(wanted[key], value[key], f"{at}.{key}")


def _further(schema: Mapping[str, Any], wanted: Any, value: Any, at: str) -> Iterator[str]:
    for key in () if wanted or not isinstance(value, dict) else value:
        if key not in schema["properties"]:
            yield f"{at}.{key}"


def _all_of(schema: Mapping[str, Any], wanted: Any, value: Any, at: str) -> Iterator[str]:
    for one in wanted:
        if not list(faults(one["if"], value)):
            yield from faults(one["then"], value, at)


def _refers(schema: Mapping[str, Any], wanted: str, value: Any, at: str) -> Iterator[str]:
    yield from faults(SCHEMA["$defs"][wanted.removeprefix("#/$defs/")], value, at)  # type: ignore[index]


def _whether(broken: Any) -> Any:
    def check(schema: Mapping[str, Any], wanted: Any, value: Any, at: str) -> Iterator[str]:
        if broken(wanted, value):
            yield at

    return check


CHECKS: dict[str, Any] = {
    "type": _type,
    "items": _items,
    "properties": _properties,
    "allOf": _all_of,
    "$ref": _refers,
    "anyOf": _whether(lambda wanted, value: all(list(faults(one, value)) for one in wanted)),
    "additionalProperties": _further,
    "required": _whether(lambda wanted, value: isinstance(value, dict) and not set(wanted) <= set(value)),
    "enum": _whether(lambda wanted, value: value not in wanted),
    "const": _whether(lambda wanted, value: value != wanted),
    "pattern": _whether(lambda wanted, value: not re.search(wanted, str(value))),
    "minLength": _whether(lambda wanted, value: len(str(value)) < wanted),
    "maxLength": _whether(lambda wanted, value: len(str(value)) > wanted),
    "minItems": _whether(lambda wanted, value: isinstance(value, list) and len(value) < wanted),
    "minimum": _whether(lambda wanted, value: value < wanted),
    "maximum": _whether(lambda wanted, value: value > wanted),
}


@pytest.mark.parametrize("text", [*builtin_documents(), *(path.read_text("utf-8") for path in EXAMPLES)])
def test_documents_that_load_keep_to_the_schema(text: str) -> None:
    assert list(faults(SCHEMA, yaml.safe_load(text))) == []


def test_random_policies_keep_to_the_schema() -> None:
    for seed in range(40):
        assert list(faults(SCHEMA, json.loads(json.dumps(random_policy(random.Random(seed)))))) == []


def of_shape() -> list[Case]:
    return [
        case
        for case in cases()
        if case.code in ("E-KEY", "E-UNKNOWN", "E-MISSING", "E-TYPE")
        and any(words in one for one in case.expected for words in OF_SHAPE)
        and not any("does not say" in one or "a permit needs" in one for one in case.expected)
    ]


@pytest.mark.parametrize("case", of_shape(), ids=lambda case: f"{case.code}/{case.name}")
def test_faults_of_keys_and_words_break_the_schema(case: Case) -> None:
    assert any(list(faults(SCHEMA, yaml.safe_load(text))) for text in case.documents)


def test_the_cases_of_shape_are_many() -> None:
    assert len(of_shape()) >= 8
