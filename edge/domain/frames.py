"""Frames from the edge's own hand: WebSocket text and close frames as a server writes them (RFC 6455,
unmasked).
"""

TEXT, CLOSE = 0x81, 0x88

# 1000 to 1013 of RFC 6455 and the registry; 4000 and more are ours.
CLOSE_GOING_AWAY = 1001
CLOSE_PROTOCOL = 1002
CLOSE_UNSUPPORTED = 1003
CLOSE_POLICY = 1008
CLOSE_TOO_BIG = 1009
CLOSE_RESTART = 1012
CLOSE_SLOW = 4008


def frame(opcode: int, payload: bytes) -> bytes:
    """One final, unmasked frame."""
    size = len(payload)
    if size < 126:
        return bytes((opcode, size)) + payload
    if size < 65_536:
        return bytes((opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((opcode, 127)) + size.to_bytes(8, "big") + payload


def text_frame(payload: bytes) -> bytes:
    """One text frame."""
    return frame(TEXT, payload)


def send_refused_frame(reply_to: bytes) -> bytes:
    """The reply to a message that this edge did not forward; `reply_to`: its `id` as JSON text, or empty."""
    named = b'"reply_to":%b,' % reply_to if reply_to else b""
    return text_frame(b'{"ok":false,%b"error":{"code":4,"msg":"ratelimited"}}' % named)


def goodbye_frame(retry_ms: int) -> bytes:
    """What stands before a planned close: come back no earlier than in `retry_ms`."""
    return text_frame(b'{"type":"goodbye","x_retry_ms":%d}' % retry_ms)


def close_frame(code: int, reason: str = "") -> bytes:
    """`reason` is cut at 123 bytes, the limit of a control frame, between characters."""
    text = reason.encode()[:123].decode(errors="ignore").encode()
    return frame(CLOSE, code.to_bytes(2, "big") + text)
