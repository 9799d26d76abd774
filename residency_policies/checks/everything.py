"""Every check of a bundle that is about to be put into force."""

from residency_policies.checks.documents import (
    obligation_findings,
    reference_findings,
    reliance_findings,
    retention_findings,
)
from residency_policies.checks.instruments import instrument_findings
from residency_policies.checks.placement import placement_findings
from residency_policies.compiled import CompiledBundle
from residency_policies.errors import Finding


def check_findings(compiled: CompiledBundle) -> list[Finding]:
    """What is found about the policies in force, sorted; later versions are checked when they come."""
    found = list(reference_findings(compiled.bundle.parsed))
    for policy in compiled.policies:
        stack = compiled.first_stack(policy)
        found += instrument_findings(stack, compiled.instruments_of(policy))
        for check in (
            placement_findings,
            reliance_findings,
            retention_findings,
            obligation_findings,
        ):
            found += check(stack)
    return sorted(found)
