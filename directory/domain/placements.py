"""Placements: which cell may write a resident's data, and since when.

Owned by the directory. Cells and edges hold copies that may be old; the epoch tells.

Invariants
    1. A resident has at most one placement, and none once it has a tombstone.
    2. Epochs of a resident begin at 1 and rise by exactly one, at cut-over only.
    3. The home cell's region is permitted by bundle `bundle_version` at every point of `HOMES`
       (`domain/enforcement.py`).
    4. A placement that its own home cell says is behind is not served (`NOT_READY`), never guessed.

Not here: which cells exist (`domain/cells.py`), who has which name (`domain/claims.py`).
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from accord.encoding import canonical_json
from accord.errors import ConflictError, InvalidError
from accord.ids import check_id
from directory.domain.names import check_code, check_codes, check_tags

RESOLVE_MAX = 100
FIRST_EPOCH = 1
EPOCH_MAX = 2**63 - 1


class ResidentKind(StrEnum):
    """What a resident is; its id begins with the matching letter."""

    WORKSPACE = "workspace"
    ORGANISATION = "organisation"
    PERSON = "person"


PREFIXES = {ResidentKind.WORKSPACE: "T", ResidentKind.ORGANISATION: "E", ResidentKind.PERSON: "P"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a cell asks for when it places a resident with itself, checked in form.

    Args:
        establishment: jurisdiction code; subjects: codes of asserted populations; tags: for policies.
        handover: the first cell's record; idempotency_key: the cell's name for this one change.
    """

    resident: str
    kind: ResidentKind
    establishment: str
    subjects: tuple[str, ...]
    tags: tuple[str, ...]
    handover: bytes
    idempotency_key: str

    @property
    def digest(self) -> bytes:
        """SHA-256 over everything asked but the hand-over record: tells a retry from a second request."""
        facts = [self.resident, self.kind.value, self.establishment, list(self.subjects), list(self.tags)]
        return hashlib.sha256(canonical_json(facts)).digest()


@dataclass(frozen=True, slots=True)
class Placement:
    """A resident's home. `version` orders it among all changes of the directory."""

    resident: str
    kind: ResidentKind
    cell: str
    epoch: int
    bundle_version: int
    version: int
    handover: bytes
    establishment: str
    subjects: tuple[str, ...]
    tags: tuple[str, ...]
    idempotency_key: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Tombstone:
    """That a resident existed and is gone: no later entry with any epoch revives it."""

    resident: str
    cell: str
    epoch: int
    version: int


@dataclass(frozen=True, slots=True)
class ReportedEpoch:
    """An epoch that a cell says it has a resident at, where the directory knows a lower one or none."""

    resident: str
    cell: str
    epoch: int


def check_asked(asked: Asked) -> Asked:
    """The same with lists sorted, proven in form.

    Raises:
        InvalidError: id of another kind, malformed codes, no idempotency key.
    """
    check_id(asked.resident, PREFIXES[asked.kind])
    key = asked.idempotency_key
    if not 0 < len(key) <= 128 or not (key.isascii() and key.isprintable()):
        raise InvalidError(field="idempotency_key", why="1 to 128 printable ASCII characters")
    return Asked(
        asked.resident,
        asked.kind,
        check_code(asked.establishment, "establishment"),
        check_codes(asked.subjects, "subjects"),
        check_tags(asked.tags, "tags"),
        asked.handover,
        asked.idempotency_key,
    )


def is_repeated(existing: Placement, asked: Asked, cell: str) -> bool:
    """Whether this is the request that made the placement, sent again.

    Raises:
        ConflictError: the resident exists by another request.
    """
    if (existing.cell, existing.idempotency_key) != (cell, asked.idempotency_key):
        raise ConflictError(what="resident")
    if existing.digest != asked.digest:
        raise ConflictError(what="idempotency_key")
    return True


def is_behind(placement: Placement | None, reports: tuple[ReportedEpoch, ...]) -> bool:
    """Whether the directory knows less than a cell that must know (it was restored from an older copy).

    A higher epoch is believed from the home cell, which can only lose by it. Of an unknown resident any
    cell's word counts. A foreign cell's word on a known resident is a dispute, kept and not believed: else
    one hostile cell could put out every resident of the others; a home that has moved on fences by itself.
    """
    if placement is None:
        return bool(reports)
    return any(it.cell == placement.cell and it.epoch > placement.epoch for it in reports)
