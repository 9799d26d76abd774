"""Readers of a cell: what clients, edges, other cells and its own disks give it."""

import itertools
import json
from datetime import date
from typing import Any

from google.protobuf.message import DecodeError

from accord.encoding import canonical_json
from accord.errors import ConflictError, ForbiddenError, InvalidError
from accord.wire.cell.v1 import channel_pb2 as wire
from regional_cell.domain import (
    content,
    search_exchange,
    search_query,
    socket_frames,
    text,
    timestamps,
    transfers,
)
from regional_cell.domain.commands import channels, reactions, users
from regional_cell.entrypoints.gateway import doors, webhooks
from regional_cell.entrypoints.web_api import arguments, decoding
from regional_cell.services.messages.posting import check_client_key
from tests.fuzz.federation import text as any_text
from tests.support.fuzzing import Target

NUMBERS = itertools.count()
TODAY = date(2027, 1, 15)
QUERY = search_query.parse('from:@ann -"two words" report* before:2027-01-02 has:link', TODAY, 3_600)
LEG: dict[str, Any] = {
    "transfer_id": "t",
    "leg": "query",
    "op": "process",
    "classes": ["message_body"],
    "items": 1,
    "bytes": 9,
    "payload_root": b"r" * 32,
    "transfer_salt": b"s" * 32,
    "purpose": "search",
    "bundle_version": 1,
}
BLOCKS = [
    {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "*a*"},
        "fields": [{"type": "plain_text", "text": "b"}],
    },
    {
        "type": "actions",
        "elements": [{"type": "button", "text": {"type": "plain_text", "text": "c"}, "value": "d"}],
    },
    {"type": "context", "elements": [{"type": "image", "image_url": "https://x.example/y", "alt_text": "e"}]},
    {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "f"}]}],
    },
    {"type": "divider", "block_id": "g"},
]
ATTACHMENTS = [
    {"color": "#fff", "title": "a", "fields": [{"title": "b", "value": "c"}], "blocks": BLOCKS[:1]}
]
FRAME = {"type": "message", "id": 1, "channel": "C1", "text": "hi", "thread_ts": "1.2", "ids": ["U1"]}
MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nhello\r\n'
    b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nbytes\r\n--x--\r\n'
)


def decoded(kind: str, data: bytes) -> object:
    """Arguments in a body of this content type; in a query where there is none."""
    return decoding.decode(kind, b"", data) if kind else decoding.decode("", data, b"")


def decoded_kind(data: bytes) -> object:
    """A content type, and a body behind a zero byte."""
    kind, _, body = data.partition(b"\0")
    return decoding.decode(kind.decode("latin-1"), b"", body or b"x")


def argued(data: bytes) -> object:
    """One text through every decoder of arguments."""
    value, refused = any_text(data), 0
    decoders = (
        arguments.word,
        arguments.flag,
        arguments.number,
        arguments.moment,
        arguments.bound,
        arguments.listed,
        arguments.json_value,
        arguments.json_object,
    )
    for decoder in decoders:
        try:
            decoder(value)
        except ValueError:
            refused += 1
    if refused == len(decoders):
        raise InvalidError(field="argument", why="none of them")
    return refused


def composed(data: bytes) -> object:
    """The content of a message, from the JSON of its parts."""
    parts = arguments.json_object(data.decode())
    names = ("text", "markdown", "blocks", "attachments", "metadata")
    if any(not isinstance(parts.get(name, ""), str) for name in names[:2]):
        raise InvalidError(field="text", why="no text")
    raw = content.Raw(**{name: parts.get(name) for name in names})
    return content.compose(raw, first_party=len(data) % 2 == 0, draw_id=lambda: f"b{next(NUMBERS)}")


def prepared(data: bytes) -> object:
    """mrkdwn: what is stored, told again, is stored alike."""
    source = data.decode("utf-8", "replace")[: text.CHARS_MAX]
    once = text.prepare(source, lambda name: f"<#C00000000000A|{name[1:]}>")
    assert text.prepare(once) == once
    assert len(text.truncate(once)) <= text.CHARS_MAX
    text.plain(once)
    return once


def marked_down(data: bytes) -> object:
    """Markdown to mrkdwn."""
    return text.from_markdown(data.decode("utf-8", "replace")[: text.MARKDOWN_CHARS_MAX])


def searched(data: bytes) -> object:
    """A query, to another cell and back."""
    query = search_query.parse(any_text(data), TODAY, -3_600)
    try:
        sent = canonical_json(query.to_fields())
    except InvalidError:
        return query
    assert search_exchange.read_query(sent) == query
    return query


def headed(data: bytes) -> object:
    """The header of a leg, as the wire gives it."""
    try:
        leg = wire.Leg.FromString(data)
    except DecodeError:
        raise InvalidError(field="message", why="not to be read") from None
    return transfers.header_of({field.name: getattr(leg, field.name) for field in leg.DESCRIPTOR.fields})


def framed(data: bytes) -> object:
    """A frame of a client, and what it would be answered with."""
    frame, reply_to = socket_frames.read_frame(data)
    return frame, socket_frames.pong_frame(data, reply_to), socket_frames.error_frame(reply_to, 1, "x")


def hooked(data: bytes) -> object:
    """The body of a webhook; its content type before a zero byte."""
    kind, _, body = data.partition(b"\0")
    raw, _ = webhooks.content_of(webhooks.payload_of(kind.decode("latin-1"), body))
    return content.compose(raw, first_party=False, draw_id=lambda: f"b{next(NUMBERS)}")


def profiled(data: bytes) -> object:
    """Fields of a profile."""
    return users.check_fields(arguments.json_object(data.decode()))


TARGETS: dict[str, Target] = {
    "bodies as JSON": Target(
        ("regional_cell.entrypoints.web_api.decoding.decode",),
        [b'{"channel":"C1","blocks":[{"a":1}],"limit":5,"x":null}'],
        lambda data: decoded("application/json", data),
    ),
    "bodies as forms": Target(
        ("regional_cell.entrypoints.web_api.decoding.decode",),
        [b"channel=C1&text=%20a+b"],
        lambda data: decoded("application/x-www-form-urlencoded", data),
    ),
    "bodies as multipart": Target(
        ("regional_cell.entrypoints.web_api.decoding.decode",),
        [MULTIPART],
        lambda data: decoded("multipart/form-data; boundary=x", data),
    ),
    "content types of bodies": Target(
        ("regional_cell.entrypoints.web_api.decoding.decode",),
        [b'application/json; charset=utf-8\0{"a":1}', b"multipart/form-data; boundary=x\0" + MULTIPART],
        decoded_kind,
    ),
    "queries of addresses": Target(
        ("regional_cell.entrypoints.web_api.decoding.decode",),
        [b"channel=C1&limit=5"],
        lambda data: decoded("", data),
    ),
    "arguments": Target(
        (
            "regional_cell.entrypoints.web_api.arguments.json_value",
            "regional_cell.entrypoints.web_api.arguments.json_object",
            "regional_cell.entrypoints.web_api.arguments.listed",
            "regional_cell.entrypoints.web_api.arguments.number",
            "regional_cell.entrypoints.web_api.arguments.moment",
        ),
        [b"1700000000.000100", b"now", b'["a",1]', b'{"a":[1]}', b"true", b"a,b"],
        argued,
    ),
    "blocks, attachments and metadata": Target(
        ("regional_cell.domain.content.compose", "regional_cell.domain.blocks.check_blocks"),
        [
            json.dumps({"text": "a", "blocks": BLOCKS}).encode(),
            json.dumps({"text": "", "attachments": ATTACHMENTS}).encode(),
            json.dumps({"text": "a", "metadata": {"event_type": "t", "event_payload": {"a": 1}}}).encode(),
            b'{"markdown":"# a"}',
        ],
        composed,
        (InvalidError, ConflictError, ValueError),
    ),
    "mrkdwn": Target(
        ("regional_cell.domain.text.prepare", "regional_cell.domain.text.truncate"),
        [b"<@U12|a> & <b> https://x.example/?a=b&c #general *b* <!date^1^{x}|y>"],
        prepared,
        (),
    ),
    "Markdown": Target(
        ("regional_cell.domain.text.from_markdown",),
        [b"# a\n* b **c** *d* ~~e~~ [f](https://x.example)\n"],
        marked_down,
        (),
    ),
    "search queries": Target(
        ("regional_cell.domain.search_query.parse",),
        [b'from:@ann -"two words" report* before:2027-01-02 has:link', b"during:march on:monday a"],
        searched,
    ),
    "queries of other cells": Target(
        ("regional_cell.domain.search_exchange.read_query", "regional_cell.domain.search_query.from_fields"),
        [canonical_json(QUERY.to_fields())],
        search_exchange.read_query,
        write=lambda value: canonical_json(value.to_fields()),
    ),
    "summaries of other cells": Target(
        ("regional_cell.domain.search_exchange.read_summary",),
        [search_exchange.Summary("complete", 2, 9, (1, 2)).to_bytes()],
        search_exchange.read_summary,
        (ForbiddenError,),
        lambda value: value.to_bytes(),
    ),
    "headers of legs": Target(
        ("regional_cell.domain.transfers.header_of",), [wire.Leg(**LEG).SerializeToString()], headed
    ),
    "frames of clients": Target(
        ("regional_cell.domain.socket_frames.read_frame", "regional_cell.domain.socket_frames.pong_frame"),
        [json.dumps(FRAME).encode(), b'{"type":"ping","id":"a","x":{}}'],
        framed,
    ),
    "times": Target(
        ("regional_cell.domain.timestamps.parse_ts",),
        [b"1700000000.000100", b"1.2", b"1"],
        lambda data: timestamps.parse_ts(any_text(data)),
        (),
    ),
    "bodies of webhooks": Target(
        (
            "regional_cell.entrypoints.gateway.webhooks.payload_of",
            "regional_cell.entrypoints.gateway.webhooks.content_of",
        ),
        [
            b'application/json\0{"text":"a","thread_ts":"1.2"}',
            b"text/plain\0hello",
            b"application/x-www-form-urlencoded\0payload=%7B%22text%22%3A%22a%22%7D",
        ],
        hooked,
    ),
    "bodies of doors": Target(
        ("regional_cell.entrypoints.gateway.doors._said",),
        [b'{"email":"a@example.com","password":"b"}', b""],
        doors._said,
    ),
    "names of emoji": Target(
        ("regional_cell.domain.commands.reactions.check_name",),
        [b":eyes:", b"thumbsup::skin-tone-2"],
        lambda data: reactions.check_name(any_text(data)),
    ),
    "names of channels": Target(
        ("regional_cell.domain.commands.channels.check_name",),
        [b"general", b"a-b_c"],
        lambda data: channels.check_name(any_text(data)),
    ),
    "keys of messages": Target(
        ("regional_cell.services.messages.posting.check_client_key",),
        [b"a-B_9", b""],
        lambda data: check_client_key(any_text(data)),
    ),
    "profiles": Target(
        ("regional_cell.domain.commands.users.check_fields",),
        [b'{"status_text":"a","status_expiration":1800000000,"first_name":"b"}'],
        profiled,
        (InvalidError, ValueError),
    ),
}
