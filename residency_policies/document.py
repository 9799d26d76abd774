"""Documents: text to `Policy` or `FloorPack`, or every fault at once.

What this version cannot enforce (instruments, retention, proofs, custody, replica minima and the like) is
refused by name with E-UNSUPPORTED. It is never skipped: a condition that is skipped widens what is allowed.
Order of lists and keys carries no meaning; `canonical` of a document is the same for every order.
"""

from typing import Final, Literal, TypeVar

from accord.encoding import canonical_json
from residency_policies.errors import DocumentError, Finding
from residency_policies.model import Document, FloorPack, Policy
from residency_policies.parts import Parts
from residency_policies.yaml_tree import Node, parse_tree, plain

API_VERSION: Final = "residency/v1"
_LATER: Final = {
    "retention": "keeping and erasing by deadline",
    "instruments": "transfer instruments",
    "proofs": "proofs of reachability",
    "waivers": "waivers",
}
T = TypeVar("T")
_POLICY_KEYS = ("apiVersion", "kind", "metadata", "applies_to", "packs", "default", "placement", "flows")
_FLOOR_METADATA = ("id", "title", "layer", "version", "last_checked", "confidence", "disclaimer")
_FLOOR_KEYS = ("apiVersion", "kind", "metadata", "applies_when", "adequacy", "rules")


def load_document(text: str | bytes, name: str = "document") -> Document:
    """Read one document; `name` (a file name) stands in findings until the document's own id is known.

    Raises:
        DocumentError: with all findings, sorted by place.
    """
    root = parse_tree(text, name)
    parts = Parts(name)
    kind = _kind(root, parts)
    document: Document | None = None
    if kind == "Policy":
        document = _policy(root, parts)
    elif kind == "FloorPack":
        document = _floor(root, parts)
    if parts.findings or document is None:
        raise DocumentError(parts.findings)
    return document


def _kind(root: Node, parts: Parts) -> str:
    if not isinstance(root.value, dict):
        parts.fault(root, "E-TYPE", "", "a document is a mapping")
        return ""
    for key in ("apiVersion", "kind"):
        if key not in root.value:
            parts.fault(root, "E-MISSING", "", f'the key "{key}" is missing', "Add it.")
            return ""
    if parts.text(root.value["apiVersion"], "apiVersion") != API_VERSION:
        parts.fault(
            root.value["apiVersion"],
            "E-UNKNOWN",
            "apiVersion",
            "not a version this program reads",
            API_VERSION,
        )
    kind = parts.text(root.value["kind"], "kind")
    if kind in ("Instrument", "Region", "Waiver"):
        sentence = f"this version cannot enforce it: documents of kind {kind}"
        parts.fault(root.value["kind"], "E-UNSUPPORTED", "kind", sentence)
    elif kind not in ("Policy", "FloorPack"):
        parts.fault(
            root.value["kind"], "E-UNKNOWN", "kind", "not a kind of document", "Write Policy or FloorPack."
        )
    return kind


def _policy(root: Node, parts: Parts) -> Policy:
    keys = parts.mapping(
        root, "", (*_POLICY_KEYS, "facts", "tests"), ("metadata", "applies_to", "default"), _LATER
    )
    absent = Node({}, root.line, root.column)
    metadata = parts.mapping(
        keys.get("metadata", absent),
        "metadata",
        ("id", "title", "layer", "version", "effective", "review_by"),
        ("id", "title", "layer") if "metadata" in keys else (),
    )
    layer = parts.text(metadata.get("layer"), "metadata.layer")
    if layer in ("organisation", "channel"):
        sentence = "this version cannot enforce it: layers other than workspace"
        parts.fault(metadata["layer"], "E-UNSUPPORTED", "metadata.layer", sentence)
    elif layer and layer != "workspace":
        parts.fault(
            metadata["layer"], "E-UNKNOWN", "metadata.layer", f'"{layer[:40]}" is not a layer.', "workspace"
        )
    default = parts.word(
        keys.get("default"), "default", ("closed", "open").__contains__, "default", ("closed", "open")
    )
    applies = parts.applies(keys.get("applies_to"), "applies_to", floor=False)
    if "applies_to" in keys and not applies.workspaces and not applies.establishment:
        sentence = "names neither workspaces nor an establishment"
        parts.fault(keys["applies_to"], "E-MISSING", "applies_to", sentence, "Add one of them.")
    packs = [parts.text(node, "packs", "path") for node in parts.items(keys.get("packs"), "packs")]
    placement = tuple(parts.placement(node) for node in parts.items(keys.get("placement"), "placement"))
    flows = tuple(parts.flow(node, floor=False) for node in parts.items(keys.get("flows"), "flows"))
    facts = tuple(parts.asserted(node) for node in parts.items(keys.get("facts"), "facts"))
    parts.distinct(keys.get("facts"), "facts", [fact.id for fact in facts])
    parts.distinct_rules([(keys.get("placement"), placement), (keys.get("flows"), flows)])
    return Policy(
        id=parts.text(metadata.get("id"), "metadata.id", "path"),
        title=parts.text(metadata.get("title"), "metadata.title"),
        version=parts.number(metadata.get("version"), "metadata.version", 1, 2**31, 1),
        closed=default != "open",
        applies_to=applies,
        effective_s=parts.effective(metadata.get("effective")),
        review_s=parts.instant(metadata.get("review_by"), "metadata.review_by"),
        packs=tuple(sorted(set(packs))),
        placement=_sorted(placement),
        flows=_sorted(flows),
        facts=_sorted(facts),
        tests=tuple(parts.expectation(node) for node in parts.items(keys.get("tests"), "tests")),
        canonical=_canonical(plain(root)),
    )


def _floor(root: Node, parts: Parts) -> FloorPack:
    keys = parts.mapping(root, "", _FLOOR_KEYS, ("metadata", "applies_when", "rules"), _LATER)
    absent = Node({}, root.line, root.column)
    metadata = parts.mapping(
        keys.get("metadata", absent),
        "metadata",
        _FLOOR_METADATA,
        _FLOOR_METADATA if "metadata" in keys else (),
    )
    layer = parts.text(metadata.get("layer"), "metadata.layer")
    if layer and layer != "floor":
        parts.fault(
            metadata["layer"], "E-UNKNOWN", "metadata.layer", "a floor pack has the layer floor", "floor"
        )
    pack = parts.text(metadata.get("id"), "metadata.id", "path")
    if pack and not pack.startswith("floor/"):
        parts.fault(metadata["id"], "E-UNKNOWN", "metadata.id", "the id of a floor pack starts with floor/")
    parts.instant(metadata.get("last_checked"), "metadata.last_checked")
    parts.text(metadata.get("disclaimer"), "metadata.disclaimer")
    rules = tuple(parts.flow(node, floor=True) for node in parts.items(keys.get("rules"), "rules"))
    parts.distinct_rules([(keys.get("rules"), rules)])
    adequacy = [parts.adequacy(node) for node in parts.items(keys.get("adequacy"), "adequacy")]
    parts.distinct(keys.get("adequacy"), "adequacy", [entry.to for entry in adequacy])
    return FloorPack(
        id=pack,
        title=parts.text(metadata.get("title"), "metadata.title"),
        version=parts.text(metadata.get("version"), "metadata.version", "id"),
        last_checked=parts.text(metadata.get("last_checked"), "metadata.last_checked"),
        confidence=parts.confidence(metadata.get("confidence"), "metadata.confidence"),
        applies_when=parts.applies(keys.get("applies_when"), "applies_when", floor=True),
        adequacy=tuple(sorted(adequacy, key=lambda entry: entry.to)),
        rules=_sorted(rules),
        canonical=_canonical(plain(root)),
    )


def _sorted(entries: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(sorted(entries, key=lambda entry: str(getattr(entry, "id", ""))))


def _canonical(value: object) -> object:
    """Lists of a document are sets: sorted by their bytes, without repetition, and dropped when empty."""
    if isinstance(value, dict):
        whole = {key: _canonical(item) for key, item in value.items()}
        return {key: item for key, item in whole.items() if item != []}
    if isinstance(value, list):
        unique = {canonical_json(item): item for item in map(_canonical, value)}
        return [unique[key] for key in sorted(unique)]
    return value


def time_findings(document: Document, at_s: int) -> list[Finding]:
    """What speaks against the document, or is worth a warning, at an instant (Unix seconds)."""
    if isinstance(document, FloorPack):
        return []
    found: list[Finding] = []

    def note(
        code: Literal["E-UNSUPPORTED", "W-REVIEW", "W-EXPIRES"], line: int, path: str, sentence: str
    ) -> None:
        found.append(Finding(document.id, line, 1 if line else 0, code, path, sentence))

    if document.effective_s is not None and document.effective_s > at_s:
        note(
            "E-UNSUPPORTED", 0, "metadata.effective", "this version cannot enforce it: a start in the future"
        )
    if document.review_s is not None and document.review_s <= at_s:
        note("W-REVIEW", 0, "metadata.review_by", "the review date has passed")
    for fact in document.facts:
        if fact.until_s <= at_s:
            note("W-EXPIRES", fact.line, f"facts.{fact.id}", "has expired and no longer counts")
    return found
