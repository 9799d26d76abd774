"""Bytes of the route journal: records chained by hash, each signed by the directory.

Record: length of the delta (4 bytes, big endian), `RouteDelta` bytes, key id (8 bytes), signature (64
bytes). What the signature covers is in `accord.routes`. The first record of a file begins the chain and is
a full snapshot.

Invariants
    1. What is inside the synced length is all there and proven, or the file is refused.
    2. Beyond it a torn record is dropped, and so is all that follows: it was never counted as applied.
"""

from collections.abc import Callable
from dataclasses import dataclass

from accord.routes import CHAIN_START, route_record_hash

DELTA_BYTES_MAX = 64 * 1024 * 1024
_TRAILER = 8 + 64


class JournalBrokenError(Exception):
    """The journal on disk cannot be trusted; the edge does not start from it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One signed delta: `key_id` 8 bytes, `signature` 64 bytes."""

    delta: bytes
    key_id: bytes
    signature: bytes

    def encode(self) -> bytes:
        return len(self.delta).to_bytes(4, "big") + self.delta + self.key_id + self.signature

    def hash_after(self, previous: bytes) -> bytes:
        return route_record_hash(previous, self.delta, self.signature)


@dataclass(frozen=True, slots=True)
class Journal:
    """Records in order, the hash of the last and the length that they fill."""

    records: tuple[Record, ...]
    last_hash: bytes
    length: int


def read_journal(data: bytes, synced: int | None, verify: Callable[[bytes, Record], bool]) -> Journal:
    """The records of a journal file.

    Args:
        data: the whole file.
        synced: bytes that were synced when last told; None: unknown, then only the last record may be torn.
        verify: whether a record is signed by the directory after the given hash.

    Raises:
        JournalBrokenError: a record inside that is torn or not signed, or a file shorter than what was
        synced.
    """
    if synced is not None and len(data) < synced:
        raise JournalBrokenError(f"the journal has {len(data)} bytes where {synced} were synced")
    records: list[Record] = []
    at, last = 0, CHAIN_START
    while at < len(data):
        record, end = _record_at(data, at)
        if record is None or not verify(last, record):
            torn = record is None if synced is None else at >= synced
            if torn:
                break
            raise JournalBrokenError(f"the record at byte {at} of the journal is broken")
        records.append(record)
        last = record.hash_after(last)
        at = end
    return Journal(tuple(records), last, at)


def _record_at(data: bytes, at: int) -> tuple[Record | None, int]:
    head = at + 4
    size = int.from_bytes(data[at:head], "big")
    end = head + size + _TRAILER
    if end > len(data) or size > DELTA_BYTES_MAX:
        return None, at
    body = head + size
    return Record(data[head:body], data[body : body + 8], data[body + 8 : end]), end
