"""The replay of recorded decisions equals what was seen live; what must move is found, and room for it."""

import random
from collections import Counter
from dataclasses import replace

from residency_policies.analyse.cells import Cell
from residency_policies.analyse.impact import Histogram, Key, replay
from residency_policies.analyse.placements import Placement, walk
from residency_policies.analyse.without import without_adequacy, without_instrument, without_region
from residency_policies.bundle import CompiledBundle, compile_bundle
from residency_policies.decision import Region
from residency_policies.sealed import Bundle
from tests.residency_policies.prove.sample import INSIDE, READERS, SHARES, sample
from tests.residency_policies.support import AT_S, REGION_OF, bundle_of, compiled, flow

HOUR_S = 3_600
ENDS_S = AT_S + 5 * HOUR_S
FACT = {"id": "recipient_dpf_certified", "owner": "counsel", "until": "2026-11-21T05:00:00Z",
        "evidence": "list", "because": "certified"}  # fmt: skip
ABROAD = flow("F3", "permit", to=["US"], obligations=["ledger_entry"])
KEY = Key("T1", "DE", "disclose", "message_body", REGION_OF["DE"], REGION_OF["US"], "guest", "US", "local")
SWISS = Region("eu-alps-1", "CH")
REST = {"workspace": ("message_body", "profile_pii")}


def bundle(*flows: dict[str, object], **keys: object) -> CompiledBundle:
    return compiled({**sample(*flows), **keys})


def test_the_replay_of_a_day_equals_the_differences_seen_live_across_an_end() -> None:
    old, new = bundle(INSIDE, ABROAD, facts=[FACT]), bundle(INSIDE, READERS)
    chance = random.Random(11)
    rows: dict[Key, list[int]] = {}
    live: Counter[tuple[str, int]] = Counter()
    held = [old, new]
    for number in range(24):
        start_s = AT_S + number * HOUR_S
        for _ in range(40):
            country = chance.choice(["US", "CH", "FR", "DE"])
            relation = "guest" if country == "US" else chance.choice(["guest", "employee"])
            to = REGION_OF["US"] if country == "US" else REGION_OF["DE"]
            key = replace(
                KEY, relation=relation, country=country, dst=to, workspace=chance.choice(["T1", "T2"])
            )
            rows.setdefault(key, [0] * 24)[number] += 1
            held = [one.at(start_s + chance.randrange(HOUR_S)) for one in held]
            before, now = (one.profile_for(key.workspace, "DE").decide(key.question(1)) for one in held)
            if before.allow != now.allow:
                live["allowed" if now.allow else "refused", start_s] += 1
    told = replay(old, new, Histogram(tuple(AT_S + hour * HOUR_S for hour in range(24)), rows))
    seen = {
        (kind, start): count
        for kind in ("allowed", "refused")
        for start, count in told.changed[kind].hours.items()
    }
    assert seen == live
    assert told.asked == 24 * 40
    assert 0 < max(start for kind, start in live if kind == "refused") < ENDS_S
    assert told.changed["refused"].flows == sum(told.changed["refused"].workspaces.values())


def test_what_is_owed_anew_is_told_with_workspace_and_example() -> None:
    old, new = bundle(SHARES), bundle({**SHARES, "obligations": ["second_approval"]})
    key = replace(KEY, op="replicate_share", dst=REGION_OF["DE"], relation="system", country="DE")
    told = replay(old, new, Histogram((AT_S,), {key: [3]})).to_json()
    assert told["owes"] == {
        "flows": 0, "keys": 0, "rules": [], "workspaces": [], "hours": [], "examples": [],
    }  # fmt: skip
    regions = replace(bundle_of(sample(SHARES)), regions=(*old.bundle.regions, SWISS))
    more = replace(bundle_of(sample({**SHARES, "obligations": ["second_approval"]})), regions=regions.regions)
    told = replay(
        compile_bundle(regions, AT_S), compile_bundle(more, AT_S),
        Histogram((AT_S, AT_S + HOUR_S), {replace(key, dst="eu-alps-1"): [3, 4]}),
    ).to_json()  # fmt: skip
    assert told["owes"] == {
        "flows": 7,
        "keys": 1,
        "rules": [{"rule": "+second_approval", "flows": 7}],
        "workspaces": [{"workspace": "T1", "flows": 7}],
        "hours": [[AT_S, 3], [AT_S + HOUR_S, 4]],
        "examples": [
            {**replace(key, dst="eu-alps-1").to_json(), "flows": 7, "rule": "+second_approval"},
        ],
    }


def test_placements_that_must_move_are_grouped_with_where_they_can_go_and_the_room_there() -> None:
    cells = [
        Cell("de-fra", REGION_OF["DE"], "DE", True, {"bytes": 10}),
        Cell("us-iad", REGION_OF["US"], "US"),
    ]
    placed = [
        Placement(f"T{number}", "workspace", "DE", cell, region, needs={"bytes": 6})
        for number, (cell, region) in enumerate(
            [("us-iad", REGION_OF["US"]), ("us-iad", REGION_OF["US"]), ("de-fra", REGION_OF["DE"])]
        )
    ]
    found = walk(bundle(INSIDE), placed, cells, REST).to_json()
    assert found == {
        "placements": 3,
        "moving": [
            {"region": REGION_OF["US"], "rule": "floor/eea eea-1", "cells": ["de-fra"], "residents": 2,
             "needs": {"bytes": 12}, "example": "T0"},
        ],
        "shortages": [
            {
                "code": "E-CAPACITY",
                "resource": "bytes",
                "cells": ["de-fra"],
                "groups": [f"2 in {REGION_OF['US']}"],
                "free": 10,
                "needed": 12,
                "text": f"de-fra has 10 bytes free; the affected workspaces (2 in {REGION_OF['US']})"
                " need 12 bytes",
            }
        ],
    }  # fmt: skip


def test_what_stops_when_an_instrument_an_adequacy_or_a_region_is_gone() -> None:
    instrument = {
        "id": "ins-1", "type": "scc", "citation": "Art. 46", "importer": "Delta", "to": ["US"],
        "classes": ["message_body"], "ops": ["disclose"], "valid": {"until": "2028-01-01"},
        "evidence": {"tia": "T-1"},
    }  # fmt: skip
    using = flow("F3", "permit", to=["US"], viewers=["guest"], using=["ins-1"])
    swiss = flow("F4", "permit", to=["DE"], viewer_countries=["CH"], viewers=["guest"])
    whole = bundle_of({**sample(using, swiss), "instruments": [instrument]})
    old = compile_bundle(whole, AT_S)
    to_swiss = replace(KEY, dst=REGION_OF["DE"], country="CH")
    asked = Histogram((AT_S,), {KEY: [5], replace(KEY, relation="employee"): [7]})

    def refused(without: Bundle, histogram: Histogram = asked) -> int:
        return replay(old, compile_bundle(without, AT_S), histogram).changed["refused"].flows

    assert refused(whole) == 0
    assert refused(without_instrument(whole, "ins-1", AT_S)) == 5
    assert refused(without_region(whole, REGION_OF["US"])) == 5
    swiss_only = Histogram((AT_S,), {to_swiss: [3]})
    assert refused(without_adequacy(whole, "floor/eea", "US", AT_S), swiss_only) == 0
    assert refused(without_adequacy(whole, "floor/eea", "CH", AT_S), swiss_only) == 3
