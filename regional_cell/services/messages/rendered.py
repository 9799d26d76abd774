"""Messages as JSON, kept for the next reader: most messages look the same to everybody who may read them.

Invariants
    1. Only what depends on nothing but its own entry is kept: no thread, reaction, file, bot, edit, metadata.
    2. It is used only while the row says so still and the entry has its bytes, so what was edited, deleted or
       redacted is never shown from here.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from regional_cell.domain.changes import Row
from regional_cell.domain.events import Event

KEPT_MAX = 8_192
_OF_OTHERS = ("reply_count", "hidden", "files", "bot", "thread_ts", "edited_us")


class Rendered:
    """The JSON of messages of one process, the newest `KEPT_MAX`."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int], bytes] = {}

    def knows(self, resident: str, sequence: int) -> bool:
        """Whether the message that was posted with this event is kept. May be asked by any thread."""
        return (resident, sequence) in self._kept

    def find(self, resident: str, row: Row) -> orjson.Fragment | None:
        """The JSON of the message, if it is kept and the row is of one that looks the same to everybody."""
        kept = self._kept.get((resident, row["sequence"]))
        return orjson.Fragment(kept) if kept is not None and _is_plain(row) else None

    def keep(self, resident: str, row: Row, event: Event, message: Mapping[str, Any]) -> None:
        """Keep what was made for one reader, if it is what everybody is shown."""
        if not _is_plain(row) or event.payload.get("metadata"):
            return
        if len(self._kept) >= KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        self._kept[resident, row["sequence"]] = orjson.dumps(message)


def _is_plain(row: Row) -> bool:
    return row["sequence"] == row["text_sequence"] and not any(row[name] for name in _OF_OTHERS)
