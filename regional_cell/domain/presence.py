"""Presence: who counts as there, from what each process of a cell knows.

Invariants
    1. A process speaks for its own sockets alone; what it said counts for `PEER_S`, so that one that died is
       forgotten.
    2. Of two words of a user about being away the later one counts, in whatever order they come.
"""

from dataclasses import dataclass

import msgspec

ACTIVE, AWAY = "active", "away"
IDLE_S = 600
# Somebody who comes back with another socket at once was never away.
LINGER_S = 10
PEER_S = 30
MANUAL_MAX = 100_000

# A user of a resident.
Key = tuple[str, str]


class Seen(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A user at one process: open sockets, last activity, and when the last socket went (0 while there are
    some), in unix seconds.
    """

    sockets: int
    active_s: int
    left_s: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What all processes together know of a user; `active_s` is 0 for nothing."""

    sockets: int
    active_s: int
    idle: bool
    manual_away: bool
    presence: str


class Presences:
    """The presence of the users of a cell, as one process knows it. `own` is what it speaks for itself."""

    def __init__(self) -> None:
        self.own: dict[Key, Seen] = {}
        self.manual: dict[Key, tuple[bool, int]] = {}
        self._peers: dict[str, tuple[int, dict[Key, Seen]]] = {}

    def hear(self, process: str, key: Key, seen: Seen, now_s: int) -> None:
        """Another process says how one user is there."""
        _, table = self._peers.setdefault(process, (now_s + PEER_S, {}))
        table[key] = seen

    def hear_all(self, process: str, table: dict[Key, Seen], now_s: int) -> set[Key]:
        """Another process says who is there, all of them. Gives those of whom it may change something."""
        _, before = self._peers.get(process, (0, {}))
        self._peers[process] = (now_s + PEER_S, table)
        return {key for key in before.keys() | table.keys() if before.get(key) != table.get(key)}

    def set_manual(self, key: Key, away: bool, set_us: int) -> bool:
        """A user says that they are away, or not; whether that is news."""
        before, at_us = self.manual.get(key, (False, 0))
        if set_us <= at_us:
            return False
        self.manual.pop(key, None)
        self.manual[key] = (away, set_us)
        while len(self.manual) > MANUAL_MAX:
            del self.manual[next(iter(self.manual))]
        return away != before

    def expire(self, now_s: int) -> None:
        """Forget who left a while ago, and processes that say nothing any more."""
        self.own = {
            key: seen for key, seen in self.own.items() if seen.sockets or now_s - seen.left_s < LINGER_S
        }
        self._peers = {name: said for name, said in self._peers.items() if said[0] > now_s}

    def facts(self, key: Key, now_s: int, *, always: bool = False) -> Facts:
        """What is known now. `always`: a bot, which needs no socket to be there."""
        known = [seen for table in self._tables(now_s) if (seen := table.get(key)) is not None]
        here = [seen for seen in known if seen.sockets or now_s - seen.left_s < LINGER_S]
        active_s = max((seen.active_s for seen in known), default=0)
        idle = now_s - active_s >= IDLE_S
        manual_away = self.manual.get(key, (False, 0))[0]
        there = (always or (bool(here) and not idle)) and not manual_away
        sockets = sum(seen.sockets for seen in known)
        return Facts(sockets, active_s, idle, manual_away, ACTIVE if there else AWAY)

    def _tables(self, now_s: int) -> list[dict[Key, Seen]]:
        return [self.own, *(table for until_s, table in self._peers.values() if until_s > now_s)]
