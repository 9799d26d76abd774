"""Makes again what a power cut took of a ledger's tiles. Nobody syncs them: the lines of the book, which are
synced, say all that they hold.

Such a cut leaves a file shorter than it was, or none. Other harm is not for the cell to mend: an auditor
finds it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from accord.ledger import leaf_hash, root_of
from accord.tiles import WIDTH, entries_path, entry_bundle, tile_path, tiles_between

HASH_BYTES = 32
# Leaf data is two hashes; a bundle has its length in two bytes before it.
ENTRY_BYTES = 2 + 2 * HASH_BYTES


def mend_tiles(
    folder: Path, size: int, leaves_of: Callable[[int], Sequence[bytes]], put: Callable[[str, bytes], None]
) -> None:
    """Write those tiles of a tree of `size` leaves that are not as long as they are wide.

    Args:
        leaves_of: leaf data of the entries 256 n to 256 n + 255, as far as there are any.
        put: writes a file of the folder in one step.
    """
    for level, n, width in tiles_between(0, size):
        name = tile_path(level, n, width)
        if level:
            if not _is_long(folder / name, HASH_BYTES * width):
                below = [tile_path(level - 1, n * WIDTH + place) for place in range(width)]
                put(name, b"".join(root_of(_hashes(folder / tile)) for tile in below))
            continue
        bundle = entries_path(n, width)
        if _is_long(folder / name, HASH_BYTES * width) and _is_long(folder / bundle, ENTRY_BYTES * width):
            continue
        leaves = leaves_of(n)[:width]
        put(name, b"".join(map(leaf_hash, leaves)))
        put(bundle, entry_bundle(leaves))


def _is_long(path: Path, length: int) -> bool:
    return path.is_file() and path.stat().st_size == length


def _hashes(path: Path) -> list[bytes]:
    data = path.read_bytes()
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]
