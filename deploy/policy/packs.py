"""`colink policy packs`: what is shipped, how sure its facts are and when they were last read."""

import argparse

from deploy.policy.output import Output
from residency_policies.builtin import builtin_floors
from residency_policies.document import load_document
from residency_policies.model import FloorPack


def configure(parser: argparse.ArgumentParser) -> None:
    """`packs` has no options of its own."""


def run(given: argparse.Namespace, output: Output) -> int:
    """A line for each pack."""
    for pack in sorted((load_document(text) for text in builtin_floors()), key=lambda one: one.id):
        assert isinstance(pack, FloorPack)
        facts = f"{pack.version}, checked {pack.last_checked}, confidence {pack.confidence}"
        output.line(f"{pack.id:<18} {facts:<50} {pack.title}")
        output.value(
            {
                "event": "pack",
                "id": pack.id,
                "title": pack.title,
                "version": pack.version,
                "last_checked": pack.last_checked,
                "confidence": pack.confidence,
                "reference_only": pack.reference_only,
                "rules": len(pack.rules),
            }
        )
    output.line("Engineering material and no legal advice.")
    return 0
