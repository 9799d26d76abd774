"""Dispatch: the table, the order of checks, headers, limits, and silence about what went wrong inside."""

import asyncio
import inspect
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest

from regional_cell.domain.callers import Caller
from regional_cell.entrypoints.web_api import meta, methods
from regional_cell.entrypoints.web_api.methods import METHODS
from tests.regional_cell.entrypoints.web_api.support_cell import (
    ANN,
    BOB,
    BOT_USER,
    CANARY,
    GENERAL,
    ORGANISATION,
    TEAM,
    Cell,
)

REPOSITORY = Path(__file__).parents[4]


def test_a_method_stands_in_one_table_only() -> None:
    with pytest.raises(ValueError, match=r"auth\.test"):
        methods.merged(meta.METHODS, {"auth.test": METHODS["auth.test"]})


def test_every_handler_has_a_row_and_every_row_a_handler() -> None:
    handlers = {
        member
        for module in vars(methods).values()
        if isinstance(module, ModuleType)
        for name, member in inspect.getmembers(module, inspect.iscoroutinefunction)
        if member.__module__ == module.__name__ and not name.startswith("_")
    }
    assert {row.handler for row in METHODS.values()} == handlers
    assert len(METHODS) == len(handlers)


def test_the_edges_know_the_methods_that_cells_answer() -> None:
    source = (REPOSITORY / "edge" / "domain" / "methods.py").read_text()
    listed = {word for word in source.split('"""')[3].split() if "." in word}
    assert set(METHODS) == listed


async def test_an_unknown_method_is_named_so_before_anything_else(cell: Cell) -> None:
    body = orjson.loads((await cell.api.call(cell.request(None, "chat.nothing", {"a": "1"}))).body)
    assert body == {"ok": False, "error": "unknown_method"}


async def test_checks_come_in_their_order(cell: Cell) -> None:
    def call(who: Caller | None, body: bytes = b"{") -> Any:
        return cell.api.call(replace(cell.request(who, "chat.postMessage", {}), body=body))

    async def code(who: Caller | None, body: bytes = b"{") -> str:
        error: str = orjson.loads((await call(who, body)).body)["error"]
        return error

    bob = cell.caller(BOB)
    assert await code(None) == "not_authed"
    assert await code(replace(bob, kind="xapp", scopes=frozenset())) == "not_allowed_token_type"
    assert await code(replace(bob, scopes=frozenset({"users:read"}))) == "missing_scope"
    assert await code(bob) == "invalid_json"
    assert await code(bob, b"{}") == "channel_not_found"
    assert await code(bob, b'{"channel":"C00000000000X"}') == "no_text"
    assert await code(bob, b'{"channel":"C00000000000X","text":"x"}') == "channel_not_found"


async def test_missing_scope_names_what_is_needed_and_what_there_is(cell: Cell) -> None:
    poor = replace(cell.caller(BOB), scopes=frozenset({"b:x", "a:x"}))
    answer = await cell.answer(poor, "users.list")
    body = orjson.loads(answer.body)
    assert (body["error"], body["needed"], body["provided"]) == ("missing_scope", "users:read", "a:x,b:x")
    shown = dict(answer.headers)
    assert (shown["x-oauth-scopes"], shown["x-accepted-oauth-scopes"]) == ("a:x,b:x", "users:read")
    only_public = replace(cell.caller(ANN), scopes=frozenset({"channels:read", "channels:history"}))
    assert await cell.error(only_public, "conversations.list", types="private_channel") == "missing_scope"
    assert await cell.error(only_public, "conversations.history", channel="C00000000000S") == "missing_scope"
    session = replace(only_public, kind="xoxc", scopes=frozenset({"client"}))
    assert (await cell.ok(session, "conversations.list", types="private_channel"))["channels"]


async def test_every_answer_carries_the_headers_that_clients_read(cell: Cell) -> None:
    for method in ("auth.test", "chat.postMessage"):
        answer = await cell.answer(BOB, method)
        shown = dict(answer.headers)
        assert shown["content-type"] == "application/json; charset=utf-8"
        assert shown["x-slack-req-id"].startswith("req-")
        assert shown["cache-control"] == "private, no-cache, no-store"
        assert shown["vary"] == "Accept-Encoding"
        assert shown["x-cell"] == "cell-a"
        assert {"x-oauth-scopes", "x-accepted-oauth-scopes"} <= set(shown)


async def test_api_test_echoes_and_begins_as_clients_expect(cell: Cell) -> None:
    answer = await cell.api.call(cell.request(None, "api.test", {"foo": "bar", "n": 1}))
    assert answer.body == b'{"ok":true,"args":{"foo":"bar","n":"1"}}'
    assert orjson.loads((await cell.api.call(cell.request(None, "api.test", {"error": "my_code"}))).body) == {
        "ok": False,
        "error": "my_code",
        "args": {"error": "my_code"},
    }


async def test_auth_test_tells_who_and_where(cell: Cell) -> None:
    body = await cell.ok(BOT_USER, "auth.test")
    assert (body["team"], body["user"], body["team_id"], body["bot_id"]) == (
        "Acme",
        "deploy-bot",
        TEAM,
        "B000000000001",
    )
    assert body["url"].endswith("/")
    assert "bot_id" not in await cell.ok(BOB, "auth.test")


async def test_auth_revoke_ends_the_token_that_is_shown_and_nothing_when_it_is_a_test(cell: Cell) -> None:
    assert await cell.ok(BOB, "auth.revoke", test=1) == {"ok": True, "revoked": False}
    assert cell.tokens.revoked == []
    assert await cell.ok(BOT_USER, "auth.revoke") == {"ok": True, "revoked": True}
    assert cell.tokens.revoked == [f"token-{BOT_USER}"]
    of_organisation = replace(cell.caller(ANN), resident=ORGANISATION, token_id="of an organisation")
    assert await cell.ok(of_organisation, "auth.revoke") == {"ok": True, "revoked": True}
    assert cell.tokens.revoked[-1] == "of an organisation"


async def test_rtm_connect_hands_out_a_ticket_for_the_edge(cell: Cell) -> None:
    body = await cell.ok(BOB, "rtm.connect", batch_presence_aware=1)
    assert body["url"] == f"ws://edge.test:8001/rtm/ticket.{BOB}.edge-1.batched"
    plain = await cell.ok(BOB, "rtm.connect", presence_sub=1)
    assert plain["url"] == f"ws://edge.test:8001/rtm/ticket.{BOB}.edge-1"
    assert body["self"] == {"id": BOB, "name": "bob"}
    assert body["team"] == {"id": TEAM, "name": "Acme", "domain": "acme"}


async def test_sessions_are_ones_own(cell: Cell) -> None:
    assert (await cell.ok(BOB, "ext.sessions.list"))["sessions"] == []
    assert await cell.error(BOB, "ext.sessions.revoke", session="nobody") == "session_not_found"
    assert await cell.error(BOB, "ext.sessions.revoke") == "invalid_arguments"
    assert await cell.error(BOB, "ext.sessions.revoke", session="x", others=1) == "invalid_arguments"
    assert cell.tokens.revoked == []


async def test_missing_and_malformed_arguments_are_named_not_echoed(cell: Cell) -> None:
    body = await cell.call(BOB, "chat.update", channel=GENERAL, text="x")
    assert (body["error"], body["response_metadata"]["messages"]) == (
        "invalid_arguments",
        ["[ERROR] missing required field: ts"],
    )
    body = await cell.call(BOB, "chat.update", channel=GENERAL, ts=CANARY, text="x")
    assert body["response_metadata"]["messages"] == ["[ERROR] must be a timestamp [json-pointer:/ts]"]


async def test_rates_are_limited_per_method_and_user_with_whole_seconds() -> None:
    cell = await Cell("test").start()
    try:
        statuses = [(await cell.answer(BOB, "users.list")).status for _ in range(101)]
        assert statuses == [200] * 100 + [429]
        answer = await cell.answer(BOB, "users.list")
        assert orjson.loads(answer.body) == {"ok": False, "error": "ratelimited"}
        assert 1 <= int(dict(answer.headers)["retry-after"]) <= 60
        assert (await cell.answer(ANN, "users.list")).status == 200
        assert (await cell.answer(BOB, "users.info", user=ANN)).status == 200
        cell.clock.advance(60)
        assert (await cell.answer(BOB, "users.list")).status == 200
    finally:
        await cell.stop()


@pytest.mark.parametrize(
    ("method", "code"), [("chat.postMessage", "fatal_error"), ("users.list", "internal_error")]
)
async def test_what_breaks_inside_is_not_told(
    cell: Cell, method: str, code: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(call: object, arguments: object, services: object) -> dict[str, Any]:
        raise RuntimeError(f"statement failed near {CANARY}")

    monkeypatch.setitem(METHODS, method, replace(METHODS[method], handler=broken))
    answer = await cell.answer(BOB, method, channel=GENERAL, text=CANARY)
    assert (answer.status, orjson.loads(answer.body)) == (200, {"ok": False, "error": code})
    said = capsys.readouterr()
    assert CANARY not in said.out + said.err + repr(answer.headers)


async def test_a_deadline_leaves_a_write_open_and_a_read_undone(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(call: object, arguments: object, services: object) -> dict[str, Any]:
        await asyncio.sleep(30)
        return {}

    for method, status, code in (
        ("chat.postMessage", 200, "fatal_error"),
        ("users.list", 503, "service_unavailable"),
    ):
        monkeypatch.setitem(METHODS, method, replace(METHODS[method], handler=slow))
        call = replace(
            cell.request(cell.caller(BOB), method, {"channel": GENERAL, "text": "x"}), deadline_s=0.01
        )
        answer = await cell.api.call(call)
        assert (answer.status, orjson.loads(answer.body)["error"]) == (status, code)


async def test_an_old_epoch_writes_nothing(cell: Cell) -> None:
    call = replace(
        cell.request(cell.caller(BOB), "chat.postMessage", {"channel": GENERAL, "text": "x"}), epoch=7
    )
    answer = await cell.api.call(call)
    assert (answer.status, orjson.loads(answer.body)["error"]) == (503, "service_unavailable")
    assert "x" not in [
        m["text"] for m in (await cell.ok(BOB, "conversations.history", channel=GENERAL))["messages"]
    ]


async def test_arguments_of_every_method_stay_out_of_refusals(
    cell: Cell, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, method in METHODS.items():
        if name == "api.test":
            continue
        for arguments in (
            dict.fromkeys(method.arguments, CANARY),
            dict.fromkeys(method.arguments, f"[{CANARY}"),
        ):
            answer = await cell.answer(cell.caller(BOB), name, **arguments)
            body = orjson.loads(answer.body)
            assert body["ok"] or CANARY.encode() not in answer.body, name
    said = capsys.readouterr()
    assert CANARY not in said.out + said.err
