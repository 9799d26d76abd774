"""Bundles as bytes: all documents and regions under one version and one hash.

Invariants
    1. `canonical_bytes` depends on what documents mean, never on the order of files, rules or keys or on
    comments.
    2. `load_bundle(b.canonical_bytes)` has the same `canonical_bytes` and `hash` as b.
    3. A bundle made for another vocabulary or other blocs is refused; it would mean something else here.

The signature of a bundle is made by callers over `hash`.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from accord.encoding import canonical_json, parse_canonical
from accord.errors import ColinkError
from residency_policies import places, vocabulary
from residency_policies.decision import Region
from residency_policies.document import load_document
from residency_policies.errors import BundleError, DocumentError, Finding
from residency_policies.model import Document, Policy

BUNDLE_BYTES_MAX: Final = 16 * 1024 * 1024
DOCUMENTS_MAX: Final = 512
REGIONS_MAX: Final = 256


@dataclass(frozen=True)
class Bundle:
    """A version, document texts (YAML or JSON) and the region list. Nothing is checked until it is read."""

    version: int
    documents: tuple[str, ...]
    regions: tuple[Region, ...]

    @cached_property
    def parsed(self) -> tuple[Document, ...]:
        """Documents sorted by id; versions of one policy by the instant at which they begin.

        Raises:
            DocumentError: with the findings of all documents, among them two documents of one id that are not
                versions of one policy.
            BundleError: too many documents.
        """
        found: list[Finding] = []
        parsed: dict[tuple[str, int], Document] = {}
        if len(self.documents) > DOCUMENTS_MAX:
            raise bundle_error("E-BUNDLE", f"more than {DOCUMENTS_MAX} documents")
        for number, text in enumerate(self.documents, 1):
            try:
                document = _read(text)
            except DocumentError:
                found += _faults(text, f"document {number}")
                continue
            key = (document.id, _begins_s(document))
            others = [one for (name, _), one in parsed.items() if name == document.id]
            versions = isinstance(document, Policy) and all(isinstance(one, Policy) for one in others)
            if key in parsed or (others and not versions):
                found.append(
                    Finding(document.id, 0, 0, "E-DUPLICATE", "metadata.id", "two documents have this id")
                )
            parsed[key] = document
        if found:
            raise DocumentError(found)
        return tuple(parsed[key] for key in sorted(parsed))

    @cached_property
    def canonical_bytes(self) -> bytes:
        """Canonical JSON of version, vocabulary, regions and the parsed documents. Raises as `parsed`."""
        check_regions(self.regions)
        return canonical_json(
            {
                "schema": "bundle/v1",
                "version": self.version,
                "vocabulary": vocabulary.VERSION,
                "blocs": places.blocs_digest(),
                "regions": [_region_json(region) for region in sorted(self.regions, key=lambda r: r.id)],
                "documents": [document.canonical for document in self.parsed],
            }
        )

    @cached_property
    def hash(self) -> str:
        """SHA-256 of `canonical_bytes`, hex."""
        return hashlib.sha256(self.canonical_bytes).hexdigest()


@lru_cache(maxsize=256)
def _read(text: str) -> Document:
    """A document by its text. From one bundle to the next nearly all texts stay the same."""
    return load_document(text)


def _faults(text: str, name: str) -> tuple[Finding, ...]:
    """Findings of a document that cannot be used, under a name."""
    try:
        load_document(text, name)
    except DocumentError as error:
        return error.findings
    return ()


def _begins_s(document: Document) -> int:
    return (document.effective_s or 0) if isinstance(document, Policy) else 0


def _region_json(region: Region) -> dict[str, str]:
    return {
        "id": region.id,
        "country": region.country,
        "subdivision": region.subdivision,
        "operator": region.operator,
    }


def bundle_error(code: str, sentence: str, suggestion: str = "") -> BundleError:
    """One fault of a bundle as a whole."""
    return BundleError([Finding("bundle", 0, 0, code, "", sentence, suggestion)])


def check_regions(regions: tuple[Region, ...]) -> None:
    """Refuse a list of regions that rules cannot speak of. Raises BundleError, E-REGION."""
    found: list[Finding] = []
    ids = [region.id for region in regions]
    if not regions or len(regions) > REGIONS_MAX or len(set(ids)) != len(ids):
        found.append(Finding("bundle", 0, 0, "E-REGION", "regions", "no region, too many, or one id twice"))
    for region in regions:
        if not region.id or len(region.id) > 64 or not region.id.isprintable():
            found.append(Finding("bundle", 0, 0, "E-REGION", "regions", "a region has no usable id"))
        if region.country not in places.ALL_COUNTRIES:
            found.append(
                Finding("bundle", 0, 0, "E-REGION", f"regions.{region.id}", "its country is not known")
            )
    if found:
        raise BundleError(found)


def load_bundle(data: bytes) -> Bundle:
    """The bundle of `canonical_bytes`.

    Raises:
        BundleError: E-BUNDLE (not canonical, another shape), E-VOCABULARY (another vocabulary or other
        blocs).
        DocumentError: a document inside cannot be used.
    """
    try:
        value = parse_canonical(data, BUNDLE_BYTES_MAX)
    except ColinkError:
        raise bundle_error("E-BUNDLE", "the bytes are not canonical JSON") from None
    keys = {"schema", "version", "vocabulary", "blocs", "regions", "documents"}
    if not isinstance(value, dict) or set(value) != keys or value["schema"] != "bundle/v1":
        raise bundle_error("E-BUNDLE", "the bytes are not a bundle")
    if value["vocabulary"] != vocabulary.VERSION or value["blocs"] != places.blocs_digest():
        raise bundle_error(
            "E-VOCABULARY", "the bundle was made for another vocabulary", "Update this program."
        )
    version, regions, documents = value["version"], value["regions"], value["documents"]
    whole = not isinstance(version, bool) and isinstance(version, int) and version > 0
    if not whole or not isinstance(regions, list) or not isinstance(documents, list):
        raise bundle_error("E-BUNDLE", "the bytes are not a bundle")
    # JSON in one line per document: it is YAML too, and goes through the same strict loader.
    texts = tuple(json.dumps(document, ensure_ascii=False) for document in documents)
    bundle = Bundle(version, texts, tuple(_region(region) for region in regions))
    if bundle.canonical_bytes != data:
        raise bundle_error("E-BUNDLE", "the bundle is not in its canonical form")
    return bundle


def _region(value: object) -> Region:
    keys = ("id", "country", "subdivision", "operator")
    if not isinstance(value, dict) or set(value) != set(keys):
        raise bundle_error("E-REGION", "a region has another shape")
    if not all(isinstance(value[key], str) for key in keys):
        raise bundle_error("E-REGION", "a region has another shape")
    return Region(*(value[key] for key in keys))
