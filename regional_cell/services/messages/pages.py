"""Timelines of channels: read once however many ask, kept while nothing happens to their resident.

After a restart everybody comes back and reads the same pages: whoever asks while one is being read gets that
reading, and whoever asks after it what was kept.

Invariants
    1. A page was read at or after the head of the state that it is asked with, so what was acknowledged
       before the call is in it; it is given out while that is still the head.
    2. A page is read once at a time; who gives up waiting ends nobody else's reading.
    3. What is kept has at most about `kept_bytes_max` bytes: rows sealed as they rest, and the JSON of pages
       that look the same to everybody.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import orjson

from regional_cell.domain.state import State
from regional_cell.ports.views import Timeline, Views

KEPT_BYTES_MAX = 16 * 1024 * 1024
ROW_BYTES = 1_024
HOW = ("loaded", "shared", "kept")


@dataclass(frozen=True, slots=True)
class PageWanted:
    """Which page of a channel's main line; `oldest` and `latest` are exclusive bounds in microseconds."""

    channel: str
    oldest: int | None
    latest: int | None
    newest_first: bool
    limit: int


class PageRead:
    """One reading of a page. Shared, so whoever changes what it holds copies it first.

    Attributes:
        head: of the resident's log when it was read, or earlier.
        messages, json: its messages as everybody is shown them, one by one and as a list, once that was made
            by `Pages.keep_shown`; else None.
        size: about how many bytes of memory.
    """

    __slots__ = ("head", "json", "messages", "size", "timeline")

    def __init__(self, timeline: Timeline, head: int) -> None:
        self.timeline, self.head = timeline, head
        self.messages: Sequence[orjson.Fragment] | None = None
        self.json: orjson.Fragment | None = None
        texts = sum(len(entry.sealed or b"") for entry in timeline.entries.values())
        self.size = texts + ROW_BYTES * (len(timeline.rows) + len(timeline.entries))


class Pages:
    """Pages of the residents of this process.

    Args:
        knows: whether the message of (resident, sequence) is known here, so that its entry is not read.
        told: called with a word of `HOW` for each page that is given out.
    """

    def __init__(
        self,
        views: Views,
        knows: Callable[[str, int], bool],
        told: Callable[[str], None] = lambda how: None,
        kept_bytes_max: int = KEPT_BYTES_MAX,
    ) -> None:
        self._views, self._knows, self._told = views, knows, told
        self._kept_bytes_max = kept_bytes_max
        self._kept: OrderedDict[tuple[str, PageWanted], PageRead] = OrderedDict()
        self._kept_bytes = 0
        self._loading: dict[tuple[str, PageWanted, int], asyncio.Task[PageRead]] = {}

    async def get(self, state: State, wanted: PageWanted) -> PageRead:
        """The page as of the head of the state or later.

        Raises: as `Views.timeline`.
        """
        key, head = (state.resident, wanted), state.head
        kept = self._kept.get(key)
        if kept is not None and kept.head == head:
            self._kept.move_to_end(key)
            self._told("kept")
            return kept
        loading = self._loading.get((*key, head))
        if loading is None:
            loading = asyncio.ensure_future(self._load(state.resident, wanted, head))
            self._loading[(*key, head)] = loading
            loading.add_done_callback(partial(self._over, (*key, head)))
            self._told("loaded")
        else:
            self._told("shared")
        return await asyncio.shield(loading)

    async def _load(self, resident: str, wanted: PageWanted, head: int) -> PageRead:
        timeline = await self._views.timeline(
            resident,
            wanted.channel,
            oldest=wanted.oldest,
            latest=wanted.latest,
            newest_first=wanted.newest_first,
            limit=wanted.limit,
            knows=partial(self._knows, resident),
        )
        read = PageRead(timeline, head)
        self._keep((resident, wanted), read)
        return read

    def keep_shown(
        self, state: State, wanted: PageWanted, read: PageRead, messages: Sequence[orjson.Fragment]
    ) -> None:
        """Keep what a page says, which must be the same for everybody who may read it."""
        data = orjson.dumps(messages)
        read.messages, read.json = messages, orjson.Fragment(data)
        if self._kept.get((state.resident, wanted)) is read:
            size = 2 * len(data)
            read.size += size
            self._kept_bytes += size
            self._make_room()

    def _over(self, key: tuple[str, PageWanted, int], task: "asyncio.Task[PageRead]") -> None:
        self._loading.pop(key, None)
        if not task.cancelled():
            task.exception()

    def _keep(self, key: tuple[str, PageWanted], read: PageRead) -> None:
        self._drop(key)
        if read.size > self._kept_bytes_max // 16:
            return
        self._kept[key] = read
        self._kept_bytes += read.size
        self._make_room()

    def _make_room(self) -> None:
        while self._kept_bytes > self._kept_bytes_max:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[str, PageWanted]) -> None:
        if (dropped := self._kept.pop(key, None)) is not None:
            self._kept_bytes -= dropped.size
