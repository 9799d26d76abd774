"""The residents' logs: appending under the fence, reading, sealing, and waking the other processes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from regional_cell.domain.changes import Change, Key, Require
from regional_cell.domain.events import Event, SealedEvent


class ResidentRecord(msgspec.Struct, frozen=True, gc=False):
    """The row that fences a resident: its epoch, life cycle (open, frozen, moved, closed), head and clock."""

    resident: str
    kind: str
    epoch: int
    state: str
    head: int
    clock_us: int
    key_id: str
    establishment: str
    subjects: tuple[str, ...]
    tags: tuple[str, ...]


class Append(msgspec.Struct, frozen=True, gc=False):
    """One command's share of a batch. Sequences of `events` follow each other and the resident's share
    before it.

    `changes` are those of all `events`, in order, with `content` values still open: the store seals them.
    """

    resident: str
    epoch: int
    events: tuple[SealedEvent, ...]
    changes: tuple[Change, ...]
    requires: tuple[Require, ...]
    client_msg_id: tuple[str, str] | None


class Written(msgspec.Struct, frozen=True, gc=False):
    """This share is synced."""


class Duplicate(msgspec.Struct, frozen=True, gc=False):
    """The same (author, client_msg_id) stands at this sequence already; nothing was written for this
    share.
    """

    sequence: int


class Behind(msgspec.Struct, frozen=True, gc=False):
    """The fence did not let the share pass: head, epoch or life cycle differ. Read why, then decide again or
    refuse.
    """


class Unmet(msgspec.Struct, frozen=True, gc=False):
    """`require` of this share did not hold; or, when it is None, a share before it in the batch failed.
    Decide again.
    """

    require: Require | None = None


class Unfit(msgspec.Struct, frozen=True, gc=False):
    """No store can hold this share (a value of a wrong type, a key twice). Never tried again; `why` has no
    content.
    """

    why: str


Outcome = Written | Duplicate | Behind | Unmet | Unfit


class Log(Protocol):
    """The residents' logs and, in the same transactions, their views."""

    async def open(self, record: ResidentRecord, wrapped_key: bytes) -> None:
        """Create an empty log with its wrapped data key. ConflictError when the resident exists with another
        epoch.
        """

    async def record(self, resident: str) -> ResidentRecord | None:
        """The fencing row, read from the primary."""

    async def append(self, shares: Sequence[Append]) -> list[Outcome]:
        """Write the shares in one transaction and sync it, then say what became of each, in order.

        Residents stand alone: a share that fails takes the later shares of its resident with it (Unmet or
        Behind), never those of others. For each resident one fenced update moves head and clock by what
        passed.
        """

    async def read(self, resident: str, after: int, limit: int) -> list[SealedEvent]:
        """Entries with sequence > after, rising, at most limit."""

    async def entries(self, resident: str, sequences: Sequence[int]) -> dict[int, SealedEvent]:
        """Chosen entries by sequence; unknown ones are missing from the answer."""

    async def residents(self) -> list[ResidentRecord]:
        """All residents of this cell."""


class Doorbell(Protocol):
    """Tells every process of the cell that a resident's log grew. A lost ring costs time, never an event."""

    def ring(self, resident: str, head: int) -> None:
        """Tell the listeners of this process and of the others. Does not wait and never fails."""

    def listen(self, hear: Callable[[str, int], None]) -> None:
        """Call `hear(resident, head)` on the event loop for every ring, one's own included."""


class Sealer(Protocol):
    """Seals with the resident's data key; the key is unwrapped once per process and resident. Does not wait.

    Stores admit the keys of residents that they read; a resident whose key was not admitted raises
    KeyUnavailableError.
    """

    def new_key(self, resident: str) -> tuple[str, bytes]:
        """Draw a data key, use it from now on, and give its id and wrapped form for `Log.open`."""

    def admit(self, resident: str, key_id: str, wrapped: bytes, *, current: bool = True) -> None:
        """Unwrap a stored key and hold it; the `current` one seals. Raises IntegrityError."""

    def holds(self, resident: str) -> bool:
        """Whether the resident's key was admitted."""

    def seal_event(self, event: Event) -> SealedEvent:
        """Add a salt, encode the payload canonically, seal it bound to resident, sequence and kind, and
        commit to it.
        """

    def open_event(self, sealed: SealedEvent) -> Event:
        """Raises IntegrityError when the bytes are not those sealed for this place in the log."""

    def seal_content(self, resident: str, view: str, key: Key, content: Mapping[str, Any]) -> bytes:
        """Seal a `content` column bound to its row."""

    def open_content(self, resident: str, view: str, key: Key, sealed: bytes) -> dict[str, Any]:
        """The inverse of `seal_content`. Raises IntegrityError."""


class DataKeys(Protocol):
    """Makes data keys of residents, wrapped by the cell's own key. Does not wait."""

    def new_key(self, resident: str) -> tuple[str, bytes]:
        """(key id, wrapped key) for a log that is to be opened."""
