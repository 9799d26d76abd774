"""A10: nobody is shown what they had no right to at that moment.

    a private channel is read, searched and counted by its members alone                             I07
    an event reaches who was a member when it was committed, and nobody else                         I07

Who is where follows from creating, inviting, joining, leaving and removing. Whenever the answers leave it
open, as while an invitation is under way, nothing is held against anybody.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from deploy.audit.history import History, Operation
from deploy.audit.index import SHOWING, Index, items_of
from deploy.audit.verdict import Violation, lines_of

Seat = tuple[str, str]


@dataclass(slots=True)
class Absence:
    """A time in which somebody was definitely no member; `since` made it so, None at the beginning."""

    begins_s: float
    ends_s: float
    since: Operation | None

    def holds(self, begins_s: float, ends_s: float) -> bool:
        """Whether all of that time lies in it."""
        return self.begins_s < begins_s and ends_s < self.ends_s


@dataclass(slots=True)
class _Moves:
    granted: list[Operation] = field(default_factory=list)
    revoked: list[Operation] = field(default_factory=list)


class Members:
    """Who was not a member of which channel, and when. Known for channels that were made in this history."""

    def __init__(self, history: History) -> None:
        self.private: set[str] = set()
        self._made: set[str] = set()
        moves: dict[Seat, _Moves] = defaultdict(_Moves)
        for operation in history.of("create", "invite", "join", "leave", "remove"):
            if operation.outcome == "fail":
                continue
            if operation.op == "create" and operation.channel:
                self._made.add(operation.channel)
                if operation.more.get("private"):
                    self.private.add(operation.channel)
            for user in operation.more.get("members") or (operation.user,):
                seat = moves[operation.channel, str(user)]
                (seat.revoked if operation.op in ("leave", "remove") else seat.granted).append(operation)
        self._absences = {seat: list(_absences(both)) for seat, both in moves.items()}

    def absent(self, channel: str, user: str, begins_s: float, ends_s: float) -> Absence | None:
        """The absence that holds all of that time; None when the user may have been a member."""
        if channel not in self._made:
            return None
        never = [Absence(-math.inf, math.inf, None)]
        absences = self._absences.get((channel, user), never)
        return next((one for one in absences if one.holds(begins_s, ends_s)), None)


def _absences(moves: _Moves) -> Iterator[Absence]:
    first_s = min((grant.began_s for grant in moves.granted), default=math.inf)
    yield Absence(-math.inf, first_s, None)
    for revoke in moves.revoked:
        if revoke.outcome != "ok":
            continue
        crossing = any(
            grant.began_s <= revoke.ended_s and grant.latest_s > revoke.began_s for grant in moves.granted
        )
        if not crossing:
            later = (grant.began_s for grant in moves.granted if grant.began_s > revoke.ended_s)
            yield Absence(revoke.ended_s, min(later, default=math.inf), revoke)


def check_members(index: Index) -> Iterator[Violation]:
    """A10."""
    members = Members(index.history)
    for operation in index.history.of("read", "count", "search", "receive"):
        if operation.outcome != "ok":
            continue
        if operation.op == "receive":
            yield from _check_told(index, members, operation)
            continue
        shown = {operation.channel}
        if operation.op == "search":
            shown = {channel for channel, *_ in items_of(operation)}
        for channel in sorted(shown & members.private):
            absence = members.absent(channel, operation.user, operation.began_s, operation.ended_s)
            if absence is not None:
                what = f"a {operation.op} of {operation.user}, who was not a member, was answered"
                yield Violation("I07", "A10", what, channel, "", lines_of(absence.since, operation))


def _check_told(index: Index, members: Members, event: Operation) -> Iterator[Violation]:
    if event.more.get("event") not in SHOWING:
        return
    message = index.messages.get(event.key or event.value)
    writer = message.values.get(event.value) if message is not None else None
    if message is None or writer is None:
        return
    begins_s = message.began_s if writer.op not in ("edit", "delete") else writer.began_s
    absence = members.absent(event.channel, event.user, begins_s, writer.latest_s)
    if absence is not None:
        what = f"{event.user}, who was not a member, was told {message.name}"
        lines = lines_of(absence.since, writer, event)
        yield Violation("I07", "A10", what, event.channel, event.ts, lines)
