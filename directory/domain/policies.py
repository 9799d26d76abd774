"""Revisions: one submitted version of a policy document, on its way into force and out of it.

    draft -> validated -> analysed -> approved -> scheduled -> shadow -> pilot -> active -> superseded |
    rolled back (withdrawn: given up before it was active)

Invariants
    1. The author never approves; nobody approves twice; an approval signs document and analysis together.
    2. An analysis holds for one state of the world (active bundle, cells). When the world has moved it
       lapses, and so do the approvals of it.
    3. What may allow more than before needs two approvals, or one and a day; a floor needs two counsel.
    4. One revision at a time is rolled out; nothing takes effect in the past.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from accord.encoding import canonical_json
from accord.errors import ConflictError, ForbiddenError, InvalidError, WrongStateError
from directory.domain.bundles import SignedBundle
from directory.domain.cells import Cell
from directory.domain.officers import EVERYWHERE, Officer, Role
from residency_policies.bundle import Bundle
from residency_policies.document import load_document
from residency_policies.errors import Finding
from residency_policies.model import Document, Policy

DELAY_S = 24 * 3600
"""Between the only approval of what may allow more, and its activation."""

DOCUMENT_BYTES_MAX = 512 * 1024
SCHEDULE_S_MAX = 366 * 24 * 3600
PILOT = ".pilot"
PILOT_MAX = 64
REMOVAL = "Removal"
"""Kind of the statement that a revision signs which takes a document away."""
TIGHTER = frozenset({"same", "tighter"})


class RevisionState(StrEnum):
    """Where a revision stands."""

    DRAFT = "draft"
    VALIDATED = "validated"
    ANALYSED = "analysed"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    SHADOW = "shadow"
    PILOT = "pilot"
    ACTIVE = "active"
    SUPERSEDED = "superseded"
    ROLLED_BACK = "rolled_back"
    WITHDRAWN = "withdrawn"


OPEN = frozenset(
    {RevisionState.DRAFT, RevisionState.VALIDATED, RevisionState.ANALYSED, RevisionState.APPROVED}
)
"""Before anything was told to anybody: analysis may be made anew."""
UNDER_WAY = frozenset({RevisionState.SCHEDULED, RevisionState.SHADOW, RevisionState.PILOT})


@dataclass(frozen=True, slots=True)
class Revision:
    """A submitted document. `canonical`: its canonical JSON, `hash`: SHA-256 of that in hex; `counsel`: only
    they may approve it.

    `findings` and `analysis` are canonical JSON, the latter empty before there is one. `base_version` is
    the bundle that an unfinished roll-out began with, `bundle_version` the one that brought it into force;
    `rolls_back` the revision that it takes back.
    """

    number: int
    document: str
    version: int
    counsel: bool
    author: str
    hash: str
    canonical: bytes
    jurisdictions: tuple[str, ...]
    state: RevisionState
    findings: bytes
    submitted_s: int
    analysis: bytes = b""
    activate_s: int = 0
    pilot: tuple[str, ...] = ()
    base_version: int = 0
    bundle_version: int = 0
    rolls_back: int = 0

    @property
    def text(self) -> str:
        """The document, as its loader reads it; empty: the revision takes it away."""
        return "" if self.removes else self.canonical.decode()

    @property
    def removes(self) -> bool:
        """Whether the revision takes its document away."""
        return bool(json.loads(self.canonical).get("kind") == REMOVAL)


@dataclass(frozen=True, slots=True)
class Approval:
    """One officer's signature over one hash of a revision."""

    revision: int
    officer: str
    roles: tuple[str, ...]
    hash: str
    approved_s: int


@dataclass(frozen=True, slots=True)
class WorldState:
    """What an analysis rests on: the active bundle, and the cells that there are."""

    bundle_version: int
    bundle_sha256: str
    catalogue_sha256: str

    def to_json(self) -> dict[str, object]:
        """As it stands in an analysis."""
        return {
            "bundle_version": self.bundle_version,
            "bundle_sha256": self.bundle_sha256,
            "catalogue_sha256": self.catalogue_sha256,
        }


def world_state(active: SignedBundle, cells: Iterable[Cell]) -> WorldState:
    """The state of the world now; floors, packs and regions are in the bundle."""
    rows = sorted([it.name, it.jurisdiction, it.region, it.operator, it.state.value] for it in cells)
    catalogue = hashlib.sha256(canonical_json(rows)).hexdigest()
    return WorldState(active.version, active.digest.hex(), catalogue)


# --- documents ------------------------------------------------------------------------------------------


def with_version(document: Document, version: int) -> Document:
    """The same document under the version that the directory gives it; any other kind keeps its own.

    Raises:
        DocumentError: never for a document that was loaded before.
    """
    canonical = json.loads(canonical_json(document.canonical))
    if isinstance(document, Policy):
        canonical["metadata"]["version"] = version
    return load_document(json.dumps(canonical, ensure_ascii=False), document.id)


def document_bytes(document: Document) -> bytes:
    """Canonical JSON of a document."""
    return canonical_json(document.canonical)


def content_of(canonical: bytes) -> object:
    """What the document says, whatever its version is: two revisions with equal content mean the same."""
    tree = json.loads(canonical)
    tree["metadata"].pop("version", None)
    return tree


def replaced(base: Bundle, texts: Sequence[tuple[str, str]], version: int) -> Bundle:
    """The base's documents with these (id, text) in place of those with their ids, under another version. An
    empty text takes the document away.
    """
    fresh = dict(texts)
    kept = [json.dumps(it.canonical, ensure_ascii=False) for it in base.parsed if it.id not in fresh]
    return Bundle(version, (*kept, *filter(None, fresh.values())), base.regions)


def piloted(base: Bundle, revision: Revision, version: int) -> Bundle:
    """The base, but for the pilot workspaces, which the new document rules under the name `<id>.pilot`.

    A policy that names a workspace comes before one for its establishment, and no workspace is named twice.
    """
    trial = json.loads(revision.canonical)
    trial["metadata"]["id"] = revision.document + PILOT
    trial["applies_to"]["workspaces"] = sorted(revision.pilot)
    # What they expect names the document's own rules, and was proven with the revision.
    trial.pop("tests", None)
    texts = [(revision.document + PILOT, json.dumps(trial, ensure_ascii=False))]
    for standing in base.parsed:
        if standing.id == revision.document:
            tree = json.loads(canonical_json(standing.canonical))
            named = tree["applies_to"].get("workspaces", [])
            left = [it for it in named if it not in revision.pilot]
            if named and not left:
                raise InvalidError(field="pilot", why="all workspaces of the policy")
            if named:
                tree["applies_to"]["workspaces"] = left
            texts.append((standing.id, json.dumps(tree, ensure_ascii=False)))
    return replaced(base, texts, version)


def findings_json(findings: Iterable[Finding]) -> bytes:
    """Findings as canonical JSON, in order."""
    return canonical_json(
        [
            {
                "code": it.code,
                "path": it.path,
                "line": it.line,
                "column": it.column,
                "text": it.sentence,
                "suggestion": it.suggestion,
            }
            for it in findings
        ]
    )


def placed(findings: Iterable[Finding], before: bytes) -> list[Finding]:
    """Findings of a canonical form, at the places in the author's text that earlier ones (JSON) name."""
    places = {(it["code"], it["path"]): (it["line"], it["column"]) for it in json.loads(before)}
    found = []
    for one in findings:
        line, column = places.get((one.code, one.path), (0, 0))
        found.append(replace(one, line=line, column=column))
    return found


def validated_state(findings: Iterable[Finding]) -> RevisionState:
    """Validated unless one finding is an error."""
    return RevisionState.DRAFT if any(it.code[0] == "E" for it in findings) else RevisionState.VALIDATED


# --- approval ------------------------------------------------------------------------------------------


def analysis_hash(analysis: bytes) -> str:
    """SHA-256 of the analysis, hex."""
    return hashlib.sha256(analysis).hexdigest()


def approval_hash(revision: Revision) -> str:
    """What approvers sign: SHA-256 over the hashes of document and analysis, hex; empty without an
    analysis.
    """
    if not revision.analysis:
        return ""
    both = {"analysis": analysis_hash(revision.analysis), "document": revision.hash}
    return hashlib.sha256(canonical_json(both)).hexdigest()


def analysed(revision: Revision, analysis: dict[str, object]) -> Revision:
    """The revision with a fresh analysis; whatever was approved before counts no more.

    Raises:
        WrongStateError: it has findings, or is on its way already.
    """
    if revision.state not in OPEN or revision.state is RevisionState.DRAFT:
        raise WrongStateError(state=revision.state.value, needed="validated")
    return replace(revision, state=RevisionState.ANALYSED, analysis=canonical_json(analysis))


def facts_of(revision: Revision) -> dict[str, object]:
    """The analysis as values; empty without one."""
    found = json.loads(revision.analysis) if revision.analysis else {}
    return found if isinstance(found, dict) else {}


def has_lapsed(revision: Revision, world: WorldState) -> bool:
    """Whether the world that was analysed is not the one that there is."""
    return facts_of(revision).get("world") != world.to_json()


def check_approval(
    revision: Revision, officer: Officer, signed_hash: str, given: Sequence[Approval], world: WorldState
) -> None:
    """Prove that this officer may sign this hash now.

    Raises:
        WrongStateError: not analysed, or lapsed (`code` E-LAPSED).
        ForbiddenError: `code` E-SOD, their own change; or a floor and no counsel.
        ConflictError: the hash is another one, or they signed before.
    """
    if revision.state not in (RevisionState.ANALYSED, RevisionState.APPROVED):
        raise WrongStateError(state=revision.state.value, needed="analysed")
    if officer.name == revision.author:
        raise ForbiddenError("A second person must approve.", code="E-SOD")
    if revision.counsel and Role.COUNSEL not in officer.roles:
        raise ForbiddenError(needed="role:counsel")
    if has_lapsed(revision, world):
        raise WrongStateError(
            "The world has moved since this was analysed. Analyse it again.",
            code="E-LAPSED",
            state=revision.state.value,
        )
    if signed_hash != approval_hash(revision):
        raise ConflictError(what="hash")
    if any(it.officer == officer.name for it in counted(revision, given)):
        raise ConflictError(what="approval")


def counted(revision: Revision, given: Sequence[Approval]) -> list[Approval]:
    """The approvals of exactly this document and analysis, by others than its author."""
    signed = approval_hash(revision)
    return [it for it in given if it.hash == signed and it.officer != revision.author and signed]


def is_tighter(revision: Revision) -> bool:
    """Whether the analysis proves that nothing is allowed that was not before."""
    return facts_of(revision).get("direction") in TIGHTER


def earliest_s(revision: Revision, given: Sequence[Approval]) -> int | None:
    """From when on the approvals are enough; None: they are not."""
    signed = sorted(counted(revision, given), key=lambda it: it.approved_s)
    if revision.counsel:
        signed = [it for it in signed if Role.COUNSEL in it.roles]
        return signed[1].approved_s if len(signed) > 1 else None
    if not signed:
        return None
    if is_tighter(revision):
        return signed[0].approved_s
    later = signed[0].approved_s + DELAY_S
    return min(later, signed[1].approved_s) if len(signed) > 1 else later


def check_activation(
    revision: Revision,
    given: Sequence[Approval],
    world: WorldState,
    at_s: int,
    now_s: int,
    *,
    halted: bool = False,
) -> None:
    """Prove that the revision may take effect at this time.

    Args:
        halted: flows of its jurisdictions are; then only what is proven to allow nothing new takes effect.

    Raises:
        WrongStateError: the state, E-LAPSED, or approvals that are not enough yet (`code` E-SOD,
            `earliest_s`).
        InvalidError: E-BACKDATE, or over a year ahead.
    """
    if halted and not is_tighter(revision):
        text = "Flows are halted; only what allows less takes effect."
        raise InvalidError(text, field="at", code="E-BACKDATE", why="halted")
    if revision.state not in (RevisionState.APPROVED, *UNDER_WAY):
        raise WrongStateError(state=revision.state.value, needed="approved")
    # What was told to cells has moved the world itself: its roll-out goes on from there.
    if revision.state not in (RevisionState.PILOT,) and has_lapsed(revision, world):
        raise WrongStateError(
            "The world has moved since this was analysed. Analyse it again.",
            code="E-LAPSED",
            state=revision.state.value,
        )
    if at_s < now_s:
        raise InvalidError("Nothing takes effect in the past.", field="at", code="E-BACKDATE", why="past")
    if at_s > now_s + SCHEDULE_S_MAX:
        raise InvalidError(field="at", why="over a year ahead")
    from_s = earliest_s(revision, given)
    if from_s is None or from_s > at_s:
        raise WrongStateError(
            "It may allow more than before: a second approval, or a day after the first.",
            code="E-SOD",
            state=revision.state.value,
            earliest_s=from_s or 0,
        )


def check_pilot(revision: Revision, workspaces: Sequence[str]) -> tuple[str, ...]:
    """The workspaces of a pilot, each once; raises InvalidError."""
    if revision.removes:
        raise InvalidError(field="pilot", why="a removal has none")
    found = tuple(sorted(set(workspaces)))
    named = json.loads(revision.canonical).get("applies_to", {}).get("workspaces", [])
    if revision.counsel or not 0 < len(found) <= PILOT_MAX or (named and not set(found) < set(named)):
        raise InvalidError(field="pilot", why=f"1 to {PILOT_MAX} of the policy's workspaces, not all")
    return found


def scope_of(document: Document, establishments: Iterable[str]) -> tuple[str, ...]:
    """The jurisdictions that a change of this document needs a right in.

    Args:
        establishments: of the workspaces that it names, as placed.
    """
    if not isinstance(document, Policy):
        return (EVERYWHERE,)
    found = {*document.applies_to.establishment, *establishments}
    return tuple(sorted(found)) or (EVERYWHERE,)
