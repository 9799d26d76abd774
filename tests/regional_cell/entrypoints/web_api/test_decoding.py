"""Decoding: every client's encoding means the same, and every broken one has its code."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from accord.errors import InvalidError
from regional_cell.entrypoints.web_api.arguments import flag, json_value, listed, moment, number
from regional_cell.entrypoints.web_api.decoding import decode
from tests.regional_cell.entrypoints.web_api.support_cell import BOB, GENERAL, Cell, form

JSON, FORM = "application/json;charset=utf-8", "application/x-www-form-urlencoded"
ARGUMENTS: dict[str, Any] = {
    "text": "grüße & <x>", "ts": "1700000000.000100", "limit": 5, "flag": True,
    "users": ["U1", "U2"], "blocks": [{"type": "divider", "n": 1.5}], "metadata": {"a": None},
}  # fmt: skip


def multipart(arguments: dict[str, str], first: bytes = b"") -> tuple[str, bytes]:
    parts = [
        f'--xYz\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in arguments.items()
    ]
    file = '--xYz\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nbytes\r\n'
    return 'multipart/form-data; boundary="xYz"', first + ("".join(parts) + file + "--xYz--\r\n").encode()


def test_all_encodings_come_to_the_same_arguments() -> None:
    texts = {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in ARGUMENTS.items()
    }
    wanted = decode(JSON, b"", orjson.dumps({**ARGUMENTS, "nothing": None, "token": "xoxb-test-1"}))
    assert wanted == texts
    assert decode(FORM, b"", urlencode({**texts, "token": "xoxb-test-1"}).encode()) == wanted
    assert decode(FORM, urlencode(texts).encode(), b"") == wanted
    assert decode(*_split(multipart(texts))) == wanted
    assert decode(*_split(multipart(texts, b"\r\n"))) == wanted
    assert decode("", urlencode(texts).encode(), b"") == wanted


def _split(typed: tuple[str, bytes]) -> tuple[str, bytes, bytes]:
    return typed[0], b"", typed[1]


def test_the_body_wins_over_the_query() -> None:
    assert decode(JSON, b"a=1&b=2", b'{"a":"3"}') == {"a": "3", "b": "2"}


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        (JSON, b"{", "invalid_json"),
        (JSON, b'{"a":"\\ud800"}', "invalid_json"),
        (JSON, b'{"a":"\xff"}', "invalid_json"),
        (JSON, b"[" * 100_000, "json_not_object"),
        (JSON, b'{"a":' + b"[" * 100_000, "invalid_json"),
        (JSON, b"[1]", "json_not_object"),
        (JSON, b'"text"', "json_not_object"),
        ("application/json; charset=utf-7", b"{}", "invalid_charset"),
        ("application/json; charset=nonsense", b"{}", "invalid_charset"),
        (FORM, b"a=%ff", "invalid_form_data"),
        (FORM, b"\xff", "invalid_form_data"),
        (FORM, b"&".join(b"a=1" for _ in range(1_001)), "invalid_form_data"),
        ("multipart/form-data; boundary=b", b"nothing of the kind", "invalid_form_data"),
        ("multipart/form-data", b"--b\r\n\r\n", "invalid_form_data"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
         "invalid_form_data"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\ncut',
         "invalid_form_data"),
        ("application/xml", b"<a/>", "invalid_post_type"),
        ("", b"a=1", "missing_post_type"),
        (FORM, b"a%20b=1", "invalid_arg_name"),
        (JSON, b'{"\xc3\xa4":1}', "invalid_arg_name"),
    ],
)  # fmt: skip
def test_a_broken_body_has_its_code(content_type: str, body: bytes, code: str) -> None:
    with pytest.raises(InvalidError) as caught:
        decode(content_type, b"", body)
    assert caught.value.api == code


def test_a_charset_may_be_spelled_in_any_way() -> None:
    assert decode('application/json;charset="UTF-8"', b"", '{"a":"ä"}'.encode()) == {"a": "ä"}
    assert decode("application/json; Charset=utf8", b"", '{"a":"ä"}'.encode()) == {"a": "ä"}
    assert decode("application/json; charset=ISO-8859-1", b"", b'{"a":"\xe4"}') == {"a": "ä"}
    assert decode("text/plain; charset=utf-8", b"", b"a=1") == {"a": "1"}


async def test_no_arguments_may_come_as_json_without_a_body(cell: Cell) -> None:
    call = cell.request(cell.caller(BOB), "auth.test", {})
    for content_type in (JSON, FORM, "", "application/octet-stream"):
        assert orjson.loads((await cell.api.call(replace(call, content_type=content_type))).body)["ok"]


async def test_a_form_posts_what_json_posts(cell: Cell) -> None:
    arguments = {
        "channel": GENERAL, "text": "hi", "mrkdwn": True, "unknown": [1], "thread_ts": None, "team_id": "T1",
        "blocks": [{"type": "section", "block_id": "b", "text": {"type": "mrkdwn", "text": "hi"}}],
    }  # fmt: skip
    call = cell.request(cell.caller(BOB), "chat.postMessage", arguments)
    first = orjson.loads((await cell.api.call(call)).body)
    without = {name: value for name, value in arguments.items() if value is not None}
    second = orjson.loads((await cell.api.call(form(call, without))).body)
    assert first["ok"]
    assert {**first["message"], "ts": ""} == {**second["message"], "ts": ""}


def test_arguments_are_read_as_clients_write_them() -> None:
    assert [flag(text) for text in ("1", "true", "True", "0", "false", "False", "")] == [True] * 3 + [
        False
    ] * 4
    assert listed("U1, U2 ,,U3") == listed('["U1","U2","U3"]') == ["U1", "U2", "U3"]
    assert (number("17"), number(" -3 ")) == (17, -3)
    assert moment("1700000000.0001") == moment("1700000000.000100") == 1_700_000_000_000_100
    for decoder, text in (
        (flag, "maybe"), (listed, '{"a":1}'), (listed, "[[1]]"), (number, "1.5"), (number, "٣"),
        (number, "9" * 16),
        (moment, "1e9"), (moment, "1.1234567"), (moment, "-1.0"), (json_value, "{"),
        (json_value, "[" * 40 + "]" * 40),
        (json_value, '{"a":' * 40 + "1" + "}" * 40),
        (json_value, "NaN"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"^[a-zA-Z ]+$"):
            decoder(text)
