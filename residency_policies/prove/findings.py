"""Claims of documents that do not hold, as findings."""

from residency_policies.compiled import CompiledBundle
from residency_policies.errors import Finding
from residency_policies.prove.claims import prove


def proof_findings(compiled: CompiledBundle) -> list[Finding]:
    """E-PROOF for each claim of the policies in force that is refuted.

    Raises:
        BundleError: E-GUARD, a policy's table over all countries would be too large.
    """
    found = []
    for policy in compiled.policies:
        for proof in prove(compiled, policy, policy.proofs) if policy.proofs else ():
            if not proof.holds:
                at = proof.claim.at
                path, sentence = f"proofs.{proof.claim.id}", f"refuted: {proof.sentence}"
                found.append(Finding(policy.id, *at, "E-PROOF", path, sentence))
    return found
