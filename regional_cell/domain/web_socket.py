"""WebSocket text frames as a server writes them (RFC 6455, unmasked), made once per event."""


def text_frame(payload: bytes) -> bytes:
    """One final text frame."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
