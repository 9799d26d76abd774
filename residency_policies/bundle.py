"""Bundles: what planes and the directory need of them, in one place.

`Bundle` and `load_bundle` are the bytes (`sealed`), `CompiledBundle` and `compile_bundle` the tables of an
instant (`compiled`); `check_bundle` is for whoever is about to put a bundle into force.
"""

from residency_policies.builtin import builtin_packs
from residency_policies.checks.everything import check_findings
from residency_policies.compiled import Asker, CompiledBundle, compile_bundle
from residency_policies.document import load_document
from residency_policies.errors import BundleError, Finding
from residency_policies.model import FloorPack
from residency_policies.prove.findings import proof_findings
from residency_policies.reference import unoffered_findings
from residency_policies.sealed import Bundle, load_bundle

__all__ = [
    "Asker",
    "Bundle",
    "CompiledBundle",
    "bundle_findings",
    "check_bundle",
    "compile_bundle",
    "load_bundle",
]


def check_bundle(bundle: Bundle, at_s: int) -> CompiledBundle:
    """The bundle compiled for an instant, when nothing speaks against putting it into force.

    Raises:
        DocumentError, BundleError: as `compile_bundle`; every finding with an E- code: expectations that fail
            (E-TEST), claims that are refuted (E-PROOF), a mandatory floor that says something else than the
            shipped one (E-FLOOR-CHANGED), packs for reference only and whoever they are about
            (E-REFERENCE), and what `checks` finds. What is found with a W- code is among the warnings of the
            answer.
    """
    compiled = compile_bundle(bundle, at_s)
    compiled.warnings = bundle_findings(compiled)
    failed = [finding for finding in compiled.warnings if finding.code.startswith("E-")]
    if failed:
        raise BundleError(failed)
    return compiled


def bundle_findings(compiled: CompiledBundle) -> tuple[Finding, ...]:
    """Everything that speaks for or against putting a bundle into force, sorted; as `check_bundle`.

    Raises:
        BundleError: E-GUARD, a policy's table over all countries would be too large.
    """
    found = {*compiled.warnings, *check_findings(compiled), *proof_findings(compiled)}
    return tuple(sorted(found.union(unoffered_findings(compiled.bundle), _changed_floors(compiled.bundle))))


def _changed_floors(bundle: Bundle) -> list[Finding]:
    """Shipped packs that differ in meaning from what is shipped: a folder of policies cannot loosen
    them.
    """
    shipped = {pack.id: pack.canonical for pack in map(load_document, builtin_packs())}
    return [
        Finding(
            "bundle",
            0,
            0,
            "E-FLOOR-CHANGED",
            document.id,
            f"{document.id} differs from the pack that is shipped",
            "Leave it out: it is added by itself.",
        )
        for document in bundle.parsed
        if isinstance(document, FloorPack)
        and document.canonical != shipped.get(document.id, document.canonical)
    ]
