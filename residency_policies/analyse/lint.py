"""Everything that is found about documents that fit together."""

from collections.abc import Iterable, Iterator

from residency_policies.analyse.cells import Cell, cell_findings
from residency_policies.analyse.conflicts import conflict_findings
from residency_policies.analyse.leaks import derived_findings
from residency_policies.analyse.matches import Answers
from residency_policies.analyse.rules import rule_findings
from residency_policies.checks.everything import check_findings
from residency_policies.compiled import CompiledBundle
from residency_policies.errors import Finding
from residency_policies.model import Policy
from residency_policies.prove.claims import stack_of
from residency_policies.prove.findings import proof_findings


def lint(compiled: CompiledBundle, cells: Iterable[Cell] | None = None) -> tuple[Finding, ...]:
    """Findings of a compiled bundle, by document and place: of its checks, of claims, of rules.

    Args:
        cells: the catalogue for placements; without it nothing is said about cells.

    Raises:
        BundleError: E-GUARD, a policy's table over all countries would be too large.
    """
    found = [*compiled.warnings, *check_findings(compiled), *proof_findings(compiled)]
    catalogue = None if cells is None else tuple(cells)
    for policy in compiled.policies:
        found += policy_findings(compiled, policy)
        if catalogue is not None:
            found += cell_findings(policy, catalogue)
    return tuple(sorted(dict.fromkeys(found)))


def policy_findings(compiled: CompiledBundle, policy: Policy) -> Iterator[Finding]:
    """Findings of the rules of one policy that is in force."""
    stack = stack_of(compiled, policy)
    answers = Answers(stack)
    yield from conflict_findings(policy, stack)
    yield from rule_findings(policy, answers)
    yield from derived_findings(policy, answers)
