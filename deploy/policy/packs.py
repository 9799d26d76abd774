"""`colink policy packs`: what is shipped, how sure its facts are and when they were last read."""

import argparse

from deploy.policy.output import Output
from residency_policies.builtin import builtin_packs, reference_packs
from residency_policies.document import load_document
from residency_policies.model import FloorPack


def configure(parser: argparse.ArgumentParser) -> None:
    """`packs` has no options of its own."""


def run(given: argparse.Namespace, output: Output) -> int:
    """A line for each pack."""
    texts = builtin_packs() + reference_packs()
    for pack in sorted(map(load_document, texts), key=lambda one: one.id):
        assert isinstance(pack, FloorPack)
        facts = f"{pack.version}, checked {pack.last_checked}, confidence {pack.confidence}"
        facts += ", for reference only" if pack.reference_only else ""
        output.line(f"{pack.id:<18} {facts:<72} {pack.title}")
        output.value(
            {
                "event": "pack",
                "id": pack.id,
                "title": pack.title,
                "version": pack.version,
                "last_checked": pack.last_checked,
                "confidence": pack.confidence,
                "reference_only": pack.reference_only,
                "reviewed_by_counsel": pack.reviewed_by_counsel,
                "rules": len(pack.rules),
            }
        )
    output.line("Engineering material and no legal advice.")
    return 0
