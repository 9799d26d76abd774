"""Builders for the tests of residency policies: bundles, questions, random policies, points of a table."""

import itertools
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace

from residency_policies.builtin import BUILTIN_REGIONS, builtin_floors
from residency_policies.bundle import Bundle, CompiledBundle, compile_bundle
from residency_policies.compile import DIMENSIONS, Table
from residency_policies.decision import Decision, Question, Viewer
from residency_policies.places import COUNTRY_INDEX
from residency_policies.vocabulary import (
    CLASS_WORDS,
    CLASSES,
    MECHANISMS,
    OBLIGATIONS,
    OPERATIONS,
    PURPOSES,
    RELATIONS,
)

AT_S = 1_795_219_200  # 2026-11-21T00:00:00Z
REGION_OF = {region.country: region.id for region in BUILTIN_REGIONS}
# Shipped packs whose facts nobody has confirmed for more than a year at AT_S.
STALE = frozenset({"floor/ch", "floor/nz", "floor/sg"})
ALL_OBLIGATIONS = frozenset(OBLIGATIONS)
METADATA = {"id": "sample/main", "title": "Sample", "layer": "workspace", "review_by": "2027-06-30"}
FACTS = (
    "incident_mode",
    "counter_below_us_bulk_thresholds",
    "rbi_foreign_leg",
    "channel_tag:red",
    "item_tag:red",
)


def policy(**changes: object) -> dict[str, object]:
    """A policy as plain values; `changes` replace top-level keys, None removes one."""
    whole: dict[str, object] = {
        "apiVersion": "residency/v1",
        "kind": "Policy",
        "metadata": METADATA,
        "applies_to": {"establishment": "DE"},
        "default": "closed",
        "placement": [{"id": "P1", "classes": ["content"], "primary": {"in": ["DE"]}, "because": "home"}],
        "flows": [],
    }
    whole.update(changes)
    return {key: value for key, value in whole.items() if value is not None}


def flow(number: str, effect: str, **keys: object) -> dict[str, object]:
    """A flow over message bodies that are disclosed; `keys` replace or add."""
    base: dict[str, object] = {
        "id": number,
        "effect": effect,
        "classes": ["message_body"],
        "ops": ["disclose"],
        "because": "a reason",
    }
    return {**base, **keys}


def bundle_of(*policies: Mapping[str, object], version: int = 1) -> Bundle:
    """A bundle of the policies, the mandatory floors and the built-in regions."""
    return Bundle(
        version,
        builtin_floors() + tuple(json.dumps(one, ensure_ascii=False) for one in policies),
        BUILTIN_REGIONS,
    )


def compiled(*policies: Mapping[str, object], at_s: int = AT_S) -> CompiledBundle:
    """The same, compiled."""
    return compile_bundle(bundle_of(*policies), at_s)


def question(op: str, src: str, dst: str, relation: str = "employee", **keys: object) -> Question:
    """A question between two countries; the viewer is at the destination and every obligation can be met."""
    base = Question(
        "T1",
        1,
        op,
        "message_body",
        REGION_OF[src],
        REGION_OF[dst],
        Viewer(relation, dst),
        "local",
        can=ALL_OBLIGATIONS,
    )
    return replace(base, **keys)  # type: ignore[arg-type]


def bare(decision: Decision) -> Decision:
    """What interpreter and table must agree on: everything but the hash of the table and its suggestion."""
    return replace(decision, profile="", nearest="")


def instrument(number: str, kind: str, **keys: object) -> dict[str, object]:
    """An instrument for message bodies that are disclosed in the United States; `keys` replace or add."""
    base: dict[str, object] = {
        "id": number,
        "type": kind,
        "citation": "GDPR Art. 46",
        "importer": "A company",
        "to": ["US"],
        "classes": ["message_body"],
        "ops": ["disclose"],
        "valid": {"from": "2026-10-01", "until": "2027-01-01"},
        "evidence": {"tia": "TIA-1"},
    }
    return {**base, **keys}


def random_instrument(chance: random.Random, number: int) -> dict[str, object]:
    """An instrument of any type, that may have ended or not begun at AT_S."""
    begins, ends = chance.choice((("2026-01-01", "2027-06-01"),) * 4 + (("2026-01-01", "2026-06-01"),
                                 ("2027-01-01", "2027-06-01")))  # fmt: skip
    return instrument(
        f"ins-{number}",
        chance.choice(MECHANISMS),
        to=chance.sample(["US", "IN", "CN", "SG", "GB", "BR", "EEA"], chance.randint(1, 4)),
        classes=chance.sample(sorted(CLASS_WORDS), chance.randint(1, 6)),
        ops=chance.sample(OPERATIONS, chance.randint(2, len(OPERATIONS))),
        valid={"from": begins, "until": ends},
        occasional=chance.random() < 0.2,
    )


def random_policy(chance: random.Random) -> dict[str, object]:
    """A policy with random flows over few values, so that rules meet."""
    lists = ["DE", "FR", "US", "IN", "CN", "SG", "EEA", "US_COUNTRIES_OF_CONCERN"]

    def some(words: object, most: int) -> list[str]:
        pool = sorted(words)  # type: ignore[call-overload]
        return chance.sample(pool, chance.randint(1, min(most, len(pool))))

    flows = []
    for number in range(chance.randint(2, 9)):
        effect = chance.choice(("permit", "permit", "deny"))
        one = flow(f"F{number}", effect, classes=some(CLASS_WORDS, 3), ops=some(OPERATIONS, 4))
        one[chance.choice(("to", "to_not"))] = some(lists, 3)
        if chance.random() < 0.4:
            one["viewers"] = some(RELATIONS, 3)
        if chance.random() < 0.2:
            one["viewer_countries"] = some([*lists, "ZZ"], 3)
        if chance.random() < 0.3:
            one["purposes"] = some(PURPOSES, 3)
        for key in ("when", "unless"):
            if chance.random() < 0.25:
                one[key] = chance.choice(
                    ({"fact": "incident_mode"}, {"channel_tag": "red"}, {"item_tag": "red"})
                )
        if effect == "permit" and chance.random() < 0.5:
            one["obligations"] = some(OBLIGATIONS, 2)
        flows.append(one)
    entry = {
        "id": "P1",
        "classes": some(CLASS_WORDS, 4),
        "primary": {"in": some(lists, 2)},
        "because": "home",
    }
    for key in ("replicas", "backups", "keys"):
        if chance.random() < 0.4:
            entry[key] = {"in": some(lists, 2)}
    instruments = [random_instrument(chance, number) for number in range(chance.randint(0, 3))]
    for one in flows:
        if instruments and one["effect"] == "permit" and chance.random() < 0.4:
            one["using"] = [each["id"] for each in instruments[: chance.randint(1, 3)]]
    return policy(
        flows=flows,
        instruments=instruments,
        placement=[entry],
        default=chance.choice(("closed", "closed", "open")),
        applies_to={
            "establishment": chance.choice(("DE", "US", "IN", "SG")),
            "subjects": some(["DE", "US", "IN"], 2),
        },
    )


def random_question(chance: random.Random, establishment: str = "DE") -> Question:
    """A question with known values, now and then an unknown one."""
    regions = [region.id for region in BUILTIN_REGIONS]
    countries = ["DE", "FR", "US", "IN", "CN", "SG", "BR", "GB", "ZZ", *chance.sample(list(COUNTRY_INDEX), 3)]

    def one(words: object) -> str:
        if chance.random() < 0.005:
            return "nowhere"
        return str(chance.choice(list(words)))  # type: ignore[call-overload]

    return Question(
        establishment,
        1,
        one(OPERATIONS),
        one(CLASSES),
        one(regions),
        one(regions),
        Viewer(one(RELATIONS), one(countries)),
        one(PURPOSES),
        frozenset(chance.sample(FACTS, chance.randint(0, 3))),
        frozenset(chance.sample(sorted(OBLIGATIONS), chance.randint(0, 14))),
    )


def points(table: Table) -> Iterator[Question]:
    """One question for every equivalence point of a table."""
    firsts: list[list[str]] = []
    for values, offsets in zip(table.values, table.offsets, strict=True):
        first: dict[int, str] = {}
        for value, offset in zip(values, offsets[1:], strict=True):
            first.setdefault(offset, value)
        firsts.append(list(first.values()))
    for point in itertools.product(*firsts):
        at = dict(zip(DIMENSIONS, point, strict=True))
        viewer = Viewer(at["relation"], at["country"])
        yield Question(
            "T1", 1, at["op"], at["class"], at["src"], at["dst"], viewer, at["purpose"], can=ALL_OBLIGATIONS
        )
