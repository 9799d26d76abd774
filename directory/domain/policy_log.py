"""The policy log: every act on policies and officers, as leaves of a Merkle tree with signed checkpoints.

The bytes are those of a cell's ledger (`accord.ledger`): a leaf commits to what everybody may read (`open`)
and, under a salt of its own, to who did it (`sealed`), so that a name can be erased and the tree still
proves.

Invariants
    1. An entry is written in the transaction of the act that it tells of: no act without entry, no entry
       without act.
    2. Entries are numbered 0, 1, 2 ... and never change; each comes with a checkpoint over all up to itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from accord.ledger import checkpoint_text, leaf_data, leaf_hash, new_nodes, root_at, sign_checkpoint
from accord.signing import SigningKey

SALT_BYTES = 32
PAGE_MAX = 256
SET_BACK_S = 3_600
NO_FACTS: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One leaf. `open` names the act (`act`, `at_s`, `seq`) and its facts; `sealed` has `by`, an officer's
    name.

    `note` is the signed checkpoint over the log up to and with this entry.
    """

    seq: int
    open: dict[str, object]
    sealed: dict[str, object]
    salt: bytes
    note: str


@dataclass(frozen=True, slots=True)
class Act:
    """Something that is about to be entered. `by`: an officer's name, or `operator:<name>`, or `directory`;
    `about`: the officer whom it is done to.
    """

    name: str
    by: str
    facts: Mapping[str, object] = field(default_factory=lambda: NO_FACTS)
    about: str = ""


@dataclass(frozen=True, slots=True)
class WithheldEntry:
    """An entry that is not the reader's: its place in the tree alone, so that the tree still proves."""

    seq: int
    leaf: bytes


class LogReader(Protocol):
    """The log as it is stored."""

    def size(self) -> int:
        """How many entries there are."""

    def hash_at(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree, as `accord.ledger` asks for it."""

    def page(self, after: int, limit: int) -> list[LogEntry]:
        """Entries from sequence `after` on, in order."""


class LogWriter(LogReader, Protocol):
    """As the reader, and the next entry."""

    def append(self, entry: LogEntry, nodes: list[tuple[int, int, bytes]]) -> None:
        """Insert the entry and the tree's nodes (level, index, hash) that it completes."""


def withheld(entry: LogEntry) -> WithheldEntry:
    """The entry as its leaf's hash alone."""
    return WithheldEntry(entry.seq, leaf_hash(leaf_data(entry.open, entry.sealed, entry.salt)))


def entries_since(log: LogReader, from_s: int) -> list[LogEntry]:
    """Entries from this time on, and some before: a clock may have been set back."""
    from_s -= SET_BACK_S
    low, high = 0, log.size()
    while low < high:
        middle = (low + high) // 2
        at_s = log.page(middle, 1)[0].open["at_s"]
        if isinstance(at_s, int) and at_s < from_s:
            low = middle + 1
        else:
            high = middle
    found: list[LogEntry] = []
    while page := log.page(low, PAGE_MAX):
        found += page
        low = page[-1].seq + 1
    return found


class LogPen:
    """Writes entries into the log of a unit of work.

    Args:
        key: signs checkpoints; origin: name of the log, `policies.<federation>`.
    """

    def __init__(self, key: SigningKey, origin: str) -> None:
        self._key = key
        self.origin = origin

    def enter(self, log: LogWriter, act: Act, now_s: int, salt: bytes) -> LogEntry:
        """Append one entry; the caller's unit commits it with the act."""
        seq = log.size()
        shown: dict[str, object] = {
            "act": act.name,
            "at_s": now_s,
            "log": self.origin,
            "seq": seq,
            **act.facts,
        }
        sealed: dict[str, object] = {"by": act.by, **({"about": act.about} if act.about else {})}
        leaf = leaf_hash(leaf_data(shown, sealed, salt))
        nodes = list(new_nodes(seq, leaf, log.hash_at))
        fresh = {(level, index): node for level, index, node in nodes}

        def hash_at(level: int, index: int) -> bytes:
            return fresh.get((level, index)) or log.hash_at(level, index)

        text = checkpoint_text(self.origin, seq + 1, root_at(seq + 1, hash_at))
        entry = LogEntry(seq, shown, sealed, salt, sign_checkpoint(text, self._key))
        log.append(entry, nodes)
        return entry
