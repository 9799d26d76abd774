"""What a revision would change, as one value that is hashed and signed.

Invariants
    1. Whatever is not proven to allow nothing new counts as loosening: its direction is then `unknown`.
    2. Equal documents, bundles and counts give equal bytes.
"""

from directory.domain.policies import Revision, WorldState, content_of, document_bytes
from residency_policies.bundle import Bundle
from residency_policies.model import Document

SCHEMA = "analysis/v1"


def analyse(
    revision: Revision, base: Bundle, candidate: Bundle, world: WorldState, now_s: int
) -> dict[str, object]:
    """The analysis of a revision against the bundle in force.

    Args:
        candidate: the base with the revision's document in place; it compiles at `now_s`.
    """
    before = _find(base, revision.document)
    return {
        "schema": SCHEMA,
        "revision": revision.number,
        "document_sha256": revision.hash,
        "candidate_sha256": candidate.hash,
        "world": world.to_json(),
        "at_s": now_s,
        "direction": _direction(revision, before),
        "first": before is None,
    }


def _direction(revision: Revision, before: Document | None) -> str:
    if before is None:
        return "unknown"
    same = content_of(revision.canonical) == content_of(document_bytes(before))
    return "none" if same else "unknown"


def _find(bundle: Bundle, document: str) -> Document | None:
    return next((it for it in bundle.parsed if it.id == document), None)
