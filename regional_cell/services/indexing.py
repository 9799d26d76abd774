"""Indexing: the tail that feeds the search index with messages as they are posted, edited and deleted.

Invariants
    1. Documents and position move together, in the index: a batch handled twice changes nothing.
    2. A lost index has position 0 and is fed again from the start of each log.
"""

from collections.abc import Mapping, Sequence

from regional_cell.domain.events import Event
from regional_cell.domain.search_match import searchable
from regional_cell.ports.search import Document, SearchIndex

NAME = "search"


class Indexing:
    """A tail's handler (`services.tails.TailHandler`)."""

    name = NAME

    def __init__(self, index: SearchIndex) -> None:
        self._index = index

    async def position(self, resident: str) -> int:
        """Log sequence up to which the resident is indexed; 0 after the index was lost."""
        return await self._index.position(resident)

    async def positions(self) -> Mapping[str, int]:
        """The same of every resident that is indexed."""
        return await self._index.positions()

    async def consume(self, resident: str, through: int, events: Sequence[Event]) -> None:
        """Index what follows the position. Raises NotReadyError, and then nothing of it counts as done."""
        changed: dict[tuple[str, int], Document | None] = {}
        for event in events:
            payload = event.payload
            if event.kind == "MessagePosted":
                author = payload.get("user") or ""
                changed[payload["channel"], event.at_us] = _document(event, event.at_us, author)
            elif event.kind == "MessageEdited":
                changed[payload["channel"], payload["ts"]] = _document(event, payload["ts"], payload["by"])
            elif event.kind == "MessageDeleted":
                changed[payload["channel"], payload["ts"]] = None
        documents = [document for document in changed.values() if document is not None]
        removed = [key for key, document in changed.items() if document is None]
        await self._index.index(resident, through, documents, removed)


def _document(event: Event, ts: int, author: str) -> Document:
    payload = event.payload
    text = searchable(payload["text"], payload.get("blocks", ""), payload.get("attachments", ""))
    return Document(payload["channel"], ts, author, text)
