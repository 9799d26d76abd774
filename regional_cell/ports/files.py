"""File bytes."""

from collections.abc import AsyncIterator
from typing import Protocol


class FileStore(Protocol):
    """File bytes, sealed under the resident's key, in a folder per resident, named by keyed hash."""

    async def write(
        self, resident: str, file: str, chunks: AsyncIterator[bytes], length: int
    ) -> tuple[str, bytes]:
        """Store exactly `length` bytes and sync them; gives (object key, SHA-256). InvalidError on another
        length.
        """

    def read(self, resident: str, object_key: str, offset: int, length: int | None) -> AsyncIterator[bytes]:
        """The opened bytes in chunks of at most 256 KiB. Raises IntegrityError, NotFoundError."""

    async def purge(self, resident: str, object_key: str) -> None:
        """Remove the bytes; nothing happens where there are none."""
