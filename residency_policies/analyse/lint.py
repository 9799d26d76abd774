"""Everything that is found about documents that fit together."""

from residency_policies.compiled import CompiledBundle
from residency_policies.errors import Finding
from residency_policies.prove.findings import proof_findings


def lint(compiled: CompiledBundle) -> tuple[Finding, ...]:
    """Findings of a compiled bundle, by document and place: those of its compilation, of claims, of rules.

    Raises:
        BundleError: E-GUARD, a policy's table over all countries would be too large.
    """
    found = [*compiled.warnings, *proof_findings(compiled)]
    return tuple(sorted(dict.fromkeys(found)))
