"""What clients of sockets may say, and the frames that answer them without being events."""

from typing import Any

import msgspec
import orjson

from regional_cell.domain.events import Event
from regional_cell.domain.web_socket import text_frame


class ClientFrame(msgspec.Struct):
    """What a client may say, as far as the kinds have members in common."""

    type: str = ""
    id: msgspec.Raw = msgspec.Raw()
    channel: str = ""
    text: str = ""
    thread_ts: str = ""
    client_msg_id: str = ""


def pong_frame(data: bytes) -> bytes:
    """The members of a ping come back; its id as `reply_to`."""
    try:
        said = orjson.loads(data)
    except orjson.JSONDecodeError:
        said = {}
    body = {name: value for name, value in said.items() if name not in ("type", "id")}
    return text_frame(orjson.dumps({"type": "pong", "reply_to": said.get("id"), **body}))


def reply_frame(event: Event, reply_to: str | None, client_msg_id: str) -> bytes:
    """What the sender's own socket gets instead of the event of its message.

    Args:
        reply_to: the frame's `id` as JSON text; None when it had none.
    """
    seconds, micros = divmod(event.at_us, 1_000_000)
    body: dict[str, Any] = {"ok": True}
    if reply_to is not None:
        body["reply_to"] = orjson.Fragment(reply_to)
    body |= {"ts": f"{seconds}.{micros:06d}", "text": event.payload.get("text", "")}
    if client_msg_id:
        body["client_msg_id"] = client_msg_id
    number = next((x_seq for topic, x_seq in event.topics if topic == event.payload.get("channel")), None)
    return text_frame(orjson.dumps(body | ({"x_seq": number} if number is not None else {})))
