"""The way of a call through a real edge process."""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from accord.errors import Moved
from accord.ids import new_id, new_secret
from accord.runtime.error_detail import moved_to_wire
from accord.wire.cell.v1 import gateway_pb2 as cell_wire
from tests.edge.support_fakes import FakeCell, Session, echo, placed, until
from tests.edge.support_world import World, running_world


async def test_a_call_reaches_the_home_cell_and_comes_back_with_the_headers_of_the_contract(
    tmp_path: Path,
) -> None:
    async with running_world(tmp_path) as world:
        status, body, headers = await world.api("auth.test", world.token())
        assert (status, body["ok"], body["cell"], body["token"]) == (200, True, "de-fra", True)
        assert headers["x-cell"] == "de-fra"
        assert headers["x-oauth-scopes"] == "chat:write"
        assert headers["cache-control"] == "private, no-cache, no-store"
        assert headers["content-type"] == "application/json; charset=utf-8"
        assert len(headers["x-slack-req-id"]) == 36
        call = world.home.calls[0][0]
        assert call.resident == world.team
        assert call.epoch == 1
        assert call.viewer_country == "DE"
        assert world.home.session.hello.url == f"http://{world.url}"
        await _tokens_in_every_place(world)
        await _own_answers(world)
        await _long_bodies(world)


async def _tokens_in_every_place(world: World) -> None:
    token = world.token()
    for more in (
        {"params": {"token": token}},
        {"data": {"token": token}},
        {
            "data": b"x=1&token=" + token.encode(),
            "headers": {"content-type": "application/x-www-form-urlencoded"},
        },
        {
            "data": b'\r\n--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n'
            + token.encode()
            + b"\r\n--b--\r\n",
            "headers": {"content-type": "multipart/form-data; boundary=b"},
        },
    ):
        status, body, _ = await world.api("chat.postMessage", **more)
        assert (status, body["ok"], body["token"]) == (200, True, True), more
    # The same token is told once and named by its slot afterwards.
    told = [one.token for one in world.home.session.of("principal")]
    assert len(told) == len(set(told))


async def _own_answers(world: World) -> None:
    asked = len(world.home.calls)
    assert (await world.api("nothing.here"))[:2] == (200, {"ok": False, "error": "unknown_method"})
    assert (await world.api("auth.test"))[:2] == (200, {"ok": False, "error": "not_authed"})
    forged = world.token()[:-4] + "AAAA"
    assert (await world.api("auth.test", forged))[:2] == (200, {"ok": False, "error": "invalid_auth"})
    assert (await world.api("auth.test", world.token(cell=FakeCell("x", "DE", "y"))))[1][
        "error"
    ] == "invalid_auth"
    status, text = await world.get("/api/api.test?foo=bar&token=")
    assert (status, text) == (200, '{"ok":true,"args":{"foo":"bar"}}')
    assert (await world.api("api.test", json={"a": [1], "error": "mine"}))[1] == {
        "ok": False,
        "error": "mine",
        "args": {"a": [1], "error": "mine"},
    }
    wrong: dict[str, Any] = {"data": b"[1]", "headers": {"content-type": "application/json"}}
    assert (await world.api("api.test", **wrong))[1]["error"] == "json_not_object"
    wrong = {"data": b"{", "headers": {"content-type": "application/json"}}
    assert (await world.api("api.test", **wrong))[1]["error"] == "invalid_json"
    wrong = {"data": b"x", "headers": {"content-type": "image/png"}}
    assert (await world.api("api.test", **wrong))[1]["error"] == "invalid_post_type"
    assert await world.get("/anything/else") == (404, '{"ok":false,"error":"unknown_route"}')
    assert len(world.home.calls) == asked


async def _long_bodies(world: World) -> None:
    """Over 256 KiB both ways by chunks, and refused beyond the limit."""
    sent = b"x" * 700_001
    status, body, _ = await world.api("chat.postMessage", world.token(), data=sent)
    assert (status, body["bytes"]) == (200, 700_001)
    assert max(len(one.data) for one in world.home.session.of("chunk")) == 256 * 1024

    async def long(cell: FakeCell, session: Session, call: cell_wire.Call, body: bytes) -> None:
        parts = [b'{"ok":true,"text":"', b"y" * 300_000, b"z" * 300_000, b'"}']
        session.send(
            cell_wire.CellFrame(answer=cell_wire.Answer(id=call.id, status=200, body=parts[0], more=True))
        )
        for place, data in enumerate(parts[1:]):
            chunk = cell_wire.BodyChunk(id=call.id, data=data, last=place == 2)
            session.send(cell_wire.CellFrame(chunk=chunk))

    world.home.handler = long
    _, body, headers = await world.api("conversations.history", world.token())
    assert len(body["text"]) == 600_000
    assert headers["content-encoding"] == "gzip"


async def test_a_body_over_the_limit_is_refused_with_a_type(tmp_path: Path) -> None:
    async with running_world(tmp_path, limits={"body_mib_max": 1}) as world:
        status, body, headers = await world.api(
            "chat.postMessage", world.token(), data=b"x" * (1024 * 1024 + 1)
        )
        assert (status, body["error"], headers["connection"]) == (200, "invalid_arguments", "close")
        assert world.home.calls == []


async def test_a_head_without_end_is_cut_off(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        host, port = world.url.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /api/auth.test HTTP/1.1\r\nhost: x\r\nx-long: ")
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                writer.write(b"y" * 16_384)
                await asyncio.wait_for(writer.drain(), 5)
            assert await asyncio.wait_for(reader.read(), 5) == b""
        # Long request lines are fine: some clients put whole messages there.
        status, body, _ = await world.api("auth.test", world.token(), params={"x": "y" * 40_000})
        assert (status, body["ok"]) == (200, True)


async def test_a_stream_that_breaks_says_fatal_for_what_was_written_and_503_for_what_was_not(
    tmp_path: Path,
) -> None:
    async def breaks(cell: FakeCell, session: Session, call: cell_wire.Call, body: bytes) -> None:
        session.break_off()

    async with running_world(tmp_path, calls={"wait_for_stream_ms": 200}) as world:
        world.home.handler = breaks
        status, body, _ = await world.api("chat.postMessage", world.token())
        assert (status, body) == (200, {"ok": False, "error": "fatal_error"})
        assert len(world.home.calls) == 1  # never sent again
        await world.stop_server("de-fra")
        status, body, headers = await world.api("chat.postMessage", world.token())
        assert (status, body) == (503, {"ok": False, "error": "service_unavailable"})
        assert int(headers["retry-after"]) >= 1
        # Another cell is not touched by it.
        assert len(world.home.calls) == 1
        _, said = await world.get("/metrics")
        assert 'colink_unavailable_total{how="stream",reason="HOME_UNREACHABLE"} 1.0' in said


async def test_a_call_without_an_answer_ends_at_its_deadline_and_is_cancelled_at_the_cell(
    tmp_path: Path,
) -> None:
    async def silent(cell: FakeCell, session: Session, call: cell_wire.Call, body: bytes) -> None:
        return None

    async with running_world(tmp_path, calls={"deadline_ms": 300}) as world:
        world.home.handler = silent
        status, body, _ = await world.api("chat.postMessage", world.token())
        assert (status, body["error"]) == (200, "fatal_error")
        await until(
            lambda: [one.id for one in world.home.session.of("cancel")] == [world.home.calls[0][0].id]
        )
        assert 0 < world.home.calls[0][0].deadline_ms <= 300


async def test_one_workspace_leaves_places_for_others_and_for_its_own_sends(tmp_path: Path) -> None:
    free = asyncio.Event()

    async def holds(cell: FakeCell, session: Session, call: cell_wire.Call, body: bytes) -> cell_wire.Answer:
        await free.wait()
        return await echo(cell, session, call, body)

    async with running_world(tmp_path, calls={"concurrency_max": 8}) as world:
        world.home.handler = holds
        held = [asyncio.ensure_future(world.api("users.list", world.token())) for _ in range(3)]
        await until(lambda: len(world.home.calls) == 3)
        status, body, headers = await world.api("users.list", world.token())
        assert (status, body) == (429, {"ok": False, "error": "ratelimited"})
        assert int(headers["retry-after"]) >= 1
        held.append(asyncio.ensure_future(world.api("chat.postMessage", world.token())))
        await until(lambda: len(world.home.calls) == 4)
        assert (await world.api("chat.postMessage", world.token()))[0] == 429
        free.set()
        assert [status for status, _, _ in await asyncio.gather(*held)] == [200] * 4
        assert (await world.api("users.list", world.token()))[0] == 200


async def test_more_requests_than_the_edge_holds_are_refused_unread(tmp_path: Path) -> None:
    free = asyncio.Event()

    async def holds(cell: FakeCell, session: Session, call: cell_wire.Call, body: bytes) -> cell_wire.Answer:
        await free.wait()
        return await echo(cell, session, call, body)

    async with running_world(tmp_path, calls={"requests_max": 3}) as world:
        world.home.handler = holds
        held = [asyncio.ensure_future(world.api("auth.test", world.token())) for _ in range(3)]
        await until(lambda: len(world.home.calls) == 3)
        for method, token in (("chat.postMessage", world.token()), ("auth.test", "no token")):
            status, body, headers = await world.api(method, token)
            assert (status, body) == (503, {"ok": False, "error": "service_unavailable"})
            assert int(headers["retry-after"]) >= 1
        free.set()
        assert [status for status, _, _ in await asyncio.gather(*held)] == [200] * 3
        assert (await world.api("auth.test", world.token()))[0] == 200


async def test_a_client_may_name_an_earlier_deadline(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        for said, told in (("250", 250), ("999999999", 10_000)):
            status, _, _ = await world.api("auth.test", world.token(), headers={"x-deadline-ms": said})
            assert status == 200
            assert told - 250 < world.home.calls[-1][0].deadline_ms <= told
        for said in ("0", "-1", "1.5", "soon", "9" * 30, "\u0663"):
            header = {"x-deadline-ms": said.encode().decode("latin-1")}
            status, body, _ = await world.api("auth.test", world.token(), headers=header)
            assert (status, body["error"]) == (200, "invalid_arguments")
        assert len(world.home.calls) == 2


async def test_a_client_that_leaves_cancels_its_call(tmp_path: Path) -> None:
    async def silent(cell: FakeCell, session: Session, call: cell_wire.Call, body: bytes) -> None:
        return None

    async with running_world(tmp_path) as world:
        world.home.handler = silent
        host, port = world.url.split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET /api/auth.test?token={world.token()} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        await until(lambda: world.home.calls)
        writer.transport.abort()
        await until(lambda: world.home.session.of("cancel"))


async def test_a_change_whose_client_left_is_finished_and_reported_as_lost(tmp_path: Path) -> None:
    async def slow(cell: FakeCell, session: Session, call: cell_wire.Call, body: bytes) -> cell_wire.Answer:
        await asyncio.sleep(0.3)
        return cell_wire.Answer(id=call.id, status=200, body=b'{"ok":true}')

    async with running_world(tmp_path) as world:
        world.home.handler = slow
        host, port = world.url.split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET /api/chat.postMessage?token={world.token()} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        await until(lambda: world.home.calls)
        writer.transport.abort()
        await until(lambda: world.home.session.of("answer_lost"))
        assert world.home.session.of("answer_lost")[0].id == world.home.calls[0][0].id
        assert world.home.session.of("cancel") == []


@pytest.mark.fault("F09")
async def test_a_wrong_cell_is_followed_once_and_the_entry_repaired(tmp_path: Path) -> None:
    """With a table from before a move the first call takes one hop more, the next goes to the new home at
    once; the old one is not believed again, neither from the directory nor after a restart.
    """
    async with running_world(tmp_path) as world:
        entry = placed(world.team, world.second, 2, world.home)
        moved = moved_to_wire(Moved(world.team, "de-ham", 2, entry.handover))

        async def away(
            cell: FakeCell, session: Session, call: cell_wire.Call, body: bytes
        ) -> cell_wire.Answer:
            return cell_wire.Answer(id=call.id, status=503, moved=moved)

        world.home.handler = away
        status, body, headers = await world.api("chat.postMessage", world.token())
        assert (status, body["cell"], headers["x-cell"]) == (200, "de-ham", "de-ham")
        assert world.second.calls[0][0].epoch == 2
        await world.api("chat.postMessage", world.token())
        assert (len(world.home.calls), len(world.second.calls)) == (1, 2)
        # The directory may name the old home again: its epoch is lower than what was seen.
        world.directory.publish(placed(world.team, world.home, 1))
        await until(lambda: len(world.directory.acks) >= 2)
        await world.api("chat.postMessage", world.token())
        assert (len(world.home.calls), len(world.second.calls)) == (1, 3)
        # Nor after a restart, though the journal alone does not show the higher epoch.
        await world.end_edge()
        await world.stop_server("directory")
        await world.start_edge()
        status, body, _ = await world.api("chat.postMessage", world.token())
        assert (status, body["error"], len(world.home.calls)) == (503, "service_unavailable", 1)


@pytest.mark.fault("F09")
@pytest.mark.parametrize("why", ["unsigned", "same epoch", "again and again"])
async def test_a_move_without_proof_or_without_end_is_not_followed(tmp_path: Path, why: str) -> None:
    """Whatever the cells answer, a call takes one hop more and not two, and none on an unproven word."""
    async with running_world(tmp_path) as world:
        entry = placed(world.team, world.second, 2, world.home)
        handover = entry.handover
        if why == "unsigned":
            handover = json.dumps(json.loads(handover) | {"root": "11"}, sort_keys=True).encode()
        epoch = 1 if why == "same epoch" else 2

        async def away(
            cell: FakeCell, session: Session, call: cell_wire.Call, body: bytes
        ) -> cell_wire.Answer:
            moved = moved_to_wire(Moved(world.team, "de-ham", epoch, handover))
            return cell_wire.Answer(id=call.id, status=503, moved=moved)

        world.home.handler = world.second.handler = away
        status, body, _ = await world.api("chat.postMessage", world.token())
        assert (status, body["error"]) == (503, "service_unavailable")
        assert len(world.second.calls) == (1 if why == "again and again" else 0)


async def test_transit_is_refused_before_the_body_is_read_with_the_address_of_a_lawful_edge(
    tmp_path: Path,
) -> None:
    async with running_world(tmp_path) as world:
        # An edge in Germany may not see what must stay in India.
        indian = FakeCell("in-bom", "IN", "ap-south-1")
        indian.address = "127.0.0.1:1"
        world.directory.cells.append(indian)
        resident = world.strict
        world.directory.edges.append(
            wire_edge := type(world.directory.edges[0])(
                name="bom", jurisdiction="IN", region="ap-south-1", url="http://bom.test"
            )
        )
        world.directory.placements[resident] = placed(resident, indian, 1, establishment="IN")
        world.directory.version += 1
        await world.end_edge()
        acks = len(world.directory.acks)
        await world.start_edge()
        await until(lambda: len(world.directory.acks) > acks)
        token = world.token(resident, indian)
        host, port = world.url.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"POST /api/chat.postMessage HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n"
            "content-length: 1000\r\nexpect: 100-continue\r\n\r\n".encode()
        )
        said = await asyncio.wait_for(reader.read(), 5)  # to the end: the connection is closed
        head, _, body = said.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in head.lower()
        answer = json.loads(body)
        assert (answer["error"], answer["x_url"]) == ("access_denied", wire_edge.url)
        assert answer["x_rule"] == "strict/in default"
        assert answer["x_text"]
        assert answer["x_decision"].startswith("d:")
        writer.close()
        await _transit_of_files_and_sockets(world, indian, resident, token)


async def _transit_of_files_and_sockets(world: World, indian: FakeCell, resident: str, token: str) -> None:
    assert world.http is not None
    headers = {"authorization": f"Bearer {token}"}
    url = f"http://{world.url}/files-pri/{resident}-F000000000000/x"
    async with world.http.get(url, headers=headers) as answer:
        assert (answer.status, answer.headers["x-url"]) == (421, "http://bom.test")
    hook = f"http://{world.url}/services/{resident}/{new_id('B')}/{new_secret()}"
    async with world.http.post(hook, data=b"{}") as answer:
        assert (answer.status, answer.headers["x-url"]) == (421, "http://bom.test")
        assert await answer.text() == "access_denied"
    ticket = world.ticket(resident=resident)
    async with world.http.get(
        f"http://{world.socket_url}/rtm/{ticket}", headers={"upgrade": "websocket"}
    ) as answer:
        assert (answer.status, answer.headers["x-url"]) == (421, "http://bom.test")


async def test_a_cell_far_away_is_reached_over_its_distance(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.links = {"us-iad": 300.0}
    try:
        await world.start()
        await world.start_edge()
        await until(lambda: world.other.sessions)
        token = world.token(world.american, world.other)
        begun_s = asyncio.get_running_loop().time()
        status, body, _ = await world.api("auth.test", token)
        took_s = asyncio.get_running_loop().time() - begun_s
        assert (status, body["cell"]) == (200, "us-iad")
        assert took_s >= 0.3
        assert (await world.api("auth.test", world.token()))[1]["cell"] == "de-fra"
    finally:
        await world.stop()
