"""Replays: what sockets missed, read from the log once for all that come back, rendered once, told by topics.

After a restart thousands of sockets resume at nearly the same place of the same log, and each may hear of a
small part of it. So the missed stretch of a resident's log is held for a moment, sorted by topic.

Invariants
    1. A replay holds exactly the frames of the events after the mark, up to the head that it was asked with,
       that the user had the right to hear of when they happened, in order: what `Live` would have told.
    2. What cannot be told exactly is not told: the answer is None, and the socket starts afresh.
    3. A stretch is read by one reader at a time; who gives up waiting ends nobody else's reading.
    4. All stretches together have at most about `bytes_max` bytes, and go when nobody asked for `KEPT_S`.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

import orjson

from accord.clock import Clock
from regional_cell.domain.events import Event
from regional_cell.domain.objects.frames import frames
from regional_cell.domain.state import State
from regional_cell.domain.visibility import MOVING, STANDING, moves, topics_before, topics_of
from regional_cell.domain.web_socket import text_frame
from regional_cell.ports.commits import Commits

PAGE = 500
# Marks of sockets that were cut together lie some seconds apart: read a little further back at once.
MARGIN_EVENTS = 1_000
KEPT_S = 60.0
BYTES_MAX = 64 * 1024 * 1024
EVENT_BYTES = 1_500


class _Entry:
    """One event, and its frames once somebody needs them."""

    __slots__ = ("event", "shown")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.shown: list[bytes | None] | None = None

    def render(self, state: State) -> int:
        """Make its frames, unless that is done; by how many bytes it grew."""
        if self.shown is not None:
            return 0
        bodies = zip(self.event.topics, frames(self.event, state), strict=False)
        self.shown = [
            text_frame(orjson.dumps({**body, "x_seq": x_seq})) if body is not None else None
            for (_, x_seq), body in bodies
        ]
        return sum(len(frame) for frame in self.shown if frame is not None)

    def frame(self, place: int) -> bytes | None:
        """The finished frame for the topic at this place of the event, after `render`."""
        return self.shown[place] if self.shown is not None and place < len(self.shown) else None


_Place = tuple[int, int, _Entry]


class _Stretch:
    """Events `after` (exclusive) to `head` of one resident, by topic and by whom they move."""

    def __init__(self, after: int, used_s: float) -> None:
        self.after = self.head = after
        self.used_s = used_s
        self.loading: asyncio.Task[None] | None = None
        self.topics: dict[str, list[_Place]] = {}
        self.movers: dict[str, list[Event]] = {}
        self.size = 0

    def holds(self, after: int, head: int) -> bool:
        """Whether all events after one and up to the other are here, and nothing is being added."""
        return self.loading is None and self.after <= after and self.head >= head

    def extend(self, events: Iterable[Event]) -> None:
        """Put events behind the head."""
        for event in events:
            self.size += EVENT_BYTES + 2 * len(event.payload.get("text", ""))
            entry = _Entry(event)
            for place, (topic, _) in enumerate(event.topics):
                self.topics.setdefault(topic, []).append((event.sequence, place, entry))
            for user in _moved(event):
                self.movers.setdefault(user, []).append(event)

    def put_before(self, earlier: "_Stretch") -> None:
        """Put what another stretch holds, which ends where this one begins, before this one."""
        for topic, places in earlier.topics.items():
            self.topics[topic] = places + self.topics.get(topic, [])
        for user, events in earlier.movers.items():
            self.movers[user] = events + self.movers.get(user, [])
        self.after, self.size = earlier.after, self.size + earlier.size


class Replays:
    """The stretches of one process.

    Args:
        told: called with `loaded` or `shared` for each replay: whether it had to read the log.
        failed: told of an event that could not be rendered.
    """

    def __init__(
        self,
        commits: Commits,
        clock: Clock,
        told: Callable[[str], None] = lambda how: None,
        failed: Callable[[str, BaseException], None] = lambda what, error: None,
        bytes_max: int = BYTES_MAX,
    ) -> None:
        self._commits, self._clock, self._told, self._failed = commits, clock, told, failed
        self._bytes_max = bytes_max
        self._stretches: dict[str, _Stretch] = {}

    async def since(self, state: State, user: str, after: int) -> list[bytes] | None:
        """See `ports.Replays`."""
        head, topics = state.head, topics_of(state, user)
        if after >= head:
            return []
        if (head - after + MARGIN_EVENTS) * EVENT_BYTES > self._bytes_max:
            return None
        stretch = await self._reach(state.resident, after, head)
        stretch.used_s = self._clock.monotonic_s()
        mine = [event for event in stretch.movers.get(user, ()) if after < event.sequence <= head]
        before = topics_before(mine, user, topics)
        if before is None:
            return None
        found: list[_Place] = []
        for topic, begin, end in _spans(mine, user, before, after, head):
            places = stretch.topics.get(topic)
            if places:
                found += places[bisect_left(places, (begin,)) : bisect_left(places, (end,))]
        found.sort(key=_order)
        try:
            for _, _, entry in found:
                stretch.size += entry.render(state)
            shown = [entry.frame(place) for _, place, entry in found]
        except Exception as error:
            self._failed("replay", error)
            return None
        self._keep_within(state.resident)
        return [frame for frame in shown if frame is not None]

    async def sweep(self) -> None:
        """Let go of what nobody asks for any more. Called now and then."""
        old_s = self._clock.monotonic_s() - KEPT_S
        for resident, stretch in list(self._stretches.items()):
            if stretch.used_s < old_s and stretch.loading is None:
                del self._stretches[resident]

    async def _reach(self, resident: str, after: int, head: int) -> _Stretch:
        """A stretch that holds at least these."""
        how = "shared"
        while True:
            stretch = self._stretches.get(resident)
            if stretch is None:
                base = max(0, after - MARGIN_EVENTS)
                stretch = self._stretches[resident] = _Stretch(base, self._clock.monotonic_s())
            if not stretch.holds(after, head):
                if stretch.loading is None:
                    how = "loaded"
                    stretch.loading = asyncio.ensure_future(self._load(resident, stretch, after, head))
                await asyncio.shield(stretch.loading)
            # It may have been dropped meanwhile, for others' sake: who waited for it has it all the same.
            if stretch.holds(after, head):
                self._told(how)
                return stretch

    async def _load(self, resident: str, stretch: _Stretch, after: int, head: int) -> None:
        try:
            if after < stretch.after:
                earlier = _Stretch(max(0, after - MARGIN_EVENTS), 0.0)
                await self._read(resident, earlier, stretch.after)
                stretch.put_before(earlier)
            if head > stretch.head:
                await self._read(resident, stretch, head)
        except BaseException:
            self._stretches.pop(resident, None)
            raise
        finally:
            stretch.loading = None
        self._keep_within(resident)

    async def _read(self, resident: str, stretch: _Stretch, through: int) -> None:
        while stretch.head < through:
            # Sequences are dense: a page reaches so far, whatever was redacted in it.
            reach = min(stretch.head + PAGE, through)
            page = await self._commits.read(resident, stretch.head, reach - stretch.head)
            stretch.extend(event for event in page if event.sequence <= reach)
            stretch.head = reach

    def _keep_within(self, resident: str) -> None:
        """Drop the longest unused stretches beyond the bound; the present one last."""
        while sum(stretch.size for stretch in self._stretches.values()) > self._bytes_max:
            idle = [name for name, stretch in self._stretches.items() if stretch.loading is None]
            others = [name for name in idle if name != resident] or idle
            if not others:
                return
            del self._stretches[min(others, key=lambda name: self._stretches[name].used_s)]


def _order(place: _Place) -> tuple[int, int]:
    return place[0], place[1]


def _moved(event: Event) -> set[str]:
    """Whose topics or standing the event changes."""
    if event.kind in STANDING:
        return {event.payload["user"]}
    return {user for user, _, _ in moves(event)} if event.kind in MOVING else set()


def _spans(
    mine: Sequence[Event], user: str, before: set[str], after: int, head: int
) -> list[tuple[str, int, int]]:
    """(topic, first, beyond): in which sequences the user hears of a topic. An event that moves the user is
    told under the topics that it leaves behind.
    """
    since = dict.fromkeys(before, after + 1)
    spans: list[tuple[str, int, int]] = []
    for event in mine:
        for who, topic, added in moves(event):
            if who != user:
                continue
            if added:
                since.setdefault(topic, event.sequence)
            elif topic in since:
                spans.append((topic, since.pop(topic), event.sequence))
    return spans + [(topic, begin, head + 1) for topic, begin in since.items()]
