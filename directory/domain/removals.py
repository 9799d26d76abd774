"""Removals: the statement that an officer signs to take a document away, and whether it still says something.

Invariants
    1. A removal names the very document that it takes away; once another one is in force it does nothing.
    2. Floors and packs are never taken away.
"""

import hashlib
import json

from accord.encoding import canonical_json
from accord.errors import InvalidError
from directory.domain.policies import REMOVAL, Revision, document_bytes
from residency_policies.bundle import Bundle
from residency_policies.errors import Finding
from residency_policies.model import Document, FloorPack


def removal_bytes(document: Document, version: int) -> bytes:
    """The statement by which a document is taken away, as it stands now: canonical JSON, what is signed.

    Raises:
        InvalidError: `code` E-FLOOR, packs come and go with the software alone.
    """
    if isinstance(document, FloorPack):
        raise InvalidError("Floors and packs are not removed.", field="document", code="E-FLOOR")
    digest = hashlib.sha256(document_bytes(document)).hexdigest()
    told = {"id": document.id, "title": document.title, "version": version}
    return canonical_json({"kind": REMOVAL, "metadata": told, "removes_sha256": digest})


def removal_findings(revision: Revision, base: Bundle) -> list[Finding]:
    """E-REF when the base does not hold the very document that the revision takes away."""
    wanted = json.loads(revision.canonical)["removes_sha256"]
    held = [document_bytes(it) for it in base.parsed if it.id == revision.document]
    if wanted in [hashlib.sha256(it).hexdigest() for it in held]:
        return []
    sentence = "what is to be removed is not in force (any more)"
    return [Finding(revision.document, 0, 0, "E-REF", "removes_sha256", sentence, "Submit it anew.")]
