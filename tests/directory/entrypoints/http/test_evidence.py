"""The evidence of a revision over HTTP, proven as an auditor proves it: with the log's key alone."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from accord.encoding import canonical_json
from deploy.policy.command import main
from deploy.policy.proving import faults_of
from directory.adapters.memory.store import MemoryStore
from residency_policies.builtin import builtin_floors
from residency_policies.sealed import load_bundle
from tests.directory.entrypoints.http.test_policies import Face
from tests.directory.services.test_policies import GERMAN, STRICTER
from tests.directory.world import World

CLAIMED = (
    STRICTER
    + """proofs:
  - {id: X1, claim: never_reaches, classes: [file_content], from: ["DE"], to: ["CN"]}
"""
)


@pytest.fixture
async def face() -> Face:
    made = Face(await World(MemoryStore()).begin((*builtin_floors(), GERMAN)))
    for name in ("de-one", "de-two", "de-three"):
        await made.enter(name)
    await made.enter("au-one", "auditor")
    return made


async def activated(face: Face, text: str) -> dict[str, Any]:
    """The report of a revision that two others signed and that a cell acknowledged twice."""
    cell, _ = await face.world.admit("de-fra"), await face.world.admit("us-iad")
    number = face.ask("POST", "/policies", "de-one", document=text)["revision"]
    signed = face.ask("POST", f"/policies/{number}/analyses", "de-one")["approval_sha256"]
    for name in ("de-two", "de-three"):
        face.ask("POST", f"/policies/{number}/approvals", name, hash=signed)
    face.ask("POST", f"/policies/{number}/shadows", "de-one")
    face.ask("POST", f"/policies/{number}/activations", "de-one", at_s=None)
    bundle, _ = await face.world.bundles.look()
    assert bundle is not None
    for _ in range(2):
        face.world.clock.advance(3)
        await face.world.bundles.acknowledge(cell.peer, "de-fra", bundle.version, bundle.digest, "")
    face.ask("POST", "/halts", "de-two", scope="jurisdiction", value="DE", reason="a try")
    shown: dict[str, Any] = face.ask("GET", f"/policies/{number}/evidence", "au-one")
    return shown


async def test_a_report_says_who_signed_what_and_where_it_arrived(face: Face) -> None:
    report = await activated(face, CLAIMED)
    revision, key = report["revision"], face.world.log_key.public
    assert (revision["author"], revision["state"]) == ("de-one", "active")
    assert {it["officer"] for it in revision["approvals"] if it["counts"]} == {"de-two", "de-three"}
    assert report["analysis"]["direction"] == "tighter"
    [bundle] = report["bundles"]
    assert (bundle["act"], bundle["bundle_version"]) == ("revision_activated", 2)
    assert [(it["node"], it["after_s"]) for it in bundle["nodes"]] == [("de-fra", 3), ("us-iad", None)]
    assert [it["reason"] for it in report["halts"]] == ["a try"]
    acts = [it["open"]["act"] for it in report["log"]["entries"]]
    assert acts == [
        "revision_submitted", "revision_analysed", "revision_approved", "revision_approved",
        "revision_shadowed", "revision_activated", "bundle_signed", "halt_ordered",
    ]  # fmt: skip
    whole = face.ask("GET", "/bundles/2")["bundle"]
    assert report["proofs"]["expectations"] > 0
    assert report["proofs"]["failed"] == []
    assert [it["holds"] for it in report["proofs"]["claims"]] == [True]
    assert faults_of(report, key, load_bundle(canonical_json(whole))) == []


async def test_whatever_is_changed_in_a_report_is_noticed(face: Face) -> None:
    report = await activated(face, CLAIMED)
    whole = load_bundle(canonical_json(face.ask("GET", "/bundles/2")["bundle"]))
    key = face.world.log_key.public

    def changed(*path: str | int, to: object) -> list[str]:
        other: Any = copy.deepcopy(report)
        place = other
        for step in path[:-1]:
            place = place[step]
        assert place[path[-1]] != to
        place[path[-1]] = to
        # Certificates take seconds to check, and speak for themselves alone.
        return faults_of(other, key, whole if path[0] == "proofs" else None)

    assert changed("revision", "content", "metadata", "title", to="Another")
    assert changed("revision", "approvals", 0, "officer", to="de-four")
    assert changed("revision", "author", to="de-two")
    assert changed("analysis", "sha256", to="0" * 64)
    assert changed("bundles", 0, "bundle_sha256", to="0" * 64)
    assert changed("bundles", 0, "bundle_version", to=1)
    assert changed("log", "entries", 2, "open", "at_s", to=7)
    assert changed("log", "entries", 2, "sealed", "by", to="de-three")
    assert changed("log", "entries", 2, "seq", to=0)
    assert changed("log", "checkpoint", to=report["log"]["checkpoint"].replace("policies", "polices"))
    assert changed("proofs", "claims", 0, "certificate", "policy", to="default/us")
    assert faults_of(report, bytes(32))


async def test_a_report_that_was_kept_is_proven_without_the_directory(
    face: Face, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, key = await activated(face, STRICTER), face.world.log_key.public.hex()
    kept = tmp_path / "report.json"
    kept.write_text(json.dumps({"event": "report", "report": report}), "utf-8")
    assert main(["log", "--report", str(kept), "--key", key, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"event": "proof", "faults": [], "proven": True}
    report["log"]["entries"].reverse()
    report["log"]["entries"][0]["inclusion"] = report["log"]["entries"][1]["inclusion"]
    kept.write_text(json.dumps(report), "utf-8")
    assert main(["log", "--report", str(kept), "--key", key]) == 1
    kept.write_text("[]", "utf-8")
    assert main(["log", "--report", str(kept), "--key", key]) == 2


async def test_a_revision_that_never_took_effect_has_a_report_too(face: Face) -> None:
    face.ask("POST", "/policies", "de-one", document=STRICTER)
    report = face.ask("GET", "/policies/1/evidence", "au-one")
    assert (report["analysis"], report["bundles"], report["revision"]["bundle_version"]) == (None, [], 0)
    assert [it["open"]["act"] for it in report["log"]["entries"]] == ["revision_submitted"]
    assert faults_of(report, face.world.log_key.public) == []
    assert face.ask("GET", "/policies/9/evidence", "au-one", 404)["error"] == "NOT_FOUND"
