"""The home of the miniature: one log, what follows from it, and the sockets that are told of it."""

import random
from dataclasses import dataclass, field
from typing import Any

PUBLIC, PRIVATE = "CPUBLIC", "CPRIVATE"
MEMBERS = ("U0", "U1", "U2")
GUEST = "U3"
USERS = (*MEMBERS, GUEST)


@dataclass(slots=True)
class Said:
    """A message that stands, or stood."""

    ts: str
    key: str
    value: str
    user: str
    thread: str = ""
    deleted: bool = False
    reactions: set[str] = field(default_factory=set)

    @property
    def item(self) -> list[str]:
        """As a page shows it."""
        reactions = [" ".join(sorted(self.reactions))] if self.reactions else []
        return [self.ts, self.key, self.value, *reactions]


@dataclass(slots=True)
class Event:
    """One event of the log, for those who may hear it."""

    audience: frozenset[str]
    fields: dict[str, Any]
    own: dict[str, Any] | None = None
    sender: "Socket | None" = None


@dataclass(slots=True, eq=False)
class Socket:
    """A socket as its client sees it: what is on the way to it."""

    user: str
    number: int
    queue: list[Event | int] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)


class Home:
    """Everything that is committed."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self._now_us = 1_700_000_000_000_000
        self._said: dict[str, list[Said]] = {PUBLIC: [], PRIVATE: []}
        self._by_key: dict[str, Said] = {}
        self._members: dict[str, set[str]] = {PUBLIC: set(), PRIVATE: set()}
        self._marks = dict.fromkeys(USERS, "0")
        self._entries: list[list[str]] = []
        self._numbers: dict[str, int] = {}
        self._events: list[Event] = []
        self._sockets: dict[str, Socket | None] = dict.fromkeys(USERS)

    def _enter(self, kind: str) -> str:
        self._now_us += self.dice.randint(1, 9_000)
        seconds, micros = divmod(self._now_us, 1_000_000)
        ts = f"{seconds}.{micros:06d}"
        self._entries.append([str(len(self._entries) + 1), "1", ts, kind])
        return ts

    def _fields(self, topic: str, of: str, event: str, **told: Any) -> dict[str, Any]:
        self._numbers[of] = self._numbers.get(of, 0) + 1
        fields = {"topic": topic, "channel": of, "event": event, "seq": self._numbers[of], **told}
        return {**fields, "digest": f"{of} {self._numbers[of]}"}

    def _tell(self, channel: str, event: str, sender: Socket | None = None, **told: Any) -> None:
        fields = self._fields(channel, channel, event, **told)
        own = {**fields, "event": "reply"} if sender is not None else None
        self._publish(Event(frozenset(self._members[channel]), fields, own, sender))

    def _publish(self, event: Event) -> None:
        self._events.append(event)
        for socket in self._sockets.values():
            if socket is not None and socket.user in event.audience:
                socket.queue.append(event)
            if socket is not None and self.dice.random() < 0.3:
                socket.queue.append(len(self._events))

    def _post(
        self, user: str, channel: str, key: str, value: str, thread: str = "", sender: Socket | None = None
    ) -> Said:
        ts = self._enter("MessagePosted")
        said = Said(ts, key, value, user, thread)
        self._said[channel].append(said)
        if key:
            self._by_key[key] = said
        about = {"ts": ts, "key": key, "value": value, **({"thread": thread} if thread else {})}
        self._tell(channel, "message", sender=sender, **about)
        return said

    def _line(self, channel: str, thread: str = "") -> list[Said]:
        """What a reader is shown, oldest first; the root of a thread stands first in it."""
        return [
            one
            for one in self._said[channel]
            if not one.deleted and (one.thread == thread or (thread and one.ts == thread))
        ]

    def _find(self, user: str, word: str) -> dict[str, Any]:
        items = [
            [channel, *one.item]
            for channel, all_said in self._said.items()
            for one in all_said
            if channel == PUBLIC or user in self._members[channel]
            if not one.deleted and word in one.value.split()
        ]
        return {"items": items, "cells": {"de-fra": "complete"}}

    def _unread(self, user: str) -> dict[str, Any]:
        behind = [one for one in self._line(PUBLIC) if one.ts > self._marks[user] and one.user != user]
        return {"unread": len(behind), "last_read": self._marks[user]}
