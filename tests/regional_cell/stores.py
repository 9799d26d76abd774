"""Stores, residents and commands that the tests of a cell's log share."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from accord.clock import Clock, ManualClock
from regional_cell.adapters.local.keys import CellKeys
from regional_cell.adapters.local.sealer import LocalSealer
from regional_cell.adapters.memory.store import MemoryStore
from regional_cell.adapters.memory.views import MemoryViews
from regional_cell.adapters.sql.database import Database
from regional_cell.adapters.sql.log import SqlLog
from regional_cell.adapters.sql.schema_version import migrate
from regional_cell.adapters.sql.views import SqlViews
from regional_cell.domain.changes import Change, Require
from regional_cell.domain.decisions import Decide, Decided
from regional_cell.domain.events import KINDS, Draft, Event, Payload
from regional_cell.domain.state import State
from regional_cell.domain.views.apply import apply
from regional_cell.ports.log import Append, Log, ResidentRecord
from regional_cell.ports.views import Views

T1, T2, E1, P1 = "T000000000001", "T000000000002", "E000000000001", "P000000000001"
C1, C2 = "C000000000001", "C000000000002"
U1, U2 = "U000000000001", "U000000000002"
CELL_KEY = b"k" * 32
START_US = 1_700_000_000_000_000


@dataclass
class Store:
    """A log with its views, as a process holds them."""

    sealer: LocalSealer
    log: Log
    views: Views
    close: Callable[[], None]


def memory_store(folder: Path) -> Store:
    """In this process's memory; `folder` is not used."""
    sealer = LocalSealer(CellKeys(CELL_KEY))
    store = MemoryStore(sealer)
    return Store(sealer, store, MemoryViews(store), lambda: None)


def sql_url(folder: Path) -> str:
    """Where the tests' SQLite file is."""
    return f"sqlite:///{folder / 'cell.db'}"


def sql_store(folder: Path) -> Store:
    """In an SQLite file, migrated when it is new; opened again it is another process's view of the same
    store.
    """
    if not (folder / "cell.db").exists():
        migrate(sql_url(folder))
    sealer = LocalSealer(CellKeys(CELL_KEY))
    database = Database(sql_url(folder))
    return Store(sealer, SqlLog(database, sealer), SqlViews(database, sealer), database.close)


STORES: dict[str, Callable[[Path], Store]] = {"memory": memory_store, "sqlite": sql_store}


async def open_resident(store: Store, resident: str = T1, epoch: int = 1) -> ResidentRecord:
    """An empty log at epoch 1 with a key of its own."""
    key_id, wrapped = store.sealer.new_key(resident)
    record = ResidentRecord(
        resident, resident[0], epoch, "open", 0, 0, key_id, "de", ("de-staff",), ("pilot",)
    )
    await store.log.open(record, wrapped)
    return record


def message(text: str = "hello", channel: str = C1, user: str = U1, **more: object) -> Payload:
    """Payload of a MessagePosted."""
    payload: Payload = {
        "channel": channel, "user": user, "bot": "", "app": "", "text": text, "blocks": "", "attachments": "",
        "files": [], "thread_ts": 0, "broadcast": False, "subtype": "", "metadata": "", "client_msg_id": "",
        "username": "", "icons": "", "parent_user": "",
    }  # fmt: skip
    return {**payload, **more}


def post(
    text: str = "hello", channel: str = C1, user: str = U1, client_msg_id: str = "", **more: object
) -> Decide:
    """A command that posts one message."""
    payload = message(text, channel, user, client_msg_id=client_msg_id, **more)
    key = (user, client_msg_id) if client_msg_id else None

    def decide(state: State, first_us: int) -> Decided:
        return Decided((Draft("MessagePosted", payload, (channel,)),), client_msg_id=key)

    return decide


def one(
    kind: str, payload: Payload, *topics: str, structural: bool = False, requires: tuple[Require, ...] = ()
) -> Decide:
    """A command that decides one event whatever the state."""
    return lambda state, first_us: Decided((Draft(kind, payload, topics),), requires, structural=structural)


def channel_created(channel: str = C1, members: Iterable[str] = (U1, U2)) -> Payload:
    """Payload of a ChannelCreated."""
    return {
        "channel": channel, "kind": "public", "name": channel.lower(), "creator": U1,
        "members": list(members), "general": False, "topic": "", "purpose": "",
    }  # fmt: skip


class Writer:
    """Makes shares by hand, as the group-commit writer would."""

    def __init__(
        self, store: Store, resident: str = T1, epoch: int = 1, head: int = 0, at_us: int = START_US
    ) -> None:
        self.store, self.resident, self.epoch, self.head, self.at_us = store, resident, epoch, head, at_us
        self.counts: dict[str, int] = {}

    def share(
        self, kind: str, payload: Payload, *topics: str, requires: tuple[Require, ...] = (),
        client_msg_id: tuple[str, str] | None = None, changes: tuple[Change, ...] | None = None,
    ) -> Append:  # fmt: skip
        """The next event of the resident, as a share of its own."""
        self.head += 1
        self.at_us += 1
        numbered = []
        for topic in topics:
            self.counts[topic] = self.counts.get(topic, 0) + 1
            numbered.append((topic, self.counts[topic]))
        event = Event(
            self.resident,
            self.head,
            self.epoch,
            kind,
            KINDS[kind].schema,
            self.at_us,
            U1,
            payload,
            tuple(numbered),
        )
        its = tuple(apply(event)) if changes is None else changes
        sealed = self.store.sealer.seal_event(event)
        return Append(self.resident, self.epoch, (sealed,), its, requires, client_msg_id)

    def post(self, text: str = "hello", client_msg_id: str = "", **more: object) -> Append:
        """A message in C1."""
        payload = {**message(text, client_msg_id=client_msg_id), **more}
        return self.share(
            "MessagePosted",
            payload,
            C1,
            client_msg_id=(payload["user"], client_msg_id) if client_msg_id else None,
        )


class RunningClock(ManualClock):
    """A clock that moves one microsecond at each look."""

    def now_us(self) -> int:
        self.advance(0.000001)
        return super().now_us()


def clock() -> Clock:
    """A clock for one writer."""
    return RunningClock(START_US)


Wait = Callable[[], Awaitable[None]]
