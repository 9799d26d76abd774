"""What each door shows to whom: every route of the application, as every role of several jurisdictions.

Marks are planted that belong to a jurisdiction, to nobody's known one, or to everybody. Whoever reads
everything has to find exactly those that a route is for; anybody else those of them that are theirs alone.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from accord.encoding import canonical_json, unb64url
from accord.ids import new_id
from accord.ledger import NoteKey, open_checkpoint
from deploy.policy.log import prove, read
from directory.adapters.memory.store import MemoryStore
from directory.domain.officers import MAY, OfficerAct, Role
from directory.domain.policy_log import SALT_BYTES, Act
from directory.domain.shadows import sign_shadow
from directory.domain.traffic import TrafficCount, TrafficDifference, TrafficPiece
from directory.domain.unlawful import OVERDUE, UnlawfulConversation, UnlawfulReport
from directory.entrypoints.http.app import OPENAPI
from directory.ports.store import WriteUnit
from docs import officers as page
from residency_policies.builtin import builtin_floors
from residency_policies.bundle import load_bundle
from residency_policies.decision import Viewer
from residency_policies.points import Flow
from residency_policies.traffic import kind_of
from tests.architecture.sources import ROOT
from tests.directory.entrypoints.http.test_policies import V1, Face
from tests.directory.services.test_policies import AMERICAN, DRAFT_US, FLOOR, GERMAN, STRICTER
from tests.directory.services.test_traffic import FILES
from tests.directory.world import World

NOBODYS = ""
AMERICAN_NUMBER, LAW = 2, 3
READERS = {
    "or-de": ("officer", "DE"), "or-us": ("officer", "US"), "or-both": ("officer", "DE", "US"),
    "or-all": ("officer", "*"), "or-zz": ("officer", "ZZ"), "co-de": ("counsel", "DE"),
    "co-all": ("counsel", "*"), "op-de": ("operator", "DE"), "op-us": ("operator", "US"),
    "op-all": ("operator", "*"), "au-de": ("auditor", "DE"), "au-all": ("auditor", "*"),
}  # fmt: skip
WHOLE = {"or-all", "co-all", "op-all", "au-de", "au-all"}
ACTS: dict[str, dict[str, Any]] = {
    "POST /policies": {"document": DRAFT_US},
    "POST /policies/removals": {"document": "default/us"},
    "POST /policies/rollbacks": {"document": "default/us", "bundle_version": 1},
    "POST /halts": {"scope": "jurisdiction", "value": "US", "reason": "a try"},
    "POST /policies/{number}/approvals": {"hash": "0" * 64},
    "POST /policies/{number}/activations": {"at_s": None},
}
"""Bodies by which a door does something to what is American."""
WORKSPACES, CHANNELS = (
    {"workspace DE", "workspace US", "workspace "},
    {"channel DE", "channel US", "channel "},
)
DRAFTS, OFFICERS = {"draft DE", "draft US", "draft *"}, {"officer DE", "officer US", "officer *"}
REVISIONS = {"revision DE", "revision US", "revision *"}
TOLD = {"told DE", "told US", "told "}
SHOWS: dict[str, set[str]] = {
    "GET /officers": OFFICERS,
    "GET /halts": WORKSPACES | {"halt *"},
    "GET /policies": REVISIONS | WORKSPACES,
    "GET /policies/{number}": DRAFTS | WORKSPACES,
    "GET /policies/{number}/evidence": DRAFTS,
    "GET /policy-log": OFFICERS | WORKSPACES | REVISIONS | TOLD | {"halt *"},
    "GET /policy-log/consistency": set(),
    "GET /rollout": {"cell DE", "cell US", "cell "},
    "GET /unlawful-conversations": CHANNELS | TOLD,
}
"""Marks that a door is for."""
IDS = {"workspace", "channel", "draft", "officer"}
"""Kinds of marks that stand nowhere by chance."""


@dataclass(frozen=True, slots=True)
class Told:
    """A world with marks: what they are called, and the text that gives each away."""

    face: Face
    marks: dict[str, str]

    def seen(self, answer: object) -> set[str]:
        """Marks in an answer."""
        text = json.dumps(answer)
        return {name for name, mark in self.marks.items() if mark in text}

    def ask(self, route: str, by: str, number: int = LAW) -> tuple[int, Any]:
        """Status and answer of a door."""
        verb, path = route.split(" ")
        path = path.replace("{number}", str(number)).replace("{name}", "quiet-us")
        if path == "/policy-log/consistency":
            path += "?old=1&new=2"
        head = {"authorization": f"Bearer {self.face.tokens[by]}"}
        answer = self.face.client.request(verb, V1 + path, json=ACTS.get(route), headers=head)
        return answer.status_code, answer.json()


def theirs(marks: set[str], reader: str) -> set[str]:
    """Those of the marks that a reader may see."""
    _, *places = READERS[reader]
    known = {*places, "*"} - {"ZZ"}
    return {it for it in marks if reader in WHOLE or it.partition(" ")[2] in known}


@pytest.fixture
async def told() -> Told:
    world = await World(MemoryStore()).begin((*builtin_floors(), GERMAN, AMERICAN))
    face, marks = Face(world), dict[str, str]()
    workspaces = {"DE": "", "US": "", NOBODYS: new_id("T")}
    for code, name in (("DE", "de-fra"), ("US", "us-iad")):
        workspaces[code] = (await world.place(await world.admit(name))).resident
        await face.enter(f"wrote-{code.lower()}", "officer", code)
    for name, reader in READERS.items():
        await face.enter(name, *reader)
    for code in ("DE", "US", "*"):
        quiet = f"quiet-{'all' if code == '*' else code.lower()}"
        await face.enter(quiet, "officer", code)
        marks[f"officer {code}"] = quiet
    for code, place in workspaces.items():
        face.ask("POST", "/halts", "or-all", scope="workspace", value=place, reason="a try")
        marks[f"workspace {code}"] = place
    face.ask("POST", "/halts", "or-all", scope="instrument", value="scc-of-all", reason="a try")
    marks["halt *"] = "scc-of-all"
    for number, (code, text, by) in enumerate(
        (("DE", STRICTER, "wrote-de"), ("US", DRAFT_US, "wrote-us"), ("*", FLOOR, "co-all")), 1
    ):
        marks[f"draft {code}"] = f"draft of {number}"
        titled = text.replace("title: ", f"title: {marks[f'draft {code}']} ", 1)
        assert face.ask("POST", "/policies", by, document=titled)["revision"] == number
        marks[f"revision {code}"] = f'"revision": {number},'
    for code, name in (("DE", "de-fra"), ("US", "us-iad"), (NOBODYS, "xx-one")):
        marks[f"channel {code}"], marks[f"cell {code}"] = new_id("C"), f'"node": "{name}"'
        marks[f"told {code}"] = f'"cell": "{name}"'
    face.ask("POST", "/policies/1/analyses", "wrote-de")
    await plant(world, marks, workspaces)
    return Told(face, marks)


async def plant(world: World, marks: dict[str, str], workspaces: dict[str, str]) -> None:
    """A cell of which nobody knows where it stands, unlawful conversations, an analysis and a shadow of the
    floor that name workspaces of all.
    """
    base, _ = await world.bundles.look()
    assert base is not None
    held = load_bundle(base.bundle)
    now_s = world.clock.now_us() // 1_000_000
    shadow = sign_shadow(replace(held, version=2), LAW, world.bundle_key, now_s)

    def kind(workspace: str) -> bytes:
        flow = Flow(workspace, "eu-central-1", "us-east-1", Viewer("employee", "US"))
        return kind_of(FILES, flow, "DE", (), ()).to_bytes()

    def work(unit: WriteUnit) -> None:
        cell = unit.cells.find("de-fra")
        assert cell is not None
        unit.cells.put(replace(cell, name="xx-one", jurisdiction=NOBODYS))
        for code, name in (("DE", "de-fra"), ("US", "us-iad"), (NOBODYS, "xx-one")):
            one = UnlawfulConversation(new_id("T"), marks[f"channel {code}"], "refused", "default/de F9", 1)
            unit.unlawful.put(UnlawfulReport(name, 1, 1, 0, (one,)))
            act = Act(OVERDUE, "directory", {"cell": name, "bundle_version": 1})
            world.pen.enter(unit.log, act, now_s, bytes(SALT_BYTES))
        german, law = unit.policies.find(1), unit.policies.find(LAW)
        assert german is not None
        assert law is not None
        analysis = json.loads(german.analysis) | {"revision": LAW}
        for place in workspaces.values():
            analysis["traffic"]["refused"]["workspaces"].append({"workspace": place, "flows": 7})
            analysis["traffic"]["owes"]["examples"].append({"workspace": place, "flows": 7})
            group = {"region": "eu-central-1", "rule": "x", "cells": [], "residents": 7, "needs": {}}
            analysis["placements"]["moving"].append({**group, "example": place})
        unit.policies.put(replace(law, analysis=canonical_json(analysis)))
        unit.shadows.put(shadow)
        unit.commit()

    await world.store.write(work)
    places = dict(enumerate(workspaces.values(), 1))
    differences = [
        TrafficDifference(it, now_s, shadow.digest, "file_content", "refused", "x", 7) for it in places
    ]
    counts = [TrafficCount(it, now_s, 7, shadow.digest) for it in places]
    kinds = {it: kind(place) for it, place in places.items()}
    peer = (await world.admit("de-fra")).peer
    await world.traffic.report(peer, TrafficPiece(1, 0, 6, kinds, counts, now_s, differences))


def routes(face: Face) -> Iterator[str]:
    """Every route of the application, however it is made."""
    for path, verbs in face.client.app.openapi()["paths"].items():  # type: ignore[attr-defined]
        yield from (f"{verb.upper()} {path}" for verb in verbs)
    yield f"GET {OPENAPI}"


async def test_every_route_has_a_row_and_shows_each_role_what_is_theirs(told: Told) -> None:
    rows = page.doors(ROOT)
    assert sorted(routes(told.face)) == sorted(rows), "give it a row in docs/officers.toml"
    faults: list[str] = []
    for route, row in rows.items():
        short = route.replace(V1, "")
        if row.sees == "open":
            if short.startswith("GET "):
                said = told.face.client.get(route.split(" ")[1].replace("{version}", "1"))
                assert said.status_code == 200
                faults += [f"{route}: {it}" for it in told.seen(said.text) if not it.startswith("cell ")]
        elif row.sees == "act":
            faults += refused(told, short, row.act)
        else:
            faults += shown(told, short, row.sees)
    assert not faults, "\n".join(faults)


def shown(told: Told, route: str, sees: str) -> list[str]:
    """What is wrong with what a door shows to whom."""
    faults = []
    whole, kinds = set[str](), IDS | {it.partition(" ")[0] for it in SHOWS[route]}
    numbers = {1: "DE", 2: "US", LAW: "*"} if "{number}" in route else {LAW: "*"}
    for reader in sorted(READERS, key=lambda it: it not in WHOLE):
        for number, code in numbers.items():
            status, answer = told.ask(route, reader, number)
            mine = bool(theirs({f"x {code}"}, reader))
            wanted = (200, None) if mine else (403, f"jurisdiction:{code}")
            if (status, answer.get("needed")) != wanted:
                faults.append(f"{route} {number} of {reader}: {status} {answer.get('needed')}")
            seen = told.seen(answer)
            known = {it for it in seen if it.partition(" ")[0] in kinds}
            whole |= known if reader in WHOLE else set()
            may = known if sees == "alike" else theirs(known, reader)
            faults += [f"{route} {number} shows {reader}: {it}" for it in sorted(known - may)]
            if "{number}" not in route and (missing := theirs(SHOWS[route], reader) - seen):
                faults += [f"{route} hides from {reader}: {sorted(missing)}"] if sees == "parts" else []
    return faults + ([] if whole == SHOWS[route] else [f"{route}: {sorted(whole ^ SHOWS[route])}"])


def refused(told: Told, route: str, act: str) -> list[str]:
    """What is wrong with whom a door lets act on what is American."""
    if act == "none":
        return []
    faults, may = [], MAY[OfficerAct(act)]
    for reader, (role, *places) in READERS.items():
        if Role(role) in may and not {"US", "*"}.isdisjoint(places):
            continue
        status, answer = told.ask(route, reader, AMERICAN_NUMBER)
        names = "role:" if Role(role) not in may else "jurisdiction:US"
        if status != 403 or not answer.get("needed", "").startswith(names):
            faults.append(f"{route} lets {reader}: {status} {answer}")
    return faults


async def test_whoever_reads_a_part_is_told_how_much_is_left_out_and_sums_stay(told: Told) -> None:
    part, whole = (told.ask("GET /policies/{number}", it)[1] for it in ("or-de", "or-all"))
    assert (part["withheld"], part["shadow"]["withheld"]) == (6, 4)
    assert (whole["withheld"], whole["shadow"]["withheld"]) == (0, 0)
    for name in ("flows", "keys", "rules", "hours"):
        assert part["shadow"]["live"]["refused"][name] == whole["shadow"]["live"]["refused"][name]
    assert part["approval_sha256"] == whole["approval_sha256"]


async def test_a_log_proves_to_whoever_reads_a_part_of_it(told: Told) -> None:
    def ask(verb: str, path: str) -> Any:
        return told.face.ask(verb, path, "or-de")

    entries, checkpoint = read(ask)
    key = told.face.world.log_key.public
    assert {"leaf" in it for it in entries} == {True, False}
    assert prove(entries, checkpoint, key, "") == []
    assert open_checkpoint(checkpoint, [NoteKey("policies.test", key, "log")]).size == len(entries)
    place = next(it for it, one in enumerate(entries) if "leaf" in one)
    assert len(unb64url(entries[place]["leaf"])) == 32
    entries[place] = {**entries[place], "leaf": entries[place]["leaf"][::-1]}
    assert prove(entries, checkpoint, key, "") != []
