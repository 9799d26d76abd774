"""An instrument that ends while people read: all may before that instant, and nobody from it on."""

import json
import time
from datetime import UTC, datetime
from typing import Any

from residency_policies.vocabulary import CLASSES, OPERATIONS
from tests.flows.test_files import fetch
from tests.support.clients import Plain, web
from tests.support.faults.freezing import pids_of
from tests.support.federation import RunningDemo
from tests.support.officers import OfficersOverHttp
from tests.support.rooms import Person, person
from tests.support.waiting import until

HOMES = {"acme": "fra", "globex": "iad", "initech": "bom"}
EDGES = tuple(HOMES.values())
NODES = ("directory", "de-fra", "us-iad", "in-bom", *EDGES)
EVERYWHERE = ["DE", "US", "IN"]
# How far ahead the end is: where the policy comes into force too late for it, again and further.
AHEAD_S = (25, 75, 225)
BEFORE_S, AFTER_S = 5.0, 4.0
KNOWN_S = 60.0


def organisation(workspaces: list[str], until_s: int) -> str:
    """A policy that lets files pass edges, and sessions be shown, under an instrument that ends: edges refuse
    the former, cells the latter.
    """

    def permit(number: str, ops: list[str], classes: list[str], **keys: Any) -> dict[str, Any]:
        base = {"id": number, "effect": "permit", "ops": ops, "classes": classes, "to": EVERYWHERE}
        base["because"] = "a contract"
        return {**base, **keys}

    under: dict[str, Any] = {"using": ["ins-1"]}
    valid = {
        "from": "2026-01-01",
        "until": datetime.fromtimestamp(until_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return json.dumps(
        {
            "apiVersion": "residency/v1",
            "kind": "Policy",
            "metadata": {
                "id": "group/main", "title": "Group", "layer": "organisation", "review_by": "2027-06-30",
            },
            "applies_to": {"workspaces": workspaces},
            "default": "closed",
            "flows": [
                permit("F1", [op for op in OPERATIONS if op not in ("transit", "disclose")], ["all"]),
                permit("F2", ["disclose"], [name for name in CLASSES if name != "typing"]),
                permit("F3", ["transit"], [name for name in CLASSES if name != "file_content"]),
                permit("F4", ["disclose"], ["typing"], **under),
                permit("F5", ["transit"], ["file_content"], **under),
            ],
            "instruments": [
                {
                    "id": "ins-1", "type": "scc", "citation": "GDPR Art. 46(2)(c)", "importer": "A company",
                    "to": EVERYWHERE, "classes": ["file_content", "typing"], "ops": ["disclose", "transit"],
                    "valid": valid, "evidence": {"tia": "TIA-1"},
                }
            ],
        }
    )  # fmt: skip


def test_an_instrument_ends_at_its_instant_on_every_cell_and_every_edge(ruled: RunningDemo) -> None:
    people = {name: person(ruled, name, "member", 0) for name in HOMES}
    files = {name: uploaded(ruled, HOMES[name], who) for name, who in people.items()}
    pids, officers = pids_of(ruled, *NODES), OfficersOverHttp(ruled)
    until_s = in_force_until(officers, [ruled.workspace(name)["id"] for name in HOMES])

    seen: dict[tuple[str, str, str], list[tuple[float, float, str]]] = {}
    while time.time() < until_s + AFTER_S:
        for edge in EDGES:
            for name, who in people.items():
                begun_s, answer = time.time(), read(ruled, edge, who, files[name])
                seen.setdefault(("file", name, edge), []).append((begun_s, time.time(), answer))
                begun_s, answer = time.time(), asked(ruled, edge, who)
                seen.setdefault(("call", name, edge), []).append((begun_s, time.time(), answer))
    for (what, name, edge), answers in seen.items():
        before = {answer for _, ended_s, answer in answers if ended_s < until_s}
        after = {answer for begun_s, _, answer in answers if begun_s >= until_s}
        assert before == {"ok"}, (what, name, edge, before)
        # Edges are asked about everybody; a cell is not asked about the edge in its own jurisdiction.
        shown = "ok" if HOMES[name] == edge else "group/main F4"
        assert after == {"group/main F5" if what == "file" else shown}, (what, name, edge, after)
    assert pids_of(ruled, *NODES) == pids


def in_force_until(officers: OfficersOverHttp, workspaces: list[str]) -> int:
    """Put the policy into force some time before its instrument ends; that instant, Unix seconds."""
    for ahead_s in AHEAD_S:
        until_s = int(time.time()) + ahead_s
        try:
            version = officers.put_in_force(organisation(workspaces, until_s))
        except AssertionError:
            # What has ended meanwhile is not put into force.
            if time.time() < until_s:
                raise
            continue
        assert version == officers.version()
        # Until then a cell that is behind an edge asks to come again.
        until(lambda: known_to_all(officers, version), KNOWN_S, "every cell and edge has the bundle")  # noqa: B023
        if time.time() + BEFORE_S < until_s:
            return until_s
    raise AssertionError("it took too long to put the policy into force")


def known_to_all(officers: OfficersOverHttp, version: int) -> bool:
    """Whether every node acknowledged a bundle."""
    return all(node["bundle_version"] >= version for node in officers.ask(0, "GET", "/rollout")["nodes"])


def uploaded(demo: RunningDemo, edge: str, who: Person) -> str:
    """The address of a file of theirs."""
    sent = web(demo.edge(edge), who.token).files_upload_v2(content=b"a file", filename="a.txt")
    return str(sent["files"][0]["url_private"])


def read(demo: RunningDemo, edge: str, who: Person, address: str) -> str:
    """`ok`, or the rule that refuses the file."""
    status, body = fetch(demo, edge, who.token, address)
    return "ok" if (status, body) == (200, b"a file") else str(json.loads(body).get("x_rule", status))


def asked(demo: RunningDemo, edge: str, who: Person) -> str:
    """`ok`, or the rule that keeps a call from passing the edge."""
    with Plain(demo.edge(edge), who.token) as plain:
        answer = plain.call("auth.test").fields
        return "ok" if answer["ok"] else str(answer.get("x_rule", answer["error"]))
