"""Everything that is found about documents that fit together."""

from collections.abc import Iterable, Iterator

from residency_policies.analyse.cells import Cell, cell_findings
from residency_policies.analyse.conflicts import conflict_findings
from residency_policies.analyse.leaks import derived_findings
from residency_policies.analyse.matches import Answers
from residency_policies.analyse.rules import rule_findings
from residency_policies.bundle import Bundle, bundle_findings, compile_bundle
from residency_policies.compiled import CompiledBundle
from residency_policies.errors import Finding, PolicyError
from residency_policies.model import Policy
from residency_policies.prove.claims import stack_of


def lint(
    compiled: CompiledBundle, cells: Iterable[Cell] | None = None, *, document: str = ""
) -> tuple[Finding, ...]:
    """Findings of a compiled bundle, by document and place: of its checks, of claims, of rules.

    Args:
        cells: the catalogue for placements; without it nothing is said about cells.
        document: id of the one whose rules are looked at, and of which warnings are given; of the others
            only what speaks against the bundle. Empty: all.

    Raises:
        BundleError: E-GUARD, a policy's table over all countries would be too large.
    """
    found = list(bundle_findings(compiled))
    catalogue = None if cells is None else tuple(cells)
    for policy in compiled.policies:
        if document not in ("", policy.id):
            continue
        found += policy_findings(compiled, policy)
        if catalogue is not None:
            found += cell_findings(policy, catalogue)
    if document:
        found = [one for one in found if one.document == document or one.code.startswith("E-")]
    return tuple(sorted(dict.fromkeys(found)))


def lint_document(
    bundle: Bundle, document: str, at_s: int
) -> tuple[tuple[Finding, ...], CompiledBundle | None]:
    """Findings of one document among the others of a bundle, as `lint`, and the compiled bundle.

    Without an E- code among the findings `check_bundle` raises nothing for this bundle at this instant.
    None: the documents do not fit together, and the findings say why.
    """
    try:
        compiled = compile_bundle(bundle, at_s)
        return lint(compiled, document=document), compiled
    except PolicyError as error:
        return error.findings, None


def policy_findings(compiled: CompiledBundle, policy: Policy) -> Iterator[Finding]:
    """Findings of the rules of one policy that is in force."""
    stack = stack_of(compiled, policy)
    answers = Answers(stack)
    yield from conflict_findings(policy, stack)
    yield from rule_findings(policy, answers)
    yield from derived_findings(policy, answers)
