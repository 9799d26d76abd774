"""Every method answers whatever stands in its body with a typed refusal; none of it is an error of ours."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
import structlog.testing

from regional_cell.entrypoints.web_api.calls import ApiAnswer
from regional_cell.entrypoints.web_api.methods import METHODS
from tests.regional_cell.entrypoints.web_api.support_cell import APP, BOB, GENERAL, GUS, SECRET, Cell
from tests.support.attacks import (
    FORM,
    MALFORMED,
    MISENCODED,
    MULTIPART,
    OVERSIZED,
    attacks,
    forms,
    multiparts,
)

SIZE = 60_000
MEANT: dict[str, Any] = {
    "channel": GENERAL,
    "channels": GENERAL,
    "channel_id": GENERAL,
    "user": BOB,
    "users": BOB,
    "user_id": GUS,
    "text": "hello",
    "limit": 2,
    "count": 2,
    "page": 1,
    "name": "eyes",
    "query": "hello",
    "app": APP,
    "filename": "a.txt",
    "length": 3,
    "files": [{"id": "F00000000FFFF"}],
    "presence": "auto",
    "post_at": 2_000_000_000,
    "email": "bob@acme.example",
    "topic": "t",
    "purpose": "p",
    "expiration_ts": 0,
    "profile": {"status_text": "x"},
    "file": "F00000000FFFF",
    "session": "none",
    "webhook": "none",
    "scheduled_message_id": "Q00000000FFFF",
}
"""What the arguments of methods are when they are meant well, by name; `{ts}` for those that are not here."""
ELSEWHERE = (
    "C00000000FFFF",
    "T00000000FFFF",
    "U00000000FFFF",
    "P00000000FFFF",
    "F00000000FFFF",
    "USLACKBOT",
    SECRET,
    "T000000000001",
    BOB,
    "E000000000001",
    "0000000000.000000",
)
UNREADABLE = {
    (MALFORMED, "cut off"),
    (MALFORMED, "not JSON"),
    (MALFORMED, "a list"),
    (MISENCODED, "a byte order mark"),
    (MISENCODED, "utf-16"),
}
UNREADABLE_FORMS = {
    FORM: {
        (MISENCODED, "bytes that are no UTF-8"),
        (MISENCODED, "half a character, escaped"),
        (MISENCODED, "an overlong NUL in a name"),
        (MALFORMED, "no name"),
        (OVERSIZED, "members"),
        (OVERSIZED, "one member many times"),
    },
    MULTIPART: {
        (MALFORMED, "no end"),
        (MALFORMED, "cut off"),
        (MALFORMED, "another boundary"),
        (MALFORMED, "no name"),
        (MISENCODED, "half a character"),
        (OVERSIZED, "parts"),
    },
}
# The search has no engine in a cell that is in memory; tests/flows/test_hostile_http.py sends junk to it.
SEARCHES = {"ext.search", "search.messages"}
NEVER_SAID = ("internal_error", "fatal_error", "service_unavailable")


def meant(method: str, ts: str) -> dict[str, Any]:
    """A well-meant call of a method."""
    return {name: MEANT.get(name, ts) for name in METHODS[method].arguments}


def judge(method: str, how: object, answer: ApiAnswer) -> dict[str, Any]:
    """The body, after everything that each answer must be."""
    assert answer.status == 200, (method, how, answer.status)
    body: dict[str, Any] = orjson.loads(answer.body)
    assert isinstance(body["ok"], bool)
    if not body["ok"]:
        assert body["error"] not in NEVER_SAID, (method, how)
        assert body["error"].replace("_", "").isalnum(), (method, how)
    return body


@pytest.mark.parametrize("method", sorted(METHODS.keys() - SEARCHES))
async def test_a_method_answers_every_attack_on_its_body(cell: Cell, method: str) -> None:
    ts = await cell.post(BOB, GENERAL, "kept")
    who = cell.caller("U00000000000A")
    with structlog.testing.capture_logs() as lines:
        for attack in attacks(meant(method, ts), SIZE):
            call = replace(cell.request(who, method, {}), body=attack.body)
            body = judge(method, attack, await cell.api.call(call))
            if (attack.kind, attack.name) in UNREADABLE:
                assert body["error"] in ("invalid_json", "json_not_object"), (method, attack)
        for foreign in ELSEWHERE:
            fields = {
                name: foreign if isinstance(value, str) else value
                for name, value in meant(method, ts).items()
            }
            for _ in range(2):
                judge(method, foreign, await cell.api.call(cell.request(who, method, fields)))
    assert not [line for line in lines if line["event"] == "call_failed"]


@pytest.mark.parametrize("method", sorted(METHODS.keys() - SEARCHES))
async def test_a_method_answers_every_attack_on_its_form(cell: Cell, method: str) -> None:
    ts = await cell.post(BOB, GENERAL, "kept")
    who = cell.caller("U00000000000A")
    with structlog.testing.capture_logs() as lines:
        for kind, made in ((FORM, forms), (MULTIPART, multiparts)):
            left = set(UNREADABLE_FORMS[kind])
            for attack in made(meant(method, ts), SIZE):
                call = replace(cell.request(who, method, {}), body=attack.body, content_type=kind)
                body = judge(method, (kind, attack), await cell.api.call(call))
                if (attack.kind, attack.name) in left:
                    left.remove((attack.kind, attack.name))
                    assert body["error"] in ("invalid_form_data", "invalid_arg_name"), (kind, attack)
            assert not left
    assert not [line for line in lines if line["event"] == "call_failed"]


@pytest.mark.parametrize("method", sorted(METHODS))
async def test_a_method_answers_bodies_of_other_types_than_they_say(cell: Cell, method: str) -> None:
    """Wrong and impossible content types, charsets, compressions, and bodies in two encodings at once."""
    who = cell.caller("U00000000000A")
    body = orjson.dumps(meant(method, "1.2"))
    kinds = (
        "",
        "image/png",
        "application/json; charset=utf-16",
        "application/json; charset=nonsense",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=" + "x" * 300,
        "multipart/form-data; boundary*=a''x; boundary*0*=y",
        "application/json; boundary*" + "9" * 5_000 + "*=x",
        "a",
        ";",
        "application/xml",
        "\u00ff/\u00ff",
    )
    for kind in kinds:
        for data in (
            body,
            b"\x1f\x8b\x08\x00" + b"\0" * 400,
            b"--x\r\n\r\n",
            b"a=%ff&b=%00",
            b"\xff\xfe{\0}\0",
        ):
            for query in (b"", b"channel=%ff%fe&limit=x", b"&".join(b"a%d=1" % n for n in range(1_100))):
                call = replace(cell.request(who, method, {}), body=data, content_type=kind, query=query)
                judge(method, (kind, data[:20], query[:20]), await cell.api.call(call))
