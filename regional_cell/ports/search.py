"""The search index."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from regional_cell.domain.search_query import Term


class SearchIndex(Protocol):
    """Terms of this cell's messages, in a store of its own, fed by a tail and rebuilt from the log."""

    async def position(self, resident: str) -> int:
        """Log sequence up to which the resident is indexed."""

    async def positions(self) -> Mapping[str, int]:
        """The same of every resident that is indexed."""

    async def index(
        self, resident: str, through: int, documents: Iterable["Document"], removed: Iterable[tuple[str, int]]
    ) -> None:
        """Write documents and removals and move the position, in one transaction."""

    async def search(self, resident: str, query: "IndexQuery") -> list["IndexHit"]:
        """Candidates, newest first; the caller holds them against the messages as they stand and as the asker
        may read them.
        """


@dataclass(frozen=True, slots=True)
class Document:
    """A message as indexed; `text` holds its words, without markup of ours."""

    channel: str
    ts: int
    user: str
    text: str


@dataclass(frozen=True, slots=True)
class IndexQuery:
    """An index query over one resident.

    Attributes:
        terms: all must hold; none is allowed, then every message within the bounds is a candidate.
        channels: where to look; empty finds nothing.
        users: authors, any of them; empty is everyone.
        oldest_us, latest_us: inclusive and exclusive bounds of `ts`.
        limit: at most 1,000 candidates.
    """

    terms: tuple[Term, ...]
    channels: tuple[str, ...]
    users: tuple[str, ...] = ()
    oldest_us: int | None = None
    latest_us: int | None = None
    limit: int = 1_000


@dataclass(frozen=True, slots=True)
class IndexHit:
    """A candidate: a message, named by its channel and its time in microseconds."""

    channel: str
    ts: int
