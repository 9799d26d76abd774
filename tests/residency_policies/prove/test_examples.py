"""Claims of four workspaces: each is proved with a certificate that the checker reads, or refuted as told."""

from pathlib import Path

import pytest

from residency_policies.builtin import builtin_floors
from residency_policies.bundle import Bundle, compile_bundle
from residency_policies.check_certificate import faults
from residency_policies.decision import Region
from residency_policies.prove.claims import prove
from tests.residency_policies.support import AT_S

FOLDER = Path(__file__).parents[3] / "docs" / "examples" / "claims"
REGIONS = tuple(Region(name, name[:2].upper()) for name in ("de-1", "in-1", "in-2", "us-1", "br-1"))
# By document: what comes of each claim; None means that it is proved.
EXPECTED: dict[str, dict[str, str | None]] = {
    "hospital": {
        "H1": None,
        "H2": "shortest path message_body@DE -> (derive) notification_payload@DE -> (transit, F2) US",
        "H3": None,
    },
    "bank": {"B1": None, "B2": None, "B3": None},
    "agency": {
        "A1": None,
        "A2": None,
        "A3": "telemetry@US -> (support_access, F3) GB for support owes ledger_entry",
    },
    "school": {"S1": None, "S2": "shortest path message_body@BR -> (disclose, F2, P1) PT"},
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_claims_of_a_workspace_come_out_as_its_page_says(name: str) -> None:
    bundle = Bundle(1, ((FOLDER / f"{name}.yaml").read_text("utf-8"), *builtin_floors()), REGIONS)
    compiled = compile_bundle(bundle, AT_S)
    (policy,) = compiled.policies
    proofs = list(prove(compiled, policy, policy.proofs))
    assert {one.claim.id: None if one.holds else one.sentence for one in proofs} == EXPECTED[name]
    for proof in proofs:
        if proof.certificate is not None:
            assert faults(proof.certificate, bundle) == []


def test_the_page_tells_every_claim() -> None:
    page = (FOLDER / "README.md").read_text("utf-8")
    for name, claims in EXPECTED.items():
        for claim, refuted in claims.items():
            (row,) = (line for line in page.splitlines() if line.startswith(f"| `{name}.yaml` {claim} |"))
            assert ("refuted" in row) == (refuted is not None)


def test_an_instrument_that_is_not_used_leaves_the_claim_open() -> None:
    text = (FOLDER / "agency.yaml").read_text("utf-8").replace("    using: [ins-gauges]\n", "", 1)
    compiled = compile_bundle(Bundle(1, (text, *builtin_floors()), REGIONS), AT_S)
    (policy,) = compiled.policies
    (proof,) = prove(compiled, policy, tuple(one for one in policy.proofs if one.id == "A2"))
    assert proof.sentence == "shortest path support_case@US -> (support_access, F2) GB"
