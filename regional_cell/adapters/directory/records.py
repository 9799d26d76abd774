"""What the cell keeps of the directory on disk, so that it starts and serves with the directory away.

    routes/records    records as received: length (4 bytes), WatchResponse; the first one begins a chain
    routes/bundle     the newest SignedBundle
    routes/orders     the newest SignedOrders

Invariants
    1. What is read back is proven again: signatures, chain and order; a torn last record is dropped,
       anything else that
       does not prove stops the reading there, and what was proven before it stands.
    2. A method that returned has synced.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.message import DecodeError

from accord.wire.directory.v1 import directory_pb2 as wire

RECORDS_BYTES_MAX = 64 * 1024 * 1024


class RecordFiles:
    """The files, in a folder of this process alone."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._records, self._bundle = folder / "records", folder / "bundle"
        self._orders = folder / "orders"

    def records(self) -> Iterator[wire.WatchResponse]:
        """Kept records in order, unproven."""
        data = self._records.read_bytes() if self._records.exists() else b""
        at = 0
        while at + 4 <= len(data):
            size = int.from_bytes(data[at : at + 4], "big")
            body = data[at + 4 : at + 4 + size]
            if len(body) < size:
                return
            try:
                yield wire.WatchResponse.FromString(body)
            except DecodeError:
                return
            at += 4 + size

    def begin(self, record: wire.WatchResponse) -> None:
        """Start anew with a record that begins a chain."""
        self._replace(self._records, _framed(record))

    def append(self, record: wire.WatchResponse) -> int:
        """Add a delta; the file's length."""
        with self._records.open("ab") as file:
            file.write(_framed(record))
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def bundle(self) -> tuple[wire.SignedBundle, float] | None:
        """The kept bundle, unproven, and when it was last confirmed (unix seconds)."""
        try:
            at_s = self._bundle.stat().st_mtime
            return wire.SignedBundle.FromString(self._bundle.read_bytes()), at_s
        except (FileNotFoundError, DecodeError):
            return None

    def keep_bundle(self, bundle: wire.SignedBundle) -> None:
        """Replace the kept bundle."""
        self._replace(self._bundle, bundle.SerializeToString())

    def orders(self) -> wire.SignedOrders | None:
        """The kept orders, unproven."""
        try:
            return wire.SignedOrders.FromString(self._orders.read_bytes())
        except (FileNotFoundError, DecodeError):
            return None

    def keep_orders(self, orders: wire.SignedOrders) -> None:
        """Replace the kept orders."""
        self._replace(self._orders, orders.SerializeToString())

    def confirm_bundle(self) -> None:
        """The directory named it as the active one just now."""
        if self._bundle.exists():
            os.utime(self._bundle)

    def _replace(self, path: Path, data: bytes) -> None:
        aside = path.with_name(path.name + ".new")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _framed(record: wire.WatchResponse) -> bytes:
    body = record.SerializeToString()
    return len(body).to_bytes(4, "big") + body
