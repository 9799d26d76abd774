"""What the people of a load do, each in a thread of their own until the load ends.

Writer    posts, replies, edits, deletes, reacts, uploads, reads, marks; tries again what was not acknowledged
Racer     changes one message at the same moments as the same person does at another device
Talker    posts over a socket
Reader    reads, searches, counts and marks what the others write
Visitor   is invited to a private channel and leaves it, again and again, and looks at it while away
"""

import random
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.support.device import Device
from tests.support.listening import Listener

OWN_MAX = 30
WORDS_MAX = 500
RACE_S = 0.15


@dataclass(frozen=True, slots=True)
class Mix:
    """How often a writer does what, as weights."""

    send: int = 12
    reply: int = 2
    edit: int = 3
    delete: int = 1
    react: int = 2
    upload: int = 0
    read: int = 4
    read_on: int = 2
    again: int = 0
    keyless: int = 0

    def draw(self, dice: random.Random) -> str:
        """One of them."""
        names = list(self.__slots__)
        return dice.choices(names, [getattr(self, name) for name in names])[0]


ORDINARY = Mix(upload=1, again=1, keyless=1)
SENDS = Mix(send=1, reply=0, edit=0, delete=0, react=0, read=0, read_on=0)


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A message whose fate no client was told yet; `place` is its author's among the people."""

    place: int
    channel: str
    value: str
    thread: str = ""


@dataclass(slots=True)
class Together:
    """What the people of a load know together.

    Attributes:
        unsettled: by key.
        roots: (channel, ts) of messages that got replies.
        words: words of messages, for searching.
        gone: words of messages that were deleted.
    """

    channels: list[str] = field(default_factory=list)
    unsettled: dict[str, Unsettled] = field(default_factory=dict)
    roots: set[tuple[str, str]] = field(default_factory=set)
    words: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def remember(self, word: str) -> None:
        """A word that can be searched for."""
        self.words.append(word)
        del self.words[:-WORDS_MAX]


@dataclass(frozen=True, slots=True)
class Own:
    """A message of one's own."""

    channel: str
    ts: str
    key: str
    value: str


class Writer:
    """One person who writes and reads what they have written, at one edge and now and then at another."""

    def __init__(self, together: Together, place: int, mix: Mix, pause_s: float, dice: random.Random) -> None:
        self._together, self._place, self._mix, self._pause_s, self._dice = (
            together,
            place,
            mix,
            pause_s,
            dice,
        )
        self._own: list[Own] = []
        self._ends: dict[str, str] = {}
        self._count = 0

    def run(self, near: Device, far: Device) -> None:
        """Until the load ends."""
        while not self._together.stopping.wait(self._pause_s):
            what = self._mix.draw(self._dice)
            needs_own = what in ("reply", "edit", "delete", "react", "again")
            if needs_own and not self._own:
                what = "send"
            device = far if what == "again" else near
            getattr(self, f"_{what}")(device, self._dice.choice(self._together.channels))

    def _value(self) -> str:
        self._count += 1
        # Not by dice: a load before may have said the same on the same federation.
        word = uuid.uuid4().hex[:10]
        self._together.remember(word)
        return f"{self._place}.{self._count} {word}"

    def _send(self, device: Device, channel: str, thread: str = "") -> None:
        """Post, and try again with the same key until it is acknowledged or the load ends."""
        together, key, value = self._together, str(uuid.uuid4()), self._value()
        together.unsettled[key] = Unsettled(self._place, channel, value, thread)
        while device.send(channel, value, key, thread) != "ok" and not device.refused:
            if together.stopping.wait(0.1):
                return
        del together.unsettled[key]
        if not device.refused and not thread:
            self._own.append(Own(channel, str(device.answer["ts"]), key, value))
            del self._own[:-OWN_MAX]

    def _keyless(self, device: Device, channel: str) -> None:
        """As a client does that has no keys: once."""
        device.send(channel, self._value(), keyless=True)

    def _again(self, device: Device, channel: str) -> None:
        """As a client does that lost the answer: the same key, elsewhere."""
        own = self._own[-1]
        device.send(own.channel, own.value, own.key)

    def _reply(self, device: Device, channel: str) -> None:
        own = self._dice.choice(self._own)
        root = (own.channel, own.ts)
        if root in self._together.roots or len(self._together.roots) < OWN_MAX:
            self._together.roots.add(root)
            self._send(device, *root)

    def _edit(self, device: Device, channel: str) -> None:
        own = self._dice.choice(self._own)
        device.edit(own.channel, own.ts, self._value())

    def _delete(self, device: Device, channel: str) -> None:
        own = self._own.pop(self._dice.randrange(len(self._own)))
        if device.delete(own.channel, own.ts) == "ok":
            self._together.gone.append(own.value.split()[-1])

    def _react(self, device: Device, channel: str) -> None:
        own = self._dice.choice(self._own)
        device.react(own.channel, own.ts, self._dice.choice(("eyes", "tada")), self._dice.random() < 0.7)

    def _upload(self, device: Device, channel: str) -> None:
        device.upload(channel, self._value(), self._dice.randbytes(2_000))

    def _read(self, device: Device, channel: str) -> None:
        device.read(channel, limit=self._dice.choice((5, 20, 50)))

    def _read_on(self, device: Device, channel: str) -> None:
        """From where the last page ended."""
        page = device.read(channel, limit=20, after=self._ends.get(channel, ""))
        if page:
            self._ends[channel] = page[-1]["ts"]


class Racer:
    """One person at two devices, who change one message at the same moments; this is one of the two."""

    def __init__(self, together: Together, channel: str, ts: str, pause_s: float) -> None:
        self._together, self._channel, self._ts = together, channel, ts
        self._every_s = RACE_S + pause_s

    def run(self, device: Device) -> None:
        """Until the load ends."""
        while not self._together.stopping.wait(self._every_s - time.monotonic() % self._every_s):
            device.edit(self._channel, self._ts, f"changed {uuid.uuid4().hex[:10]}")


class Talker:
    """One person who posts over a socket, each after the reply before."""

    def __init__(self, together: Together, place: int, number: int, pause_s: float) -> None:
        self._together, self._place, self._number, self._pause_s = together, place, number, pause_s

    def run(self, listener: Listener) -> None:
        """Until the load ends."""
        together, count = self._together, 0
        while not together.stopping.wait(0.02 + self._pause_s):
            count += 1
            channel, key = together.channels[count % len(together.channels)], str(uuid.uuid4())
            value = f"talker {self._number} says {count} {uuid.uuid4().hex[:10]}"
            if not listener.send(channel, value, key):
                continue
            together.unsettled[key] = Unsettled(self._place, channel, value)
            while key not in listener.outcomes and not together.stopping.wait(0.01):
                pass
            if listener.outcomes.get(key) == "ok":
                del together.unsettled[key]


class Reader:
    """One person who reads what the others write, searches for it and marks it as read."""

    def __init__(self, together: Together, pause_s: float, dice: random.Random) -> None:
        self._together, self._pause_s, self._dice = together, pause_s, dice

    def run(self, device: Device) -> None:
        """Until the load ends."""
        together = self._together
        while not together.stopping.wait(0.05 + self._pause_s):
            channel = self._dice.choice(together.channels)
            page = device.read(channel, limit=30)
            if page:
                device.mark(channel, page[self._dice.randrange(len(page))]["ts"])
            device.count(channel)
            if together.words:
                device.search(self._dice.choice(together.words))


class Visitor:
    """One person who comes and goes, and another who goes on posting while they are away."""

    def __init__(self, together: Together, channel: str, user: str, pause_s: float) -> None:
        self._together, self._channel, self._user, self._pause_s = together, channel, user, pause_s
        self._count = 0

    def run(self, host: Device, guest: Device) -> None:
        """Until the load ends."""
        while not self._together.stopping.wait(0.05 + self._pause_s):
            if host.invite(self._channel, self._user) == "ok":
                self._look(guest, self._say(host))
                guest.leave(self._channel)
            self._look(guest, self._say(host))

    def _say(self, host: Device) -> Sequence[str]:
        words = []
        for _ in range(2):
            self._count += 1
            words.append(uuid.uuid4().hex[:10])
            host.send(self._channel, f"private {self._count} {words[-1]}")
        return words

    def _look(self, guest: Device, words: Sequence[str]) -> None:
        guest.read(self._channel, limit=10)
        guest.search(words[-1])
