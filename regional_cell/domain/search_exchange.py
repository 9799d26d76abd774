"""What two cells say to each other about a search: the question, the answer in parts, and the state of a
cell.

Invariants
    1. A withheld workspace has one shape, whatever is there: rule, text and decision; no counts, no time, no
       position.
    2. Everything that an answer tells beyond a refusal is an item of its leg: matches, and one that says how
       complete they are. What is not in the leg is not believed.
"""

from dataclasses import dataclass
from typing import Any

from accord.encoding import canonical_json, parse_canonical
from accord.errors import ForbiddenError, InvalidError
from regional_cell.domain.search_query import SearchQuery, from_fields
from regional_cell.domain.transfers import Header
from residency_policies.decision import Decision

PURPOSE = "search"
QUERY_OP, ANSWER_OP = "process", "search_from"
QUERY_LEG = "query"
QUERY_CLASSES = ("message_body",)
ANSWER_CLASSES = ("message_body", "search_snippet")
QUERY_ITEM, SUMMARY_ITEM = "query", "summary"
QUERY_BYTES_MAX = 64 * 1024
MATCH_BYTES_MAX = 512 * 1024
SUMMARY_BYTES_MAX = 8 * 1024
WORKSPACES_MAX = 32
HITS_MAX = 100

COMPLETE, PARTIAL, EMPTY = "complete", "partial", "empty"
UNAVAILABLE, TIMED_OUT, WITHHELD = "unavailable", "timed_out", "withheld"
MISSING = frozenset({UNAVAILABLE, TIMED_OUT})


def answer_leg(place: int) -> str:
    """Name of the leg that answers for the workspace at this place of the request."""
    return f"answer.{place}"


@dataclass(frozen=True, slots=True)
class Ask:
    """A search put to another cell, beside the query itself, which crosses as the item of the `query` leg.

    Attributes:
        identity: token of the asking user for the asked cell.
        workspace: of the asker; workspaces: those to be searched; organisation: common to all.
        first_answer_ms, tail_ms: until the first word, and until the last.
        country: where the viewer is; relation: `employee` or `guest`.
    """

    identity: str
    workspace: str
    workspaces: tuple[str, ...]
    organisation: str
    first_answer_ms: int
    tail_ms: int
    count: int
    sort: str
    ascending: bool
    highlighted: bool
    mode: str
    country: str
    relation: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A match as JSON bytes."""

    item_id: str
    match: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a workspace is withheld."""

    rule: str
    text: str
    decision: str


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an answer about one workspace.

    Attributes:
        header: of the leg, once, before or with its first hit.
        summary: canonical JSON of how complete the hits are; ends the workspace.
        refusal: ends the workspace as well, alone.
    """

    workspace: str = ""
    header: Header | None = None
    hits: tuple[Hit, ...] = ()
    summary: bytes = b""
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """How complete the hits of a workspace are. `state`: complete, partial or empty.

    `scores`: of the hits, in order, in millionths.
    """

    state: str
    total: int
    through: int
    scores: tuple[int, ...]

    def to_bytes(self) -> bytes:
        """As an item of the leg."""
        fields = {
            "scores": list(self.scores),
            "state": self.state,
            "through": self.through,
            "total": self.total,
        }
        return canonical_json(fields)


@dataclass(frozen=True, slots=True)
class CellState:
    """What became of one cell (or, withheld, of a part of it)."""

    cell: str
    jurisdiction: str
    state: str
    rule: str = ""
    text: str = ""
    decision: str = ""
    through: int | None = None
    took_ms: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As the API shows it."""
        shown: dict[str, Any] = {"cell": self.cell, "jurisdiction": self.jurisdiction, "state": self.state}
        if self.state == WITHHELD:
            return {**shown, "rule": self.rule, "text": self.text, "decision": self.decision}
        if self.through is not None:
            shown["through"] = self.through
        if self.took_ms is not None:
            shown["took_ms"] = self.took_ms
        return shown


def refusal_of(decision: Decision) -> Refusal:
    """What may be told of a decision that forbids."""
    return Refusal(decision.rule, decision.user_text, decision.decision)


def read_query(data: bytes) -> SearchQuery:
    """The query of another cell. Raises InvalidError."""
    return from_fields(parse_canonical(data, QUERY_BYTES_MAX))


def read_summary(data: bytes) -> Summary:
    """Raises ForbiddenError for what is none."""
    try:
        fields = parse_canonical(data, SUMMARY_BYTES_MAX)
    except InvalidError:
        raise ForbiddenError(needed="summary") from None
    if not isinstance(fields, dict) or set(fields) != {"scores", "state", "through", "total"}:
        raise ForbiddenError(needed="summary")
    state, scores = fields["state"], fields["scores"]
    if state not in (COMPLETE, PARTIAL, EMPTY) or not isinstance(scores, list):
        raise ForbiddenError(needed="summary")
    numbers = [fields["total"], fields["through"], *scores]
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise ForbiddenError(needed="summary")
    return Summary(state, fields["total"], fields["through"], tuple(scores))
