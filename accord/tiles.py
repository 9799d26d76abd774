"""Where the tree of a ledger rests: static files of 256 hashes or entries each (C2SP tlog-tiles, height 8).

Invariants
    1. A full tile never changes; a partial one (`.p/<width>`) is only ever followed by a wider one.
    2. Tile (level, n) holds the tree's hashes of level 8 * level, indexes 256 * n and up.
"""

from collections.abc import Callable, Iterator, Sequence

from accord.errors import InvalidError
from accord.ledger import HashAt, root_of

HEIGHT = 8
WIDTH = 1 << HEIGHT
ENTRY_BYTES_MAX = 2**16 - 1


def tile_path(level: int, n: int, width: int = WIDTH) -> str:
    """`tile/<level>/<n>[.p/<width>]`, n in groups of three digits (`x001/x234/067`)."""
    return f"tile/{level}/{_number(n)}{_partial(width)}"


def entries_path(n: int, width: int = WIDTH) -> str:
    """`tile/entries/<n>[.p/<width>]`."""
    return f"tile/entries/{_number(n)}{_partial(width)}"


def tiles_between(old: int, new: int) -> Iterator[tuple[int, int, int]]:
    """The tiles (level, n, width) to write when the tree grows from `old` to `new` leaves.

    The entry bundles to write are those of level 0.
    """
    level = 0
    while new >> (HEIGHT * level):
        before, after = old >> (HEIGHT * level), new >> (HEIGHT * level)
        if before < after:
            for n in range(before // WIDTH, (after + WIDTH - 1) // WIDTH):
                yield level, n, min(WIDTH, after - n * WIDTH)
        level += 1


def tile_bytes(level: int, n: int, width: int, hash_at: HashAt) -> bytes:
    """`width` hashes of 32 bytes."""
    return b"".join(hash_at(HEIGHT * level, n * WIDTH + place) for place in range(width))


def entry_bundle(entries: Sequence[bytes]) -> bytes:
    """Each entry (the leaf data) after its length in 2 bytes, big endian."""
    if not 1 <= len(entries) <= WIDTH or any(len(entry) > ENTRY_BYTES_MAX for entry in entries):
        raise ValueError("a bundle has 1 to 256 entries of less than 64 KiB")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def parse_entry_bundle(data: bytes, width: int) -> list[bytes]:
    """The entries.

    Raises:
        InvalidError: not exactly `width` entries.
    """
    entries: list[bytes] = []
    place = 0
    while place < len(data) and len(entries) < width:
        length = int.from_bytes(data[place : place + 2], "big")
        entry = data[place + 2 : place + 2 + length]
        if len(data) < place + 2 or len(entry) != length:
            raise InvalidError(field="entries", why="cut off")
        entries.append(entry)
        place += 2 + length
    if len(entries) != width or place != len(data):
        raise InvalidError(field="entries", why="not as many as the tile is wide")
    return entries


def tile_reader(read: Callable[[str], bytes], size: int) -> HashAt:
    """`hash_at` of a tree of `size` leaves over its tile files; each file is read once.

    Raises (when read):
        InvalidError: outside the tree, or a tile of another length than its path says.
    """
    kept: dict[tuple[int, int], bytes] = {}

    def tile(level: int, n: int) -> bytes:
        if (level, n) not in kept:
            width = min(WIDTH, (size >> (HEIGHT * level)) - n * WIDTH)
            data = read(tile_path(level, n, width))
            if len(data) != 32 * width:
                raise InvalidError(field="tile", why="length")
            kept[level, n] = data
        return kept[level, n]

    def hash_at(level: int, index: int) -> bytes:
        if level < 0 or index < 0 or (index + 1) << level > size:
            raise InvalidError(field="node", why="outside the tree")
        row, rest = divmod(level, HEIGHT)
        n, place = divmod(index << rest, WIDTH)
        data = tile(row, n)
        return root_of([data[32 * i : 32 * i + 32] for i in range(place, place + (1 << rest))])

    return hash_at


def _number(n: int) -> str:
    groups = [f"{n % 1000:03d}"]
    while n := n // 1000:
        groups.append(f"x{n % 1000:03d}")
    return "/".join(reversed(groups))


def _partial(width: int) -> str:
    if not 1 <= width <= WIDTH:
        raise ValueError("a tile is 1 to 256 wide")
    return "" if width == WIDTH else f".p/{width}"
