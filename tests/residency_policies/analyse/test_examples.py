"""What analyses say of the policies of three firms: two are clean, one has a rule that a floor refuses."""

import pytest

from residency_policies.analyse.lint import policy_findings
from residency_policies.bundle import compile_bundle
from residency_policies.check_certificate import faults
from residency_policies.prove.claims import prove
from tests.residency_policies.test_examples import BEGINS_S, EXAMPLES, bundle_of

DEAD = (
    "can take effect only when rbi_foreign_leg: floor/in clause in-2 (RBI circular 2017-18/153) refuses it"
    " otherwise"
)
EXPECTED = {"germany": [], "india": [("E-FLOOR", "flows.F2", DEAD)], "russia": []}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_rule_that_a_floor_refuses_is_reported_before_it_is_activated(name: str) -> None:
    compiled = compile_bundle(bundle_of(name), BEGINS_S)
    policy = next(one for one in compiled.policies if one.id == f"example/{name}")
    found = [(one.code, one.path, one.sentence) for one in policy_findings(compiled, policy)]
    assert found == EXPECTED[name]


@pytest.mark.parametrize("name", EXAMPLES)
def test_claims_of_a_firm_have_certificates_that_the_checker_reads(name: str) -> None:
    bundle = bundle_of(name)
    compiled = compile_bundle(bundle, BEGINS_S)
    policy = next(one for one in compiled.policies if one.id == f"example/{name}")
    proofs = list(prove(compiled, policy, policy.proofs))
    assert proofs
    for proof in proofs:
        assert proof.certificate is not None, proof.sentence
        assert faults(proof.certificate, bundle) == []
