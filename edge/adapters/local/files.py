"""What the edge keeps on disk: the route journal with its head and epochs, and the policy bundle.

    routes/journal    records as `domain.journal` reads them
    routes/head       length that was synced, as canonical JSON; its time is when the directory was last heard
    routes/epochs     lines `resident epoch`: highest epochs that the journal itself may not show
    bundle/bundle     the signed bundle: one line of canonical JSON, then its bytes
    bundle/orders     the signed orders, in the same form

Invariants
    1. A method that returned has synced: the file, and where a name changed the folder.
    2. A file is replaced by a whole one or not at all (written aside, synced, renamed).
"""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

from accord.encoding import b64url, canonical_json, parse_canonical, unb64url
from accord.errors import InvalidError
from edge.ports import SignedBundle, SignedOrders, StoredJournal


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file, synced with its folder."""
    aside = path.with_name(path.name + ".new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Sync the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def append_synced(path: Path, data: bytes) -> int:
    """Add to a file; returns its length once synced."""
    with path.open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


class JournalFiles:
    """Keeps the promises of `ports.JournalStore` in a folder. `wall_s` gives unix seconds."""

    def __init__(self, folder: Path, wall_s: Callable[[], float] = time.time) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._journal, self._head, self._epochs = folder / "journal", folder / "head", folder / "epochs"
        self._wall_s = wall_s
        self._lock = asyncio.Lock()

    def read(self) -> StoredJournal | None:
        if not self._journal.exists():
            return None
        synced: int | None = None
        age_s = self._wall_s() - self._journal.stat().st_mtime
        if self._head.exists():
            try:
                head = parse_canonical(self._head.read_bytes(), 256)
            except InvalidError:
                head = None
            if isinstance(head, dict) and isinstance(head.get("length"), int):
                synced = head["length"]
            age_s = self._wall_s() - self._head.stat().st_mtime
        return StoredJournal(self._journal.read_bytes(), synced, max(0.0, age_s), self._read_epochs())

    def _read_epochs(self) -> dict[str, int]:
        epochs: dict[str, int] = {}
        if self._epochs.exists():
            for line in self._epochs.read_text("ascii", errors="replace").splitlines():
                resident, _, number = line.partition(" ")
                if number.isdigit():
                    epochs[resident] = max(int(number), epochs.get(resident, 0))
        return epochs

    def truncate(self, length: int) -> None:
        with self._journal.open("r+b") as file:
            file.truncate(length)
            os.fsync(file.fileno())

    async def append(self, record: bytes) -> None:
        async with self._lock:
            await asyncio.to_thread(self._append, record)

    def _append(self, record: bytes) -> None:
        self._write_head(append_synced(self._journal, record))

    def _write_head(self, length: int) -> None:
        write_whole(self._head, canonical_json({"length": length}))

    async def begin(self, record: bytes, epochs: dict[str, int]) -> None:
        async with self._lock:
            await asyncio.to_thread(self._begin, record, epochs)

    def _begin(self, record: bytes, epochs: dict[str, int]) -> None:
        lines = "".join(f"{resident} {epoch}\n" for resident, epoch in sorted(epochs.items()))
        write_whole(self._epochs, lines.encode("ascii"))
        # Without a head a whole journal is proven all the same; with the old one it would be refused as too
        # short.
        self._head.unlink(missing_ok=True)
        sync_folder(self._head.parent)
        write_whole(self._journal, record)
        self._write_head(len(record))

    async def heard(self) -> None:
        async with self._lock:
            if self._head.exists():
                await asyncio.to_thread(os.utime, self._head)

    async def keep_epoch(self, resident: str, epoch: int) -> None:
        async with self._lock:
            await asyncio.to_thread(append_synced, self._epochs, f"{resident} {epoch}\n".encode("ascii"))


class BundleFile:
    """Keeps the promises of `ports.BundleStore` in a folder."""

    def __init__(self, folder: Path, wall_s: Callable[[], float] = time.time) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file, self._orders = folder / "bundle", folder / "orders"
        self._wall_s = wall_s

    def read(self) -> tuple[SignedBundle, float] | None:
        """A file that cannot be read as one is none: its signature decides about the rest."""
        found = _read_signed(self._file)
        if found is None:
            return None
        version, body, key_id, signature = found
        signed = SignedBundle(version, body, key_id, signature)
        return signed, max(0.0, self._wall_s() - self._file.stat().st_mtime)

    async def write(self, bundle: SignedBundle) -> None:
        data = _signed_bytes(bundle.version, bundle.bundle, bundle.key_id, bundle.signature)
        await asyncio.to_thread(write_whole, self._file, data)

    def read_orders(self) -> SignedOrders | None:
        found = _read_signed(self._orders)
        return None if found is None else SignedOrders(*found)

    async def write_orders(self, orders: SignedOrders) -> None:
        data = _signed_bytes(orders.version, orders.orders, orders.key_id, orders.signature)
        await asyncio.to_thread(write_whole, self._orders, data)

    async def heard(self) -> None:
        if self._file.exists():
            await asyncio.to_thread(os.utime, self._file)


def _signed_bytes(version: int, body: bytes, key_id: str, signature: bytes) -> bytes:
    head = canonical_json({"key_id": key_id, "signature": b64url(signature), "version": version})
    return head + b"\n" + body


def _read_signed(path: Path) -> tuple[int, bytes, str, bytes] | None:
    if not path.exists():
        return None
    head, _, body = path.read_bytes().partition(b"\n")
    try:
        fields = parse_canonical(head, 1024)
        if not isinstance(fields, dict):
            return None
        return int(fields["version"]), body, str(fields["key_id"]), unb64url(str(fields["signature"]))
    except (InvalidError, KeyError, ValueError, TypeError):
        return None
