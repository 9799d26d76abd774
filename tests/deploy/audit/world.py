"""A lawful federation in miniature: one log, sockets with marks, clients whose calls overlap, fail and get
lost.

Everything takes effect at one instant between its beginning and its end, or after it when the outcome is
unknown; dice choose what happens next. What comes of it is a history in which nothing is wrong.
"""

import json
import random
from collections.abc import Callable, Generator, Iterator
from typing import Any

from tests.deploy.audit.home import GUEST, MEMBERS, PRIVATE, PUBLIC, USERS, Event, Home, Said, Socket
from tests.support.recorder import Recorder

WORKSPACE, CELL = "T1", "de-fra"
PAGE = 6
Act = Generator[None, None, None]


class World(Home):
    """One history in the making."""

    def __init__(self, seed: int, steps: int = 400) -> None:
        super().__init__(random.Random(seed))
        self._now_s = 10.0
        self.recorder = Recorder(self._tick)
        self._resume: dict[str, tuple[int, int]] = {}
        self._busy: dict[str, Act] = {}
        self._late: list[Act] = []
        self._unsettled: dict[str, tuple[str, str, str, str]] = {}
        self._count = 0
        self._begin()
        for _ in range(steps):
            self._step()
        self._settle()

    def lines(self) -> list[dict[str, Any]]:
        """The history."""
        return [json.loads(line) for line in self.recorder.lines()]

    # --- the scheduler -----------------------------------------------------------------------------

    def _tick(self) -> float:
        self._now_s += self.dice.uniform(0.001, 0.02)
        return round(self._now_s, 6)

    def _begin(self) -> None:
        for channel, private in ((PUBLIC, False), (PRIVATE, True)):
            number = self._call("create", "U0", value=channel.lower(), private=private)
            self._members[channel] = {"U0"}
            self.recorder.end(number, "create", "ok", channel=channel, cell=CELL)
            number = self._call("invite", "U0", channel=channel, members=list(MEMBERS[1:]))
            self._members[channel] |= set(MEMBERS)
            self.recorder.end(number, "invite", "ok", cell=CELL)

    def _step(self) -> None:
        what = self.dice.random()
        if what < 0.35 and any(self._sockets.values()):
            self._deliver(self.dice.choice([one for one in self._sockets.values() if one is not None]))
        elif what < 0.40:
            self._move_socket(self.dice.choice(USERS))
        elif what < 0.44 and self._late:
            self._advance_late()
        else:
            self._advance(self.dice.choice(USERS))

    def _advance(self, user: str) -> None:
        """Go on with what a user's client is doing, or begin something."""
        if user not in self._busy:
            self._busy[user] = self._act(user)
        if next(self._busy[user], self) is self:
            del self._busy[user]

    def _advance_late(self) -> None:
        act = self._late.pop(self.dice.randrange(len(self._late)))
        if next(act, self) is not self:
            self._late.append(act)

    def _act(self, user: str) -> Act:
        acts = [self._send] * 6 + [self._retry] * 2 + [self._edit, self._delete, self._react] * 2
        acts += [self._read] * 4 + [self._search, self._mark, self._count_unread, self._talk]
        if user == GUEST:
            acts = [self._come_or_go] * 2 + [self._read, self._search, self._send]
        return self.dice.choice(acts)(user)

    # --- writes --------------------------------------------------------------------------------------

    def _call(self, op: str, user: str, **members: Any) -> int:
        about = {"device": f"{user}/0", "user": user, "workspace": WORKSPACE, "edge": "fra"}
        return self.recorder.begin(op, f"{user}/0", **about, **members)

    def _carry_out(
        self, op: str, user: str, effect: Callable[[], dict[str, Any] | None], **members: Any
    ) -> Generator[None, None, str]:
        """Begin, take effect, end; or fail, or get lost on the way there or back. Returns how it ended."""
        number = self._call(op, user, **members)
        yield
        fate = self.dice.random()
        if fate < 0.06:
            self.recorder.end(number, op, "fail", status=503, error="service_unavailable")
            return "fail"
        if fate < 0.12:
            self.recorder.end(number, op, "unknown", error="ReadTimeout")
            if self.dice.random() < 0.7:
                self._late.append(self._later(effect))
            return "unknown"
        learned = effect()
        yield
        if learned is None:
            self.recorder.end(number, op, "fail", status=200, error="not_found")
            return "fail"
        if fate < 0.16:
            self.recorder.end(number, op, "unknown", error="ReadTimeout")
            return "unknown"
        self.recorder.end(number, op, "ok", cell=CELL, **learned)
        return "ok"

    def _later(self, effect: Callable[[], object]) -> Act:
        yield
        effect()

    def _value(self, user: str) -> str:
        self._count += 1
        return f"{user} says {self._count} w{self._count:05d}"

    def _channel(self, user: str) -> str:
        mine = [channel for channel, members in self._members.items() if user in members]
        return self.dice.choice(mine or [PUBLIC])

    def _send(self, user: str) -> Act:
        channel, value = self._channel(user), self._value(user)
        key = "" if self.dice.random() < 0.1 else f"k{self._count}"
        roots = [one.ts for one in self._said[channel] if not one.thread and not one.deleted]
        thread = self.dice.choice(roots) if roots and self.dice.random() < 0.2 else ""
        yield from self._attempt(user, channel, key, value, thread)

    def _retry(self, user: str) -> Act:
        mine = [key for key, one in self._unsettled.items() if one[0] == user]
        if mine:
            key = self.dice.choice(mine)
            yield from self._attempt(user, self._unsettled[key][1], key, *self._unsettled[key][2:])

    def _attempt(self, user: str, channel: str, key: str, value: str, thread: str) -> Act:
        told = {"thread": thread} if thread else {}
        if key:
            self._unsettled[key] = (user, channel, value, thread)
        effect = self._post_by(user, channel, key, value, thread)
        about = {"channel": channel, "key": key, "value": value, **told}
        if (yield from self._carry_out("send", user, effect, **about)) == "ok":
            self._unsettled.pop(key, None)

    def _post_by(
        self, user: str, channel: str, key: str, value: str, thread: str
    ) -> Callable[[], dict[str, Any] | None]:
        def effect() -> dict[str, Any] | None:
            if user not in self._members[channel]:
                return None
            said = self._by_key.get(key) if key else None
            return {"ts": (said or self._post(user, channel, key, value, thread)).ts}

        return effect

    def _edit(self, user: str) -> Act:
        yield from self._change("edit", user, self._value(user))

    def _delete(self, user: str) -> Act:
        yield from self._change("delete", user, "")

    def _change(self, op: str, user: str, value: str) -> Act:
        channel = self._channel(user)
        standing = [
            one
            for one in self._said[channel]
            # Who has no key and no answer is known by the first text alone.
            if not one.deleted and not self._has_replies(channel, one) and one.key
        ]
        if not standing:
            return
        said = self.dice.choice(standing[-5:])

        def effect() -> dict[str, Any] | None:
            if said.deleted or self._has_replies(channel, said):
                return None
            self._enter("MessageEdited" if value else "MessageDeleted")
            said.deleted, said.value = not value, value or said.value
            event = "message_changed" if value else "message_deleted"
            self._tell(channel, event, ts=said.ts, key=said.key, value=said.value)
            return {}

        about = {"value": value} if value else {}
        yield from self._carry_out(op, user, effect, channel=channel, ts=said.ts, **about)

    def _has_replies(self, channel: str, said: Said) -> bool:
        return any(one.thread == said.ts for one in self._said[channel])

    def _react(self, user: str) -> Act:
        channel, adds = self._channel(user), self.dice.random() < 0.7
        standing = [one for one in self._said[channel] if not one.deleted]
        if not standing:
            return
        said, name = self.dice.choice(standing[-5:]), f"eyes:{user}"

        def effect() -> dict[str, Any] | None:
            if said.deleted or (name in said.reactions) == adds:
                return None
            self._enter("ReactionAdded" if adds else "ReactionRemoved")
            said.reactions ^= {name}
            self._tell(channel, "reaction_added" if adds else "reaction_removed", ts=said.ts, value="eyes")
            return {}

        op = "react" if adds else "unreact"
        yield from self._carry_out(op, user, effect, channel=channel, ts=said.ts, value="eyes")

    def _mark(self, user: str) -> Act:
        standing = [one.ts for one in self._said[PUBLIC] if not one.deleted]
        if standing:
            ts = self.dice.choice(standing)

            def effect() -> dict[str, Any]:
                self._marks[user] = ts
                return {}

            yield from self._carry_out("mark", user, effect, channel=PUBLIC, ts=ts)

    def _come_or_go(self, user: str) -> Act:
        """The guest leaves the private channel, or is invited to it by the first member."""
        if user in self._members[PRIVATE]:
            yield from self._carry_out("leave", user, lambda: self._seat(False), channel=PRIVATE)
        elif "U0" not in self._busy:
            act = self._carry_out("invite", "U0", lambda: self._seat(True), channel=PRIVATE, members=[GUEST])
            self._busy["U0"] = self._quiet(act)
            yield

    def _quiet(self, act: Generator[None, None, str]) -> Act:
        yield from act

    def _seat(self, comes: bool) -> dict[str, Any] | None:
        if (GUEST in self._members[PRIVATE]) == comes:
            return None
        self._enter("MemberAdded" if comes else "MemberRemoved")
        if not comes:
            self._members[PRIVATE].discard(GUEST)
        event = "group_joined" if comes else "group_left"
        self._publish(Event(frozenset({GUEST}), self._fields("user", GUEST, event, channel=PRIVATE)))
        if comes:
            self._members[PRIVATE].add(GUEST)
        self._tell(PRIVATE, "member_joined_channel" if comes else "member_left_channel", member=GUEST)
        return {}

    # --- reads ---------------------------------------------------------------------------------------

    def _read(self, user: str) -> Act:
        channel = self._channel(user) if self.dice.random() < 0.9 else PRIVATE
        threads = [one.thread for one in self._said[channel] if one.thread]
        thread = self.dice.choice(threads) if threads and self.dice.random() < 0.2 else ""
        shown: list[list[str]] = []

        def effect() -> dict[str, Any] | None:
            if channel == PRIVATE and user not in self._members[PRIVATE]:
                return None
            whole = self._line(channel, thread)
            page = whole if thread else whole[-PAGE:]
            shown.extend(one.item for one in page)
            return {"items": shown, **({"low": page[0].ts} if len(page) < len(whole) else {})}

        about = {"thread": thread} if thread else {}
        yield from self._carry_out("read", user, effect, channel=channel, **about)

    def _search(self, user: str) -> Act:
        word = f"w{self.dice.randint(1, max(1, self._count)):05d}"
        yield from self._carry_out("search", user, lambda: self._find(user, word), value=word)

    def _count_unread(self, user: str) -> Act:
        yield from self._carry_out("count", user, lambda: self._unread(user), channel=PUBLIC)

    # --- sockets ---------------------------------------------------------------------------------------

    def _deliver(self, socket: Socket) -> None:
        if not socket.queue:
            return
        told = socket.queue.pop(0)
        about = self._about_socket(socket.user)
        if isinstance(told, int):
            number = self.recorder.moment("receive", **about, socket=socket.number, event="x_mark")
            self._resume[socket.user] = (number, told)
            return
        mine = told.own if told.sender is socket and told.own is not None else told.fields
        self.recorder.moment("receive", **about, socket=socket.number, **mine)
        if told.sender is socket:
            number = socket.waiting.pop(mine["key"])
            self.recorder.end(number, "send", "ok", ts=mine["ts"])
            self._unsettled.pop(mine["key"], None)

    def _about_socket(self, user: str) -> dict[str, str]:
        return {"process": f"{user}/socket", "device": f"{user}/1", "user": user, "workspace": WORKSPACE}

    def _move_socket(self, user: str) -> None:
        """Close a user's socket, or open one: afresh, from the last mark, or reset."""
        socket, about = self._sockets[user], self._about_socket(user)
        if socket is not None:
            self._sockets[user] = None
            for number in socket.waiting.values():
                self.recorder.end(number, "send", "unknown")
            self.recorder.moment("close", **about, socket=socket.number, code=1006)
            return
        mark, position = self._resume.get(user, (0, 0))
        resume: dict[str, Any] = {"resume": mark} if mark else {}
        number = self.recorder.begin("open", **about, **resume)
        resync = bool(mark) and self.dice.random() < 0.2
        self.recorder.end(number, "open", "ok", **({"resync": True} if resync else {}))
        opened = self._sockets[user] = Socket(user, number)
        if mark and not resync:
            opened.queue += [event for event in self._events[position:] if user in event.audience]

    def _talk(self, user: str) -> Act:
        """Post over the socket, if there is one."""
        socket = self._sockets[user]
        if socket is None:
            return
        value = self._value(user)
        key = f"k{self._count}"
        about = {**self._about_socket(user), "process": f"{user} says {key}"}
        number = self.recorder.begin("send", **about, channel=PUBLIC, key=key, value=value)
        self._unsettled[key] = (user, PUBLIC, value, "")
        socket.waiting[key] = number
        yield
        if self.dice.random() < 0.9 and key not in self._by_key and user in self._members[PUBLIC]:
            self._post(user, PUBLIC, key, value, sender=socket)

    # --- the end ---------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Finish what is under way, try again what is unknown, drain the sockets, read everything."""
        for user in list(self._busy):
            while user in self._busy:
                self._advance(user)
        while self._late:
            self._advance_late()
        self.dice = random.Random(0)
        for key, (user, channel, value, thread) in list(self._unsettled.items()):
            self._insist(user, channel, key, value, thread)
        self._drain()
        self._read_last()

    def _insist(self, user: str, channel: str, key: str, value: str, thread: str = "") -> None:
        told = {"thread": thread} if thread else {}
        number = self._call("send", user, channel=channel, key=key, value=value, **told)
        learned = self._post_by(user, channel, key, value, thread)()
        if learned is None:
            self.recorder.end(number, "send", "fail", status=200, error="channel_not_found")
        else:
            self.recorder.end(number, "send", "ok", cell=CELL, **learned)

    def _drain(self) -> None:
        for user in MEMBERS:
            if self._sockets[user] is None:
                self._move_socket(user)
        self._insist("U0", PUBLIC, "kend", "the end w99999")
        for user in MEMBERS:
            socket = self._sockets[user]
            assert socket is not None
            about = {**self._about_socket(user), "process": f"{user}/drain"}
            number = self.recorder.begin("drain", **about, key="kend")
            while socket.queue:
                self._deliver(socket)
            self.recorder.end(number, "drain", "ok", socket=socket.number)
        for user in USERS:
            if self._sockets[user] is not None:
                self._move_socket(user)

    def _read_last(self) -> None:
        for channel in (PUBLIC, PRIVATE):
            for thread in ("", *sorted({one.thread for one in self._said[channel] if one.thread})):
                about = {"thread": thread} if thread else {}
                number = self._call("read", "U0", channel=channel, final=True, **about)
                items = [one.item for one in self._line(channel, thread)]
                self.recorder.end(number, "read", "ok", cell=CELL, items=items)
        for word in self._words():
            number = self._call("search", "U0", value=word, final=True)
            self.recorder.end(number, "search", "ok", cell=CELL, **self._find("U0", word))
        number = self._call("count", "U0", channel=PUBLIC, final=True)
        self.recorder.end(number, "count", "ok", cell=CELL, **self._unread("U0"))
        self.recorder.moment("log", "copy", workspace=WORKSPACE, cell=CELL, items=self._entries)

    def _words(self) -> Iterator[str]:
        for all_said in self._said.values():
            yield from (one.value.split()[-1] for one in all_said[::5])
