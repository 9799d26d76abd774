"""`colink policy`: its exit statuses, what it prints for people and for programs."""

import json
from pathlib import Path

import pytest

from deploy.policy.command import main
from residency_policies.builtin import BUILTIN_REGIONS, builtin_packs
from residency_policies.bundle import Bundle
from residency_policies.check_certificate import faults
from tests.residency_policies.prove.sample import INSIDE, PUSHES, READERS, sample

AT = ["--at", "2026-11-21"]
CLAIM = {"id": "X1", "claim": "never_reaches", "classes": ["message_body"], "from": ["DE"], "to": ["CN"]}
BROKEN = {**CLAIM, "id": "X2", "to": ["CH"]}


def written(folder: Path, name: str, *flows: dict[str, object], **keys: object) -> str:
    file = folder / name
    file.write_text(json.dumps({**sample(*flows), **keys}), "utf-8")
    return str(file)


def objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_documents_without_a_fault_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = written(tmp_path, "one.json", INSIDE)
    assert main(["lint", document, *AT]) == 0
    assert capsys.readouterr().out.endswith("findings\n")


def test_a_fault_is_told_with_file_line_and_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = written(tmp_path, "one.json", {**INSIDE, "ops": ["sell"]})
    assert main(["lint", document, "--json"]) == 1
    (finding,) = objects(capsys.readouterr().out)
    assert (finding["code"], finding["document"], finding["line"]) == ("E-UNKNOWN", document, 1)
    assert int(str(finding["column"])) > 1


def test_a_claim_that_fails_is_an_error_of_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = written(tmp_path, "one.json", READERS, proofs=[CLAIM, BROKEN])
    assert main(["lint", str(tmp_path), *AT]) == 1
    shown = capsys.readouterr().out
    assert f"{document}: line 1" in shown
    assert "E-PROOF proofs.X2: refuted: shortest path message_body@DE -> (disclose, F2) CH" in shown


def test_a_difference_is_told_as_flows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = written(tmp_path, "old.json", INSIDE, READERS), written(tmp_path, "new.json", INSIDE, PUSHES)
    assert main(["diff", old, new, *AT]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "sample/main stays: mixed",
        "  anywhere to US, notification_payload, transit: refused, now allowed (F6) when channel_tag:red",
        "  anywhere to CH, GB, content, disclose, employee: allowed, now refused (default)",
        "all of it: mixed",
    ]
    assert main(["diff", old, old, *AT, "--json"]) == 0
    (change,) = objects(capsys.readouterr().out)
    assert change["direction"] == "same"


def test_another_policy_for_the_same_workspaces_is_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metadata = {"id": "sample/next", "title": "Next", "layer": "workspace"}
    old, new = written(tmp_path, "old.json", INSIDE), written(tmp_path, "new.json", metadata=metadata)
    assert main(["diff", old, new, *AT]) == 1
    assert capsys.readouterr().out.startswith("sample/next follows sample/main: tighter\n")


def test_claims_are_proved_checked_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = written(tmp_path, "one.json", READERS, proofs=[CLAIM])
    folder = tmp_path / "certificates"
    assert main(["prove", document, "--check", "--certificates", str(folder), *AT]) == 0
    assert capsys.readouterr().out.endswith("; checked\n")
    certificate = json.loads((folder / "sample-main-X1.json").read_text("utf-8"))
    bundle = Bundle(1, (Path(document).read_text("utf-8"), *builtin_packs()), BUILTIN_REGIONS)
    assert faults(certificate, bundle) == []


def test_a_claim_can_be_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = written(tmp_path, "one.json", READERS)
    assert main(["prove", document, "--claim", json.dumps(BROKEN), "--json", *AT]) == 1
    (proof,) = objects(capsys.readouterr().out)
    assert (proof["holds"], len(proof["path"])) == (False, 2)  # type: ignore[arg-type]
    assert main(["prove", document, *AT]) == 2
    assert main(["prove", document, "--claim", "{}", *AT]) == 2


def test_a_question_and_the_decision_that_it_gets_are_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = written(tmp_path, "one.json", INSIDE, READERS)
    asked = {"op": "disclose", "class": "message_body", "from": "DE", "to": "US", "viewer": "guest"}
    assert main(["explain", json.dumps(asked), document, "--json", *AT]) == 1
    (decision,) = objects(capsys.readouterr().out)
    assert decision["code"] == "INSTRUMENT_MISSING"
    assert decision["changes"] == [{"kind": "place", "to": "eu-central-1"}]
    assert main(["explain", str(decision["decision"]), document, *AT]) == 1
    told = capsys.readouterr().out
    assert "disclose of ai_derived from eu-central-1 to " in told
    assert "floor: floor/eea eea-1-disclose" in told
    assert "refuses: floor floor/eea" in told
    assert "passes: floor floor/in" in told
    assert "would be allowed with: place eu-central-1" in told
    assert main(["explain", "d:0000000000000000", document, *AT]) == 2
    assert main(["explain", "{}", document, *AT]) == 2


def test_packs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["packs", "--json"]) == 0
    assert "floor/eea" in [pack["id"] for pack in objects(capsys.readouterr().out)]


def test_what_cannot_begin_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(tmp_path / "none.yaml")]) == 2
    assert main(["lint", str(tmp_path)]) == 2
    document = written(tmp_path, "one.json")
    assert main(["lint", document, "--at", "soon"]) == 2
    assert main(["lint", document, "--region", "DE"]) == 2
    assert capsys.readouterr().err.count("colink policy: ") == 4
