"""Addresses of Unix sockets in a folder, however long the folder's own path is.

A kernel takes 108 bytes for such an address (macOS 104), the zero at the end among them. Where the path is
longer, Linux reaches the folder through a descriptor of this process.
"""

import errno
import os
import sys
from pathlib import Path

ADDRESS_BYTES_MAX = 107 if sys.platform == "linux" else 103


class SocketFolder:
    """One folder. Addresses are good for this process alone, until `close`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self._descriptor: int | None = None

    def address(self, name: str) -> str:
        """Where a socket of that file name is bound and reached; the folder exists.

        Raises:
            OSError: with the file's name: it is too long for this system.
        """
        address = str(self.path / name)
        if len(os.fsencode(address)) <= ADDRESS_BYTES_MAX:
            return address
        if sys.platform != "linux":
            raise OSError(errno.ENAMETOOLONG, f"more than {ADDRESS_BYTES_MAX} bytes for a socket", address)
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._descriptor}/{name}"

    def close(self) -> None:
        """Let go of the folder; sockets that are bound stay."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
