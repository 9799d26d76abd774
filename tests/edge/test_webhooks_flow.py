"""Incoming webhooks through a real edge process: paths, answers in text, answers that were lost."""

import asyncio
import json
from pathlib import Path
from urllib.parse import parse_qs

from accord.ids import new_id, new_secret
from accord.wire.cell.v1 import gateway_pb2 as cell_wire
from tests.edge.support_fakes import FakeCell, Session, until
from tests.edge.support_world import World, running_world

TEXT = cell_wire.Header(name="content-type", value="text/plain; charset=utf-8")


def _path(team: str, bot: str = "", secret: str = "") -> str:
    return f"/services/{team}/{bot or new_id('B')}/{secret or new_secret()}"


async def _post(
    world: World, path: str, body: bytes = b"{}", **headers: str
) -> tuple[int, str, dict[str, str]]:
    assert world.http is not None
    async with world.http.post(
        f"http://{world.url}{path}", data=body, headers=headers, allow_redirects=False
    ) as answer:
        return answer.status, await answer.text(), {k.lower(): v for k, v in answer.headers.items()}


def _answers(world: World, status: int, body: bytes, *headers: cell_wire.Header) -> None:
    async def handler(
        cell: FakeCell, session: Session, call: cell_wire.Call, data: bytes
    ) -> cell_wire.Answer:
        return cell_wire.Answer(id=call.id, status=status, headers=headers, body=body)

    world.home.handler = handler


async def test_what_comes_goes_to_the_home_cell_as_it_came(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        _answers(world, 200, b"ok", TEXT)
        bot, secret = new_id("B"), new_secret()
        data = b"payload=" + b"x" * 300_000
        path = _path(world.team, bot, secret)
        status, text, headers = await _post(world, path, data, **{"content-type": "text/odd"})
        assert (status, text) == (200, "ok")
        assert headers["content-type"] == "text/plain; charset=utf-8"
        call, body = world.home.calls[0]
        assert (call.method, call.resident, call.content_type, body) == (
            "webhook",
            world.team,
            "text/odd",
            data,
        )
        assert parse_qs(call.query.decode()) == {"bot": [bot], "secret": [secret]}
        assert (call.slot, call.epoch) == (0, 1)


async def test_a_path_that_names_no_webhook_leads_home_and_asks_nobody(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        bot, secret = new_id("B"), new_secret()
        for path in (
            "/services/", "/services/x", f"/services/{world.team}/{bot}",
            f"/services/{world.team}/{bot}/short",
            f"/services/{world.team}/{bot}/{secret}/more", f"/services/{bot}/{world.team}/{secret}",
            f"/services/{world.team}/{bot}/{secret.lower()}",
        ):  # fmt: skip
            status, _, headers = await _post(world, path)
            assert (status, headers["location"]) == (302, f"http://{world.url}/"), path
        status, text, headers = await _post(world, _path(new_id("T")))
        assert (status, text) == (404, "no_service")
        assert world.http is not None
        async with world.http.get(f"http://{world.url}{_path(world.team)}") as answer:
            assert (answer.status, answer.headers["allow"]) == (405, "POST")
        assert world.home.calls == []


async def test_only_a_cells_own_ok_is_a_success(tmp_path: Path) -> None:
    async with running_world(tmp_path, limits={"body_mib_max": 1}) as world:
        path = _path(world.team)
        retry = cell_wire.Header(name="retry-after", value="7")
        kind = cell_wire.Header(name="content-type", value="application/json; charset=utf-8")
        for status, body, headers, shown in (
            (410, b"channel_is_archived", [TEXT], (410, "channel_is_archived")),
            (429, b"ratelimited", [TEXT, retry], (429, "ratelimited")),
            (200, b'{"ok":false,"error":"fatal_error"}', [kind], (500, "fatal_error")),
            (503, b'{"ok":false,"error":"service_unavailable"}', [kind], (503, "service_unavailable")),
            (200, b"ok", [], (500, "internal_error")),
        ):
            _answers(world, status, body, *headers)
            answer = await _post(world, path)
            assert answer[:2] == shown
            assert ("retry-after" in answer[2]) == (retry in headers)
        _answers(world, 200, b"ok", TEXT)
        assert (await _post(world, path, b"x" * 1_100_000))[:2] == (400, "invalid_payload")


async def test_an_answer_that_the_client_did_not_wait_for_is_reported_as_lost(tmp_path: Path) -> None:
    async def slow(cell: FakeCell, session: Session, call: cell_wire.Call, body: bytes) -> cell_wire.Answer:
        await asyncio.sleep(0.3)
        return cell_wire.Answer(id=call.id, status=200, headers=[TEXT], body=b"ok")

    async with running_world(tmp_path) as world:
        world.home.handler = slow
        host, port = world.url.split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        head = f"POST {_path(world.team)} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n"
        writer.write(head.encode() + json.dumps({}).encode())
        await until(lambda: world.home.calls)
        writer.transport.abort()
        await until(lambda: world.home.session.of("answer_lost"))
        assert world.home.session.of("cancel") == []
