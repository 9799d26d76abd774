"""Data keys as they rest, and the keys of the cell that they rest under."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol


class WrappedKey(NamedTuple):
    """A resident's data key, wrapped by a key of the cell."""

    resident: str
    key_id: str
    wrapped: bytes


class DataKeyStore(Protocol):
    """All data keys of this cell."""

    async def page(self, after: tuple[str, str], most: int) -> list[WrappedKey]:
        """Keys behind (resident, key id), in that order."""

    async def exchange(self, fresh: Sequence[tuple[WrappedKey, bytes]]) -> int:
        """Put other bytes in the place of those that are named, synced; how many were still those."""

    async def add(self, key: WrappedKey) -> None:
        """Keep one more key of a resident, synced. Its current one is named by its log."""


class CellKeyring(Protocol):
    """The keys of the cell. Does not wait."""

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Ids of the keys, the one in use first."""

    def wrapped_under(self, resident: str, key_id: str, wrapped: bytes) -> str:
        """Id of the key under which a data key rests. Raises IntegrityError."""

    def wrap_again(self, resident: str, key_id: str, wrapped: bytes) -> bytes | None:
        """The data key under the key in use; None when it rests under that. Raises IntegrityError."""


class DataKeySource(Protocol):
    """Draws data keys. Does not wait."""

    def draw(self, resident: str) -> tuple[str, bytes]:
        """(key id, wrapped key) of a key that nothing is sealed under yet."""

    def forget(self, resident: str) -> None:
        """Look up the current key anew before the next thing is sealed."""


class SigningStatus(NamedTuple):
    """A key that signs or signed for this cell: what its files and the ring of the directory say.

    Attributes:
        held: its seed is here; signs: it is the one in use.
        state: in the ring, empty when it is not there, and so are the times.
    """

    key_id: str
    public: bytes
    held: bool
    signs: bool
    state: str
    purposes: tuple[str, ...]
    not_before_s: int
    not_after_s: int


class SealingStatus(NamedTuple):
    """A key of the cell, and how many data keys rest under it."""

    key_id: str
    wraps: bool
    data_keys: int


class KeyStatus(NamedTuple):
    """All keys of this process. `lost`: residents that have a data key which no key of the cell opens."""

    signing: tuple[SigningStatus, ...]
    sealing: tuple[SealingStatus, ...]
    lost: tuple[str, ...]


class Progress(NamedTuple):
    """How far a walk over all keys is: looked at, changed, and what could not be (ids, with a reason)."""

    done: int
    changed: int
    failed: Mapping[str, str]
