"""WebSocket text frames as a server writes them (RFC 6455, unmasked), made once per event."""

from collections.abc import Iterable, Iterator


def text_frame(payload: bytes) -> bytes:
    """One final text frame."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def joined(frames: Iterable[bytes], bytes_max: int) -> Iterator[bytes]:
    """Finished frames, several as one of at most `bytes_max`; a longer one stands alone."""
    together: list[bytes] = []
    size = 0
    for frame in frames:
        if together and size + len(frame) > bytes_max:
            yield b"".join(together)
            together, size = [], 0
        together.append(frame)
        size += len(frame)
    if together:
        yield b"".join(together)
