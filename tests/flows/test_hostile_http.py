"""Whatever comes in over HTTP gets a typed JSON answer, and nothing is lost by it."""

import json
import random
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from edge.domain.methods import METHODS
from tests.support.attacks import FORM, MULTIPART, encode_form, encode_parts
from tests.support.clients import Answer, Plain, whole_history
from tests.support.federation import RunningDemo
from tests.support.provisioning import issue_token
from tests.support.rooms import Person, room

JSON = "application/json; charset=utf-8"
ENCODINGS: tuple[Callable[[dict[str, Any]], tuple[str, bytes]], ...] = (
    lambda fields: ("application/json", json.dumps(fields).encode()),
    lambda fields: (FORM, encode_form(fields)),
    lambda fields: (MULTIPART, encode_parts(fields)),
)
DEEP = 40_000
SEED = 20_261


def judge(answer: Answer) -> dict[str, Any]:
    """The answer's object, after everything that every answer must be."""
    assert answer.status in (200, 429, 503), (answer.status, answer.body[:200])
    assert answer.headers["content-type"] == JSON
    if answer.status != 200:
        assert int(answer.headers["retry-after"]) >= 1
    fields = answer.fields
    assert isinstance(fields["ok"], bool)
    assert fields["ok"] or isinstance(fields["error"], str)
    assert fields.get("error") not in ("internal_error", "fatal_error"), fields
    return fields


@pytest.fixture
def kept(demo: RunningDemo, anna: Person) -> Iterator[str]:
    """A channel with messages, which must all be there afterwards, together with one more."""
    channel = room(demo, anna)
    with Plain(demo.edge("fra"), anna.token) as plain:
        for number in range(3):
            plain.done("chat.postMessage", channel=channel, text=f"kept {number}")
        before = whole_history(plain, channel)
        yield channel
        plain.done("chat.postMessage", channel=channel, text="afterwards")
        assert whole_history(plain, channel)[1:] == before


@pytest.mark.parametrize(
    ("content_type", "body", "error"),
    [
        ("application/json", b"{", "invalid_json"),
        ("application/json", b"[1]", "json_not_object"),
        ("application/json", b'"text"', "json_not_object"),
        ("application/json", b"\xff\xfe{}", "invalid_json"),
        ("application/json", b'{"channel": "\xc3\x28"}', "invalid_json"),
        ("application/json", b'{"a": NaN}', "invalid_json"),
        ("application/json", b"[" * DEEP + b"]" * DEEP, None),
        ("application/json", b'{"channel":' * DEEP + b"1" + b"}" * DEEP, "invalid_json"),
        ("application/json; charset=utf-16", b'{"channel": "x"}', None),
        ("image/png", b"\x89PNG", "invalid_post_type"),
        ("", b"channel=x", "missing_post_type"),
        ("multipart/form-data", b"no boundary", "invalid_form_data"),
        ("multipart/form-data; boundary=x", b"--y\r\n\r\n", "invalid_form_data"),
        (FORM, b"channel=%zz%ff&text=%00", None),
        (FORM, b"&".join(b"a%d=1" % number for number in range(5_000)), None),
        ("text/plain", b"hello", None),
    ],
)
def test_a_body_that_cannot_be_read_is_named(
    demo: RunningDemo, anna: Person, kept: str, content_type: str, body: bytes, error: str | None
) -> None:
    headers = {"content-type": content_type} if content_type else {}
    with Plain(demo.edge("iad"), anna.token) as plain:
        answer = plain.send("POST", plain.api + "chat.postMessage", content=body, headers=headers)
        fields = judge(answer)
        assert fields["ok"] is False
        if error is not None:
            assert fields["error"] == error


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("chat.postMessage", {"text": "x\0y"}, None),
        ("chat.postMessage", {"text": "x" * 45_000}, None),
        ("chat.postMessage", {"text": "x", "thread_ts": "now"}, "invalid_timestamp"),
        ("chat.postMessage", {"text": "x", "client_msg_id": "a b\n" * 100}, None),
        ("chat.postMessage", {"text": "x", "blocks": [{"type": 1}] * 60}, None),
        ("chat.postMessage", {"text": {"a": 1}}, None),
        ("conversations.history", {"limit": "many"}, "invalid_limit"),
        ("conversations.history", {"limit": -1}, None),
        ("conversations.history", {"limit": 10**30}, None),
        ("conversations.history", {"cursor": "\u202e" * 300}, "invalid_cursor"),
        ("conversations.history", {"oldest": "9" * 400}, "invalid_ts_oldest"),
        ("search.messages", {"query": '"' * 400 + "-" * 400}, None),
        ("reactions.add", {"timestamp": "0.0", "name": "../../etc"}, None),
        ("files.getUploadURLExternal", {"filename": "../\0../x", "length": -1}, None),
        ("files.list", {"ts_from": "9" * 40}, "invalid_arguments"),
        ("files.list", {"page": 2**60, "count": 2**60}, None),
        ("files.list", {"types": "\0,all"}, "unknown_type"),
        ("files.info", {"file": "../../etc/passwd"}, "file_not_found"),
        ("files.delete", {"file": "F" * 4_000}, "file_not_found"),
        ("reactions.list", {"cursor": "A" * 600}, "invalid_cursor"),
        ("reactions.list", {"user": "\0"}, "invalid_arguments"),
        ("chat.postEphemeral", {"text": "x" * 45_000, "user": "\0"}, "user_not_in_channel"),
        ("chat.postEphemeral", {"text": "x", "user": "U" * 9_000}, "user_not_in_channel"),
        ("users.getPresence", {"user": "../../x"}, "user_not_found"),
        ("users.setPresence", {"presence": ["away"]}, "invalid_presence"),
        ("chat.scheduleMessage", {"text": "x", "post_at": 2**80}, "invalid_time"),
        ("chat.scheduleMessage", {"text": "x", "post_at": [1]}, "invalid_time"),
        ("chat.scheduleMessage", {"text": "x", "post_at": -(10**14)}, "time_in_past"),
        ("chat.deleteScheduledMessage", {"scheduled_message_id": "\0"}, "invalid_scheduled_message_id"),
        ("chat.scheduledMessages.list", {"cursor": "x"}, "invalid_cursor"),
        ("conversations.setTopic", {"topic": "💥" * 251}, "too_long"),
        ("conversations.setPurpose", {"purpose": ["x"]}, None),
        ("conversations.rename", {"name": "../../etc"}, "invalid_name_specials"),
        ("files.getUploadURLExternal", {"filename": "x", "length": 2**70}, None),
    ],
)
def test_an_argument_that_cannot_be_meant_is_answered(
    demo: RunningDemo, anna: Person, method: str, arguments: dict[str, Any], error: str | None
) -> None:
    channel = room(demo, anna)
    with Plain(demo.edge("fra"), anna.token) as plain:
        fields = judge(plain.patient(method, channel=channel, **arguments))
        if error is not None:
            assert fields.get("error") == error
        whole_history(plain, channel)


def junk(dice: random.Random, depth: int = 0) -> Any:
    """A made-up JSON value."""
    texts = ["", "x", "\0", "C" * 30, "1e999", "-1", "💥" * 50, "../..", "a,b,,c", "{}", "[", "\ud83d"]
    kinds: list[Callable[[], Any]] = [
        lambda: dice.choice(texts),
        lambda: dice.choice([0, -1, 2**63, 2**64, 1.5, 1e308, True, False, None]),
        lambda: [junk(dice, depth + 1) for _ in range(dice.randrange(4))],
        lambda: {dice.choice(texts): junk(dice, depth + 1) for _ in range(dice.randrange(4))},
    ]
    return kinds[dice.randrange(2 if depth > 2 else 4)]()


WORDS = """
channel users user ts timestamp name text limit cursor types oldest latest query files file length filename
blocks attachments metadata thread_ts client_msg_id profile email message_ts session count page sort cells
mode purpose topic full post_at scheduled_message_id ts_from ts_to force presence channel_id initial_comment
error token
"""


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_answers_junk(demo: RunningDemo, anna: Person, method: str) -> None:
    dice = random.Random(f"{SEED} {method}")
    general = demo.workspace("acme")["channels"]["random"]
    # A token of its own, since one of the methods ends it.
    with Plain(demo.edge("bom"), issue_token(demo, "acme", anna.user)) as plain:
        for turn in range(12):
            arguments = {name: junk(dice) for name in dice.sample(WORDS.split(), dice.randrange(1, 9))}
            if turn % 2:
                arguments["channel"] = general
            kind, body = ENCODINGS[turn % 3](arguments)
            headers = {"content-type": kind}
            answer = plain.send("POST", plain.api + method, content=body, headers=headers)
            fields = judge(answer)
            assert "Traceback" not in str(fields)
    with Plain(demo.edge("bom"), anna.token) as plain:
        assert plain.done("auth.test")["user_id"] == anna.user


def test_a_body_over_the_limit_is_refused_and_not_read(demo: RunningDemo, anna: Person) -> None:
    with Plain(demo.edge("fra"), anna.token) as plain:
        address = urlsplit(plain.api)
    head = (
        f"POST /api/chat.postMessage HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {anna.token}\r\n"
        "Content-Type: application/json\r\nContent-Length: 90000000\r\n\r\n"
    )
    said = exchange(address.port, head.encode() + b" " * 100_000)
    assert said.startswith(b"HTTP/1.1 200")
    fields = json.loads(said.partition(b"\r\n\r\n")[2])
    assert (fields["ok"], fields["error"]) == (False, "invalid_arguments")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /api/auth.test HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /api/auth.test HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\n",
        b"GET /api/auth.test HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /api/\x00\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 20_000 + b"\r\n",
    ],
)
def test_what_is_no_http_ends_the_connection_and_nothing_else(
    demo: RunningDemo, anna: Person, head: bytes
) -> None:
    with Plain(demo.edge("fra"), anna.token) as plain:
        said = exchange(urlsplit(plain.api).port, head)
        status = said.split(b" ")[1] if said else b"400"
        assert status[:1] in (b"2", b"4"), said[:200]
        assert plain.done("auth.test")["user_id"] == anna.user


def exchange(port: int | None, data: bytes) -> bytes:
    """Send bytes to a port and read what comes until it closes or falls silent."""
    assert port is not None
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
        try:
            link.sendall(data)
            link.settimeout(2)
            while chunk := link.recv(65_536):
                said += chunk
        except (TimeoutError, ConnectionError):
            pass
    return said


def test_tokens_in_several_places_and_headers_sent_twice_open_no_other_door(
    demo: RunningDemo, anna: Person, jonas: Person
) -> None:
    with Plain(demo.edge("fra")) as plain:
        twice = [("authorization", f"Bearer {anna.token}"), ("authorization", f"Bearer {jonas.token}")]
        response = plain._client.post(plain.api + "auth.test", headers=twice)
        fields = judge(Answer(response.status_code, response.headers, response.content))
        assert fields.get("user_id") in (None, anna.user)
        url = f"{plain.api}auth.test?token={jonas.token}"
        answer = plain.send("POST", url, headers={"authorization": f"Bearer {anna.token}"})
        assert judge(answer)["user_id"] == anna.user
        form = plain.send("POST", plain.api + "auth.test", data={"token": jonas.token})
        assert judge(form)["user_id"] == jonas.user
        part = plain.send("POST", plain.api + "auth.test", files={"token": (None, jonas.token)})
        assert judge(part)["user_id"] == jonas.user


def test_a_long_query_is_taken_and_a_huge_one_refused(demo: RunningDemo, anna: Person) -> None:
    channel = room(demo, anna)
    with Plain(demo.edge("fra"), anna.token) as plain:
        text = "y" * 30_000
        taken = plain.send("POST", f"{plain.api}chat.postMessage?channel={channel}&text={text}")
        assert judge(taken)["message"]["text"] == text
        port = urlsplit(plain.api).port
        said = exchange(port, b"GET /api/auth.test?a=" + b"b" * 5_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 500 " not in said[:20]
        assert plain.done("auth.test")["user_id"] == anna.user


@pytest.mark.parametrize("verb", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_no_verb_is_answered_with_a_redirect_or_a_refusal_of_the_verb(
    demo: RunningDemo, anna: Person, verb: str
) -> None:
    with Plain(demo.edge("iad"), anna.token) as plain:
        for path in ("auth.test", "auth.test/", "", "a/b/c", "%2e%2e/x", "auth.test%00"):
            fields = judge(plain.send(verb, plain.api + path))
            assert fields["ok"] is (path == "auth.test") or fields["error"] == "unknown_method"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/sign-in/password",
        "/sign-in/x",
        "/upload/T/x",
        "/files-pri/x",
        "/files-pri/T1-F1/a",
        "/docs",
    ],
)
def test_other_doors_answer_in_json_too(demo: RunningDemo, path: str) -> None:
    with Plain(demo.edge("fra")) as plain:
        for verb in ("GET", "POST"):
            answer = plain.send(verb, plain.url + path, content=b"{]" if verb == "POST" else None)
            assert 400 <= answer.status < 500, answer.status
            assert answer.headers["content-type"].startswith("application/json")
            assert answer.fields["ok"] is False
