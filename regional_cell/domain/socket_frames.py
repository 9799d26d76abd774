"""What clients of sockets may say, and the frames that answer them without being events."""

from collections.abc import Sequence
from typing import Any

import msgspec
import orjson

from accord.errors import InvalidError
from regional_cell.domain.events import Event
from regional_cell.domain.timestamps import format_ts
from regional_cell.domain.web_socket import text_frame

KINDS = frozenset({"message", "typing", "ping", "tickle", "presence_sub", "presence_query"})
"""What `type` a client's frame may have."""

_json = orjson.dumps


class ClientFrame(msgspec.Struct):
    """What a client may say, as far as the kinds have members in common."""

    type: str = ""
    id: msgspec.Raw = msgspec.Raw()
    channel: str = ""
    text: str = ""
    thread_ts: str = ""
    client_msg_id: str = ""
    ids: list[str] = []


_decoder = msgspec.json.Decoder(ClientFrame)


def read_frame(data: bytes) -> tuple[ClientFrame, str | None]:
    """What a client says, and the JSON text of its `id`, if it has one.

    Raises:
        InvalidError: no JSON object, or a member of another type; `data` may be anything.
    """
    try:
        # Members that are skipped are not looked into by the decoder, and some of them are sent back.
        data.decode()
        frame = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidError(field="frame", why="not a JSON object of known members") from None
    return frame, bytes(frame.id).decode() if len(frame.id) else None


def pong_frame(data: bytes, reply_to: str | None) -> bytes:
    """The members of a ping come back, its id as `reply_to`; of one too strange to be sent, the id."""
    try:
        said = orjson.loads(data)
        said = {name: value for name, value in said.items() if name not in ("type", "id", "reply_to")}
        return text_frame(orjson.dumps({"type": "pong", "reply_to": _fragment(reply_to), **said}))
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return text_frame(orjson.dumps({"type": "pong", "reply_to": _fragment(reply_to)}))


def _fragment(text: str | None) -> orjson.Fragment | None:
    return None if text is None else orjson.Fragment(text)


def reply_frame(event: Event, reply_to: str | None, client_msg_id: str) -> bytes:
    """What the sender's own socket gets instead of the event of its message.

    Args:
        reply_to: the frame's `id` as JSON text; None when it had none.
    """
    parts = [b'{"ok":true']
    if reply_to is not None:
        parts.append(b',"reply_to":' + reply_to.encode())
    parts.append(
        b',"ts":"%b","text":%b' % (format_ts(event.at_us).encode(), _json(event.payload.get("text", "")))
    )
    if client_msg_id:
        parts.append(b',"client_msg_id":' + _json(client_msg_id))
    channel = event.payload.get("channel")
    for topic, x_seq in event.topics:
        if topic == channel:
            parts.append(b',"x_seq":%d' % x_seq)
            break
    parts.append(b"}")
    return text_frame(b"".join(parts))


def presence_frame(presence: str, users: Sequence[str], *, batched: bool) -> bytes:
    """Users who are now `active` or `away`; exactly one unless `batched`."""
    named: dict[str, Any] = {"users": list(users)} if batched else {"user": users[0]}
    return text_frame(orjson.dumps({"type": "presence_change", "presence": presence, **named}))


def manual_presence_frame(presence: str) -> bytes:
    """What the own sockets of a user hear when they said that they are away, or not any more."""
    return text_frame(orjson.dumps({"type": "manual_presence_change", "presence": presence}))


def error_frame(reply_to: str | None, code: int, text: str) -> bytes:
    """What was said could not be done, or nobody knows (`fatal_error`); `code` is that of the protocol."""
    body: dict[str, Any] = {"ok": False} | ({"reply_to": orjson.Fragment(reply_to)} if reply_to else {})
    return text_frame(orjson.dumps({**body, "error": {"code": code, "msg": text}}))
