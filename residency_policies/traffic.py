"""Kinds of flows, as cells count them: everything that a decision depends on, and nobody's name.

Invariants
    1. Equal kinds have equal decisions under any bundle; a kind that was read is one that a point can ask
       about.
    2. A kind names a workspace at most: residents that are none stand without their id, since no policy
       names them.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal, cast

from accord.encoding import canonical_json, parse_canonical
from accord.errors import InvalidError
from residency_policies.points import Flow, Point
from residency_policies.vocabulary import CLASS_INDEX, OBLIGATIONS, OP_INDEX, PURPOSE_INDEX

SPAN_S: Final = 30 * 24 * 3600
"""For how long counts are kept."""
HOUR_S: Final = 3600
KIND_BYTES_MAX: Final = 4_096
KINDS_MAX: Final = 5_000
"""Of one cell; what comes beyond is counted without its kind."""
_WORKSPACE: Final = "T"

Change = Literal["refused", "allowed", "owes"]
KINDS_OF_CHANGE: Final[dict[str, Change]] = {"allowed": "allowed", "refused": "refused", "owes": "owes"}
"""Ways in which another bundle may answer, by their word."""
RULE_CHARACTERS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Kind:
    """What a point asks about at once: one question for each class. Places are region ids."""

    workspace: str
    establishment: str
    subjects: tuple[str, ...]
    tags: tuple[str, ...]
    op: str
    classes: tuple[str, ...]
    src: str
    dst: str
    relation: str
    country: str
    purpose: str
    can: tuple[str, ...]
    ref: str = ""

    def to_bytes(self) -> bytes:
        """Canonical JSON; equal kinds have equal bytes."""
        return canonical_json(
            {name: list(it) if isinstance(it, tuple) else it for name, it in asdict(self).items()}
        )


def kind_of(
    point: Point, flow: Flow, establishment: str, subjects: tuple[str, ...], tags: tuple[str, ...]
) -> Kind:
    """The kind of what is asked at a point of a workspace with these facts."""
    return Kind(
        flow.workspace if flow.workspace.startswith(_WORKSPACE) else "",
        establishment,
        tuple(sorted(set(subjects))),
        tuple(sorted(set(tags))),
        point.op,
        point.classes,
        flow.src,
        flow.dst,
        flow.viewer.relation,
        flow.viewer.country,
        point.purpose,
        tuple(sorted(point.can)),
        flow.ref,
    )


_TEXTS: Final = {"workspace", "establishment", "op", "src", "dst", "relation", "country", "purpose", "ref"}
_LISTS: Final = {it.name for it in fields(Kind)} - _TEXTS


def read_kind(data: bytes) -> Kind:
    """The kind of these bytes.

    Raises:
        InvalidError: too long, not canonical, of another shape, or of words outside of the vocabulary.
    """
    tree = parse_canonical(data, KIND_BYTES_MAX)
    if not isinstance(tree, dict) or set(tree) != _TEXTS | _LISTS:
        raise InvalidError(field="kind", why="members")
    found: dict[str, object] = {}
    for name, value in tree.items():
        if name in _TEXTS and isinstance(value, str):
            found[name] = value
        elif name in _LISTS and isinstance(value, list) and all(isinstance(it, str) for it in value):
            found[name] = tuple(value)
        else:
            raise InvalidError(field="kind", why="type")
    kind = Kind(**cast("dict[str, Any]", found))
    known = kind.op in OP_INDEX and kind.purpose in PURPOSE_INDEX and set(kind.can) <= set(OBLIGATIONS)
    if not known or not kind.classes or not set(kind.classes) <= set(CLASS_INDEX):
        raise InvalidError(field="kind", why="outside of the vocabulary")
    if len(set(kind.classes)) < len(kind.classes) or kind.workspace[:1] not in ("", _WORKSPACE):
        raise InvalidError(field="kind", why="no kind")
    return kind
