"""Fan-out of one cell stream: finished frames go to the sockets that listen, one write per socket and tick.

Work per event does not grow with the number of sockets: frames are gathered per topic, and at the end of a
tick joined once for all sockets that saw the same topics. Only sockets with frames of their own, or left
out of an event, get a join of their own.

Invariants
    1. A socket sees what it is sent in the order in which it was handed in here, over all its topics and
       its own frames, without gap or repetition; so the reply of a sender stands in the place of the event
       it is left out of.
    2. A change of topics acts between the frames handed in before it and those after it.
    3. A socket that is closed gets nothing more.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence


class _Run:
    """What one topic got in this tick: places in the tick's order and frames, joined once when first
    needed.
    """

    __slots__ = ("frames", "joined", "places")

    def __init__(self, places: list[int], frames: list[bytes]) -> None:
        self.places = places
        self.frames = frames
        self.joined = frames[0] if len(frames) == 1 else b"".join(frames)


class _Socket:
    __slots__ = ("number", "own", "runs", "topics", "write")

    def __init__(self, number: int, write: Callable[[bytes], None]) -> None:
        self.number = number
        self.write = write
        self.topics: set[str] = set()
        self.own: list[tuple[int, bytes]] = []
        self.runs: list[_Run] = []


class _Topic:
    __slots__ = ("frames", "name", "places", "sockets")

    def __init__(self, name: str) -> None:
        self.name = name
        self.sockets: dict[int, _Socket] = {}
        self.places: list[int] = []
        self.frames: list[bytes] = []


class FanOut:
    """Topics and sockets of one stream. Call `flush` once per tick, after `pending` became true."""

    def __init__(self) -> None:
        self._sockets: dict[int, _Socket] = {}
        self._topics: dict[str, _Topic] = {}
        self._active: list[_Topic] = []
        self._own: dict[int, _Socket] = {}
        self._place = 0

    @property
    def pending(self) -> bool:
        return bool(self._active or self._own)

    @property
    def sockets(self) -> Sequence[int]:
        return tuple(self._sockets)

    def open(self, number: int, write: Callable[[bytes], None]) -> None:
        """A socket may now be written to; `write` takes joined frames and must not raise."""
        self._sockets[number] = _Socket(number, write)

    def close(self, number: int) -> None:
        """Forget the socket; what was not written yet is dropped."""
        socket = self._sockets.pop(number, None)
        if socket is None:
            return
        self._own.pop(number, None)
        for name in socket.topics:
            self._leave(name, number)

    def change(self, number: int, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Let the socket listen to more or fewer topics from here on."""
        socket = self._sockets.get(number)
        if socket is None:
            return
        add, remove = set(add) - socket.topics, set(remove) & socket.topics
        if any((topic := self._topics.get(name)) is not None and topic.frames for name in add | remove):
            self.flush()
        for name in add:
            topic = self._topics.get(name)
            if topic is None:
                topic = self._topics[name] = _Topic(name)
            topic.sockets[number] = socket
        for name in remove:
            self._leave(name, number)
        socket.topics = (socket.topics | add) - remove

    def event(
        self, name: str, data: bytes, replied: int = 0, reply: bytes = b"", except_sockets: Iterable[int] = ()
    ) -> None:
        """A frame for all listeners of a topic but `except_sockets`; the socket `replied` gets `reply` in its
        place.
        """
        topic = self._topics.get(name)
        if topic is None:
            self.frame(replied, reply)
            return
        self._place = place = self._place + 1
        if not topic.frames:
            self._active.append(topic)
        topic.places.append(place)
        topic.frames.append(data)
        if replied:
            self._instead(replied, place, reply)
        for number in except_sockets:
            self._instead(number, place, b"")

    def _instead(self, number: int, place: int, data: bytes) -> None:
        socket = self._sockets.get(number)
        if socket is not None:
            socket.own.append((place, data))
            self._own[number] = socket

    def frame(self, number: int, data: bytes) -> None:
        """A frame for one socket, in its place."""
        socket = self._sockets.get(number)
        if socket is not None:
            self._place += 1
            socket.own.append((self._place, data))
            self._own[number] = socket

    def flush(self) -> int:
        """Write what is pending, once per socket. Returns the number of writes."""
        active, self._active = self._active, []
        own, self._own = self._own, {}
        self._place = 0
        touched: dict[_Socket, None] = dict.fromkeys(own.values())
        for topic in active:
            run = _Run(topic.places, topic.frames)
            topic.places, topic.frames = [], []
            if not topic.sockets:
                del self._topics[topic.name]
            for socket in topic.sockets.values():
                socket.runs.append(run)
            touched.update(dict.fromkeys(topic.sockets.values()))
        plans = [(socket, self._take(socket)) for socket in touched]
        joined: dict[tuple[int, ...], _Run] = {}
        for socket, (runs, own_frames) in plans:
            if socket.number not in self._sockets:
                continue
            run_of_all = _merged(runs, joined)
            data = _personal(run_of_all, own_frames) if own_frames else run_of_all.joined
            if data:
                socket.write(data)
        return len(plans)

    @staticmethod
    def _take(socket: _Socket) -> tuple[list[_Run], list[tuple[int, bytes]]]:
        taken = socket.runs, socket.own
        socket.runs = []
        if taken[1]:
            socket.own = []
        return taken

    def _leave(self, name: str, number: int) -> None:
        topic = self._topics[name]
        topic.sockets.pop(number, None)
        if not topic.sockets and not topic.frames:
            del self._topics[name]


def _merged(runs: list[_Run], known: dict[tuple[int, ...], _Run]) -> _Run:
    """All runs as one, in order; worked out once for each set of topics."""
    if len(runs) == 1:
        return runs[0]
    key = tuple(id(run) for run in runs)
    found = known.get(key)
    if found is None:
        both = sorted(pair for run in runs for pair in zip(run.places, run.frames, strict=True))
        found = known[key] = _Run([place for place, _ in both], [data for _, data in both])
    return found


def _personal(run: _Run, own: list[tuple[int, bytes]]) -> bytes:
    """The run with the socket's own frames put in, each instead of the run's frame of the same place."""
    out: list[bytes] = []
    at = 0
    for place, data in own:
        to = bisect_left(run.places, place, at)
        out += run.frames[at:to]
        out.append(data)
        at = to + 1 if to < len(run.places) and run.places[to] == place else to
    out += run.frames[at:]
    return b"".join(out)
