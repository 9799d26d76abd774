"""Two cells that hear of bundles in any order and at any time: what crosses is what both ends allow."""

import random
from collections import Counter
from pathlib import Path

import pytest

from accord.clock import ManualClock
from regional_cell.adapters.directory.policies import BundlePolicies
from regional_cell.adapters.directory.records import RecordFiles
from residency_policies.builtin import BUILTIN_REGIONS, builtin_floors
from residency_policies.bundle import Bundle, compile_bundle
from residency_policies.decision import Question, Viewer
from tests.regional_cell.adapters.directory.test_orders import (
    GERMAN,
    NOW_S,
    RING,
    STRICTER,
    WORKSPACE,
    signed,
)

PLACES = {"us-east-1": "US", "ap-south-1": "IN"}
CLASSES = ("file_content", "message_body")
QUIETER = GERMAN.replace(
    "flows:\n",
    """flows:
  - {id: F8, effect: deny, classes: [message_body], ops: [disclose], to: ["IN"], because: "no team there"}
""",
)
TEXTS = (GERMAN, STRICTER, QUIETER)


def asked(version: int, data_class: str, dst: str) -> Question:
    """An employee there reads what rests in Germany."""
    return Question(
        WORKSPACE, version, "disclose", data_class, "eu-central-1", dst, Viewer("employee", PLACES[dst]),
        "local", can=frozenset({"ledger_entry"}),
    )  # fmt: skip


ASKED = [(data_class, dst) for data_class in CLASSES for dst in PLACES]
# By text: what is allowed under a bundle of it, read off the bundle alone.
ALLOWED = {
    text: frozenset(
        (data_class, dst)
        for data_class, dst in ASKED
        if compile_bundle(Bundle(1, (*builtin_floors(), text), BUILTIN_REGIONS), NOW_S)
        .profile_for(WORKSPACE, "DE")
        .decide(asked(1, data_class, dst))
        .allow
    )
    for text in TEXTS
}


def crossing(ends: list[BundlePolicies]) -> frozenset[tuple[str, str]]:
    """What passes both ends, each asked under the bundle that it holds."""
    found = set(ASKED)
    for one in ends:
        bundle = one.bundle()
        version = 0 if bundle is None else bundle.version
        found &= {each for each in ASKED if one.decide(asked(version, *each), "DE", (), ()).allow}
    return frozenset(found)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_random_mixed_fleets_never_allow_what_either_end_denies(tmp_path: Path, seed: int) -> None:
    chance, clock = random.Random(seed), ManualClock(NOW_S * 1_000_000)
    texts = {number: chance.choice(TEXTS) for number in range(2, 6)} | {1: chance.choice(TEXTS)}
    ends = []
    for name, region, country in (("de", "eu-central-1", "DE"), ("us", "us-east-1", "US")):
        end = BundlePolicies(RecordFiles(tmp_path / name), RING, clock, region, country, 3_600.0)
        end.start()
        await end.take(signed(1, texts[1]))
        ends.append(end)
    held = [1, 1]
    seen: Counter[bool] = Counter()
    while min(held) < max(texts):
        late = chance.choice([number for number, version in enumerate(held) if version < max(texts)])
        # Who slept hears of the newest at once.
        held[late] = chance.randint(held[late] + 1, max(texts))
        await ends[late].take(signed(held[late], texts[held[late]]))
        for end in chance.sample(ends, chance.randint(0, 2)):
            end.confirm(max(held), min(held))
        lawful = ALLOWED[texts[held[0]]] & ALLOWED[texts[held[1]]]
        crosses = crossing(ends)
        assert crosses <= lawful, (held, crosses - lawful)
        seen[held[0] != held[1]] += 1
    assert seen[True], "the fleet must have been mixed"
    for end in ends:
        end.confirm(max(texts), max(texts))
    assert crossing(ends) == ALLOWED[texts[max(texts)]], "once everybody has it, the newest alone decides"


def test_the_bundles_differ_in_what_crosses() -> None:
    assert len(set(ALLOWED.values())) == len(TEXTS)
