"""The door of incoming webhooks: what comes to an address of one, and the answer in plain text.

The call's query names the bot and the secret; its body is the payload: a JSON object, whatever type it is
said to be, or one in the field `payload` of a form, or plain text, which is the message itself.

Invariants
    1. An answer is 200 `ok` only after the message is committed; every refusal has another status.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from accord.errors import ColinkError, InvalidError, Reason
from accord.wire.cell.v1 import gateway_pb2 as wire
from regional_cell.domain.commands.webhooks import digest_of
from regional_cell.domain.content import Raw
from regional_cell.domain.timestamps import parse_ts
from regional_cell.entrypoints.web_api.answers import retry_after_s
from regional_cell.entrypoints.web_api.arguments import json_object, json_value
from regional_cell.entrypoints.web_api.calls import ApiAnswer
from regional_cell.entrypoints.web_api.decoding import decode
from regional_cell.entrypoints.web_api.limits import RateLimits
from regional_cell.entrypoints.web_api.lost import LostAnswers, digest_of_parts
from regional_cell.services.webhooks import Webhooks

METHOD = "webhook"
TEXT_TYPE = "text/plain"
OK = b"ok"
_TYPE = ("content-type", "text/plain; charset=utf-8")

# What the API calls otherwise than this door.
_SHOWN: Mapping[str, tuple[int, str]] = {
    "not_in_channel": (403, "action_prohibited"),
    "restricted_action": (403, "action_prohibited"),
    "is_archived": (410, "channel_is_archived"),
    "invalid_blocks_format": (400, "invalid_blocks"),
    "account_inactive": (404, "no_active_hooks"),
    "invalid_auth": (404, "no_service"),
}


class WebhookDoor:
    """Posts what comes to the addresses of webhooks.

    Args:
        limits, lost: those of the web API.
    """

    def __init__(self, webhooks: Webhooks, limits: RateLimits, lost: LostAnswers) -> None:
        self._webhooks, self._limits, self._lost = webhooks, limits, lost

    async def open(self, call: wire.Call, body: bytes) -> ApiAnswer:
        """Post the payload. Raises ColinkErrors, for `refusal`."""
        said = {name: values[0] for name, values in parse_qs(call.query.decode("ascii", "replace")).items()}
        bot, secret = said.get("bot", ""), said.get("secret", "")
        state, row = await self._webhooks.find(call.resident, bot, secret)
        webhook = digest_of(secret)
        self._limits.hit(METHOD, "webhook", call.resident, webhook, first_party=False)
        digest = digest_of_parts(METHOD, webhook, call.content_type, b"", body)
        if self._lost.take(digest) is None:
            raw, thread_ts = content_of(payload_of(call.content_type, body))
            await self._webhooks.post(state, row, raw, thread_ts, call.epoch or None)
        self._lost.keep(digest, OK)
        return ApiAnswer(200, [_TYPE], OK, digest)


def payload_of(content_type: str, body: bytes) -> dict[str, Any]:
    """The payload in a body. Raises InvalidError `invalid_payload`."""
    try:
        if body.lstrip()[:1] == b"{":
            return json_object(body.decode())
        if content_type.partition(";")[0].strip().lower() == TEXT_TYPE and body:
            return {"text": body.decode()}
        return json_object(decode(content_type, b"", body)["payload"])
    except (ValueError, KeyError, InvalidError):
        raise _malformed() from None


def content_of(payload: Mapping[str, Any]) -> tuple[Raw, int | None]:
    """What it says, and the message that it answers. Raises InvalidError."""
    text, thread = payload.get("text"), payload.get("thread_ts")
    if not isinstance(text, str | None):
        raise _malformed()
    thread_ts = None if thread is None else parse_ts(str(thread))
    if thread is not None and thread_ts is None:
        raise InvalidError(api="invalid_thread_ts", field="thread_ts", why="no timestamp")
    parts = {name: _json(payload.get(name), name) for name in ("blocks", "attachments", "metadata")}
    return Raw(text, None, **parts), thread_ts


def refusal(error: ColinkError) -> ApiAnswer:
    """An error as this door says it."""
    status, text = _SHOWN.get(error.api, (error.rule.http_status, error.api))
    shown = [_TYPE]
    if error.reason is Reason.RATE_LIMITED or status == 503:
        shown.append(("retry-after", str(retry_after_s(error))))
    return ApiAnswer(status, shown, text.encode(), refused=error)


def _json(value: Any, name: str) -> Any:
    """A value, or the JSON text of one."""
    if not isinstance(value, str):
        return value
    try:
        return json_value(value)
    except ValueError:
        raise InvalidError(api=f"invalid_{name}", field=name, why="no JSON") from None


def _malformed() -> InvalidError:
    return InvalidError(api="invalid_payload", field="payload", why="not to be read")
