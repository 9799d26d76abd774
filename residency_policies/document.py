"""Documents: text to a value of the model, or every fault at once.

What this version cannot enforce is refused by name with E-UNSUPPORTED. It is never skipped: a condition that
is skipped widens what is allowed. Order of lists and keys carries no meaning; `canonical` of a document is
the same for every order.
"""

from collections.abc import Callable, Iterable
from typing import Final, Literal, TypeVar

from accord.encoding import canonical_json
from residency_policies.errors import DocumentError
from residency_policies.grammar import KINDS
from residency_policies.model import Document, FloorPack, InstrumentDocument, Policy, Waiver
from residency_policies.parts import Parts, applies, deadline, mechanism
from residency_policies.reader import Part
from residency_policies.yaml_tree import Node, parse_tree, plain

API_VERSION: Final = "residency/v1"
REVIEW_DAYS: Final = 365
APPROVALS_MIN: Final = 2
T = TypeVar("T")


def load_document(text: str | bytes, name: str = "document") -> Document:
    """Read one document; `name` (a file name) stands in findings until the document's own id is known.

    Raises:
        DocumentError: with all findings, sorted by place.
    """
    root = parse_tree(text, name)
    parts = Parts(name)
    kind = _kind(root, parts)
    document: Document | None = None
    if kind:
        whole = parts.kind(root, kind)
        document = _MAKERS[kind](whole, parts)
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
    version, kind = root.value["apiVersion"], root.value["kind"]
    if parts.text(version, "apiVersion") != API_VERSION:
        sentence = "not a version this program reads"
        parts.fault(version, "E-UNKNOWN", "apiVersion", sentence, f"Write {API_VERSION}.")
    word = parts.text(kind, "kind")
    if word == "Region":
        sentence = "this version cannot enforce it: regions come with the cells that are admitted"
        parts.fault(kind, "E-UNSUPPORTED", "kind", sentence)
    elif word not in KINDS:
        suggestion = f"Write one of {', '.join(KINDS)}."
        parts.fault(kind, "E-UNKNOWN", "kind", "not a kind of document", suggestion)
    return word if word in KINDS else ""


def _policy(whole: Part, parts: Parts) -> Policy:
    metadata = whole.part("metadata")
    placement = tuple(parts.placement(part) for part in whole.parts("placement"))
    flows = tuple(parts.flow(part) for part in whole.parts("flows"))
    retention = tuple(parts.retention(part) for part in whole.parts("retention"))
    clauses = [*whole.parts("placement"), *whole.parts("flows"), *whole.parts("retention")]
    parts.distinct(clauses, [*_ids(placement), *_ids(flows), *_ids(retention)])
    instruments = tuple(parts.instrument(part) for part in whole.parts("instruments"))
    parts.distinct(whole.parts("instruments"), [one.id for one in instruments])
    facts = tuple(parts.asserted(part) for part in whole.parts("facts"))
    parts.distinct(whole.parts("facts"), [fact.id for fact in facts])
    proofs = tuple(parts.claim(part) for part in whole.parts("proofs"))
    parts.distinct(whole.parts("proofs"), [claim.id for claim in proofs])
    layer = metadata.text("layer")
    _check_whom(whole.part("applies_to"), layer, parts)
    return Policy(
        id=metadata.text("id"),
        title=metadata.text("title"),
        layer=_layer(layer),
        version=metadata.number("version") or 1,
        closed=whole.text("default") != "open",
        applies_to=applies(whole.part("applies_to")),
        effective_s=metadata.part("effective").number("from"),
        review_s=metadata.number("review_by"),
        packs=whole.texts("packs"),
        placement=_sorted(placement),
        flows=_sorted(flows),
        retention=_sorted(retention),
        instruments=_sorted(instruments),
        facts=_sorted(facts),
        tests=tuple(parts.expectation(part) for part in whole.parts("tests")),
        proofs=proofs,
        effective_at=_place(metadata, "effective"),
        review_at=_place(metadata, "review_by"),
        packs_at=_place(whole, "packs"),
        canonical=_canonical(plain(whole.node)),
    )


# By layer: keys of which one must be there, and keys that have no meaning.
_WHOM: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "organisation": (("workspaces", "tags"), ("channels", "establishment")),
    "workspace": (("workspaces", "establishment"), ("channels",)),
    "channel": (("channels",), ("establishment", "tags")),
}


def _check_whom(part: Part, layer: str, parts: Parts) -> None:
    """Each layer says in its own way whom it is for; what has no meaning there would be skipped."""
    if not part.path or layer not in _WHOM:
        return
    needed, senseless = _WHOM[layer]
    if not any(part.texts(key) or part.text(key) for key in needed):
        words = ["an establishment" if key == "establishment" else key for key in needed]
        sentence = f"names {'neither ' if len(needed) > 1 else 'no '}{' nor '.join(words)}"
        parts.fault(part.node, "E-MISSING", part.path, sentence, "Add one of them.")
    if layer == "channel" and not part.texts("workspaces"):
        parts.fault(part.node, "E-MISSING", part.path, "names no workspaces", "Say whose channels.")
    for key in senseless:
        if key in part:
            sentence = f"a policy of the layer {layer} does not say this"
            parts.fault(part.place(key), "E-KEY", f"{part.path}.{key}", sentence, key=True)


def _layer(word: str) -> Literal["organisation", "workspace", "channel"]:
    return "organisation" if word == "organisation" else "channel" if word == "channel" else "workspace"


def _place(part: Part, key: str) -> tuple[int, int]:
    node = part.place(key)
    return node.line, node.column


def _floor(whole: Part, parts: Parts) -> FloorPack:
    metadata = whole.part("metadata")
    pack = metadata.text("id")
    if pack and pack.partition("/")[0] not in ("floor", "pack"):
        sentence = "the id of a pack starts with floor/ or pack/"
        parts.fault(metadata.place("id"), "E-UNKNOWN", "metadata.id", sentence)
    rules = tuple(parts.flow(part) for part in whole.parts("rules"))
    retention = tuple(parts.retention(part) for part in whole.parts("retention"))
    parts.distinct([*whole.parts("rules"), *whole.parts("retention")], [*_ids(rules), *_ids(retention)])
    adequacy = [parts.adequacy(part) for part in whole.parts("adequacy")]
    parts.distinct(whole.parts("adequacy"), [entry.to for entry in adequacy])
    mechanisms = [mechanism(part) for part in whole.parts("mechanisms")]
    parts.distinct(whole.parts("mechanisms"), [entry.type for entry in mechanisms])
    deadlines = [deadline(part) for part in whole.parts("deadlines")]
    node = metadata.place("last_checked")
    return FloorPack(
        id=pack,
        title=metadata.text("title"),
        version=metadata.text("version"),
        last_checked=node.value if isinstance(node.value, str) else "",
        last_checked_s=metadata.number("last_checked") or 0,
        review_days=metadata.number("review_days") or REVIEW_DAYS,
        confidence=metadata.text("confidence"),
        no_waiver=metadata.flag("no_waiver"),
        reference_only=metadata.flag("reference_only"),
        reviewed_by_counsel=metadata.flag("reviewed_by_counsel"),
        applies_when=applies(whole.part("applies_when")),
        adequacy=tuple(sorted(adequacy, key=lambda entry: entry.to)),
        mechanisms=tuple(sorted(mechanisms, key=lambda entry: entry.type)),
        rules=_sorted(rules),
        retention=_sorted(retention),
        deadlines=tuple(sorted(deadlines, key=lambda one: (one.duty, one.citation, one.amount or 0))),
        canonical=_canonical(plain(whole.node)),
    )


def _instrument(whole: Part, parts: Parts) -> InstrumentDocument:
    metadata = whole.part("metadata")
    _need(whole, parts, "policies")
    return InstrumentDocument(
        metadata.text("id"),
        metadata.text("title"),
        whole.texts("policies"),
        parts.instrument(whole.part("instrument")),
        _canonical(plain(whole.node)),
    )


def _waiver(whole: Part, parts: Parts) -> Waiver:
    metadata, valid = whole.part("metadata"), whole.part("valid")
    _need(whole, parts, "policies", "clauses")
    author = whole.text("author")
    approvals = {part.text("by"): part.number("at") or 0 for part in whole.parts("approvals")}
    others = set(approvals) - {author, ""}
    if "approvals" in whole and len(others) < APPROVALS_MIN:
        sentence = f"fewer than {APPROVALS_MIN} people beside the author approve it"
        suggestion = "A second person must approve."
        parts.fault(whole.place("approvals"), "E-SOD", "approvals", sentence, suggestion)
    return Waiver(
        id=metadata.text("id"),
        title=metadata.text("title"),
        policies=whole.texts("policies"),
        pack=whole.text("pack"),
        clauses=whole.texts("clauses"),
        reason=whole.text("reason"),
        counsel=whole.text("counsel"),
        author=author,
        from_s=valid.number("from"),
        until_s=valid.number("until") or 0,
        approvals=tuple(sorted(approvals.items())),
        at=whole.at,
        canonical=_canonical(plain(whole.node)),
    )


_MAKERS: Final[dict[str, Callable[[Part, Parts], Document]]] = {
    "Policy": _policy,
    "FloorPack": _floor,
    "Instrument": _instrument,
    "Waiver": _waiver,
}


def _need(whole: Part, parts: Parts, *keys: str) -> None:
    for key in keys:
        if key in whole and not whole.texts(key):
            parts.fault(whole.place(key), "E-MISSING", key, "the list is empty", "Name one.")


def _ids(entries: Iterable[object]) -> list[str]:
    return [str(getattr(entry, "id", "")) for entry in entries]


def _sorted(entries: Iterable[T]) -> tuple[T, ...]:
    entries = tuple(entries)
    order = sorted(range(len(entries)), key=_ids(entries).__getitem__)
    return tuple(entries[place] for place in order)


def _canonical(value: object) -> object:
    """Lists of a document are sets: sorted by their bytes, without repetition, and dropped when empty."""
    if isinstance(value, dict):
        whole = {key: _canonical(item) for key, item in value.items()}
        return {key: item for key, item in whole.items() if item != []}
    if isinstance(value, list):
        unique = {canonical_json(item): item for item in map(_canonical, value)}
        return [unique[key] for key in sorted(unique)]
    return value
