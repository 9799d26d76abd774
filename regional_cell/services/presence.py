"""Presence: told by sockets, shared between the processes of the cell, told to sockets that ask.

Invariants
    1. Nothing of it is stored. Sockets make it anew after a restart; that somebody said to be away is lost
       when all processes of the cell were down at once.
    2. What another process did not hear costs at most `REFRESH_S`; of one that died, `PEER_S`.
    3. Nobody is told of a user whom they may not see at that moment.
"""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

import msgspec

from accord.clock import Clock
from accord.errors import ColinkError
from accord.ids import USLACKBOT, kind_of
from regional_cell.domain.access import require_known_user, sees
from regional_cell.domain.callers import Caller
from regional_cell.domain.objects.users import user_row
from regional_cell.domain.presence import ACTIVE, AWAY, IDLE_S, Facts, Key, Presences, Seen
from regional_cell.domain.socket_frames import manual_presence_frame, presence_frame
from regional_cell.domain.state import State
from regional_cell.ports.commits import Commits
from regional_cell.ports.intercom import Intercom
from regional_cell.ports.sockets import LiveSocket, UserFeed

SWEEP_S = 5.0
REFRESH_S = 10
SUBSCRIBED_MAX = 1_000
SEEN, ALL, MANUAL = "presence.seen", "presence.all", "presence.manual"

Spawn = Callable[[Coroutine[Any, Any, None]], object]
_encode = msgspec.msgpack.encode
_one = msgspec.msgpack.Decoder(tuple[str, str, str, Seen])
_all = msgspec.msgpack.Decoder(tuple[str, list[tuple[str, str, Seen]]])
_manual = msgspec.msgpack.Decoder(list[tuple[str, str, bool, int]])


class Presence:
    """`ports.PresenceFeed`, and what the API asks of it.

    Args:
        process: name of this process, unique in the cell.
        spawn: runs a coroutine beside and keeps it.
    """

    def __init__(
        self,
        commits: Commits,
        users: UserFeed,
        intercom: Intercom,
        process: str,
        clock: Clock,
        spawn: Spawn,
    ) -> None:
        self._commits, self._users, self._intercom = commits, users, intercom
        self._process, self._clock, self._spawn = process, clock, spawn
        self._known = Presences()
        self._sockets: dict[Key, set[LiveSocket]] = {}
        self._watchers: dict[Key, set[LiveSocket]] = {}
        self._watched: dict[LiveSocket, set[Key]] = {}
        self._told: dict[Key, str] = {}
        self._dirty: set[Key] = set()
        self._announcing = False
        self._refreshed_s = 0
        intercom.listen(SEEN, self._hear_seen)
        intercom.listen(ALL, self._hear_all)
        intercom.listen(MANUAL, self._hear_manual)

    # --- what sockets say --------------------------------------------------------------------------

    def opened(self, socket: LiveSocket) -> None:
        """See `ports.PresenceFeed`."""
        key = (socket.resident, socket.user)
        self._sockets.setdefault(key, set()).add(socket)
        self._note(key, self._now_s())

    def closed(self, socket: LiveSocket) -> None:
        """See `ports.PresenceFeed`."""
        key = (socket.resident, socket.user)
        self._watch(socket, set())
        sockets = self._sockets.get(key)
        if sockets is None or socket not in sockets:
            return
        sockets.discard(socket)
        if not sockets:
            del self._sockets[key]
        self._note(key, self._known.own[key].active_s)

    def touched(self, socket: LiveSocket) -> None:
        """See `ports.PresenceFeed`."""
        key = (socket.resident, socket.user)
        if key in self._sockets:
            self._act(key)

    def subscribe(self, socket: LiveSocket, users: Sequence[str]) -> None:
        """See `ports.PresenceFeed`."""
        keys = _keys(socket, users)
        self._watch(socket, keys)
        self._spawn(self._answer(socket, keys))

    def query(self, socket: LiveSocket, users: Sequence[str]) -> None:
        """See `ports.PresenceFeed`."""
        self._spawn(self._answer(socket, _keys(socket, users)))

    def _act(self, key: Key) -> None:
        """The user does something. Others need to hear of it at once only when it changes something."""
        now_s, seen = self._now_s(), self._known.own[key]
        if now_s - seen.active_s >= IDLE_S:
            self._note(key, now_s)
        else:
            self._known.own[key] = Seen(seen.sockets, now_s)

    def _note(self, key: Key, active_s: int) -> None:
        sockets = len(self._sockets.get(key, ()))
        seen = self._known.own[key] = Seen(sockets, active_s, 0 if sockets else self._now_s())
        if not self._intercom.alone:
            self._intercom.tell(SEEN, _encode((self._process, *key, seen)))
        self._changed((key,))

    def _watch(self, socket: LiveSocket, keys: set[Key]) -> None:
        before = self._watched.pop(socket, set())
        for key in before - keys:
            watchers = self._watchers[key]
            watchers.discard(socket)
            if not watchers:
                del self._watchers[key]
                self._told.pop(key, None)
        for key in keys - before:
            self._watchers.setdefault(key, set()).add(socket)
        if keys:
            self._watched[socket] = keys

    # --- what the API asks -------------------------------------------------------------------------

    async def of(self, caller: Caller, user: str) -> Facts:
        """Raises NotFoundError `user_not_found`."""
        state = await self._commits.state(caller.resident)
        require_known_user(state, caller, user)
        return self._facts(state, user)

    def set_away(self, caller: Caller, away: bool) -> None:
        """The caller says to be away, or to be as their sockets say."""
        entry = (caller.resident, caller.user, away, self._clock.now_us())
        self._take_manual([entry])
        if not self._intercom.alone:
            self._intercom.tell(MANUAL, _encode([entry]))

    # --- the other processes -----------------------------------------------------------------------

    async def sweep(self) -> None:
        """Look who did something, who left and who fell silent; tell the other processes from time to time.
        Called every `SWEEP_S`.
        """
        now_s = self._now_s()
        for key, sockets in self._sockets.items():
            if any(socket.active for socket in sockets):
                for socket in sockets:
                    socket.active = False
                self._act(key)
        self._known.expire(now_s)
        if now_s - self._refreshed_s >= REFRESH_S and not self._intercom.alone:
            self._refreshed_s = now_s
            self._tell_all(self._known.own)
        self._changed(self._watchers)

    def leave(self) -> None:
        """This process ends: nobody is here any more."""
        self._tell_all({})

    def _tell_all(self, own: dict[Key, Seen]) -> None:
        self._intercom.tell(ALL, _encode((self._process, [(*key, seen) for key, seen in own.items()])))
        manual = [(*key, away, set_us) for key, (away, set_us) in self._known.manual.items()]
        self._intercom.tell(MANUAL, _encode(manual))

    def _hear_seen(self, body: bytes) -> None:
        process, resident, user, seen = _one.decode(body)
        self._known.hear(process, (resident, user), seen, self._now_s())
        self._changed(((resident, user),))

    def _hear_all(self, body: bytes) -> None:
        process, rows = _all.decode(body)
        table = {(resident, user): seen for resident, user, seen in rows}
        self._changed(self._known.hear_all(process, table, self._now_s()))

    def _hear_manual(self, body: bytes) -> None:
        self._take_manual(_manual.decode(body))

    def _take_manual(self, entries: Iterable[tuple[str, str, bool, int]]) -> None:
        for resident, user, away, set_us in entries:
            if self._known.set_manual((resident, user), away, set_us):
                frame = manual_presence_frame(AWAY if away else ACTIVE)
                self._users.tell_user(resident, user, frame)
                self._changed(((resident, user),))

    # --- telling sockets ---------------------------------------------------------------------------

    def _changed(self, keys: Iterable[Key]) -> None:
        """Something may be different for these: whoever watches them is told soon, if it is."""
        self._dirty.update(key for key in keys if key in self._watchers)
        if self._dirty and not self._announcing:
            self._announcing = True
            self._spawn(self._announce())

    async def _announce(self) -> None:
        try:
            while self._dirty:
                dirty, self._dirty = self._dirty, set()
                for resident, keys in _by_resident(dirty).items():
                    try:
                        state = await self._commits.state(resident)
                    except ColinkError:
                        continue  # the next sweep comes back to it
                    self._tell_changes(state, keys)
        finally:
            self._announcing = False

    def _tell_changes(self, state: State, keys: Iterable[Key]) -> None:
        news: dict[LiveSocket, dict[str, list[str]]] = {}
        for key in keys:
            presence = self._facts(state, key[1]).presence
            if self._told.get(key) == presence or key not in self._watchers:
                continue
            self._told[key] = presence
            for socket in self._watchers[key]:
                news.setdefault(socket, {}).setdefault(presence, []).append(key[1])
        for socket, told in news.items():
            _tell(state, socket, told)

    async def _answer(self, socket: LiveSocket, keys: set[Key]) -> None:
        try:
            state = await self._commits.state(socket.resident)
        except ColinkError:
            return
        if socket not in self._sockets.get((socket.resident, socket.user), ()):
            return
        told: dict[str, list[str]] = {}
        for key in sorted(keys):
            presence = self._facts(state, key[1]).presence
            told.setdefault(presence, []).append(key[1])
            if key in self._watchers:
                self._told.setdefault(key, presence)
        _tell(state, socket, told)

    def _facts(self, state: State, user: str) -> Facts:
        row = user_row(state, user)
        always = user == USLACKBOT or (row is not None and bool(row["bot"]) and not row["deleted"])
        return self._known.facts((state.resident, user), self._now_s(), always=always)

    def _now_s(self) -> int:
        return self._clock.now_us() // 1_000_000


def _keys(socket: LiveSocket, users: Sequence[str]) -> set[Key]:
    return {(socket.resident, user) for user in users[:SUBSCRIBED_MAX] if kind_of(user) == "U"}


def _by_resident(keys: Iterable[Key]) -> dict[str, list[Key]]:
    found: dict[str, list[Key]] = {}
    for key in sorted(keys):
        found.setdefault(key[0], []).append(key)
    return found


def _tell(state: State, socket: LiveSocket, told: dict[str, list[str]]) -> None:
    """Frames for one socket, of those users that it may see."""
    viewer = state.row("users", socket.user)
    if viewer is None:
        return
    for presence, users in told.items():
        seen = [
            user
            for user in users
            if user_row(state, user) is not None and sees(state, viewer["role"], socket.user, user)
        ]
        groups = [seen] if socket.batched and seen else [[user] for user in seen]
        for group in groups:
            socket.link.frame(socket.socket, presence_frame(presence, group, batched=socket.batched))
