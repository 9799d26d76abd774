"""Signing in and file bytes through a real edge process."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from accord.blind import blind_index
from accord.ids import new_id
from accord.wire.cell.v1 import gateway_pb2 as cell_wire
from tests.edge.support_fakes import FakeCell, Session, placed, until
from tests.edge.support_world import LOOKUP_KEY, World, running_world

EMAIL = "mara@nordlicht.example"


def _answers(world: World, person: str) -> None:
    """The cells know one person, in two workspaces of two cells."""

    async def handler(
        cell: FakeCell, session: Session, call: cell_wire.Call, body: bytes
    ) -> cell_wire.Answer:
        said: dict[str, Any] = json.loads(body or b"{}")
        answer: dict[str, Any] = {"ok": False, "error": "invalid_login"}
        if call.method == "sign-in/password" and call.resident == person and said["password"] == "right":
            rows = [
                {"team_id": team, "name": name, "identity": f"identity-{name}"}
                for team, name in ((world.team, "one"), (world.american, "two"))
            ]
            answer = {"ok": True, "person": person, "identities": rows}
        elif call.method == "sign-in/ticket" and call.resident == person:
            rows = [{"team_id": world.team, "name": "one", "identity": "identity-one"}]
            answer = {"ok": True, "person": person, "identities": rows}
        elif call.method == "sign-in/session":
            name = said["identity"].removeprefix("identity-")
            token = f"xoxc-test-{name}"
            answer = {"ok": True, "token": token, "user_id": "U1", "team_id": call.resident, "name": name}
            answer["expires_at"] = 99 if name == "one" else 199
        elif call.method == "sign-out":
            answer = {"ok": True}
        return cell_wire.Answer(id=call.id, status=200, body=json.dumps(answer).encode())

    for cell in (world.home, world.other, world.second):
        cell.handler = handler


async def _sign_in(world: World, email: str, password: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    assert world.http is not None
    url = f"http://{world.url}/sign-in/password"
    async with world.http.post(url, json={"email": email, "password": password}) as answer:
        return answer.status, await answer.json(), {one.key: one.value for one in answer.cookies.values()}


async def test_people_sign_in_with_the_directory_and_without_it(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        person = new_id("P")
        world.directory.publish(placed(person, world.home))
        await until(lambda: len(world.directory.acks) == 2)
        index = blind_index(LOOKUP_KEY, "email", EMAIL)
        world.directory.people[index] = world.home.people[index] = person
        _answers(world, person)
        status, body, cookies = await _sign_in(world, "  MARA@nordlicht.example ", "right")
        assert status == 200
        assert body == {
            "ok": True,
            "workspaces": [
                {"team_id": world.team, "name": "one", "token": "xoxc-test-one", "user_id": "U1"},
                {"team_id": world.american, "name": "two", "token": "xoxc-test-two", "user_id": "U1"},
            ],
            "expires_at": 99,
        }
        assert cookies == {"colink-fra": "xoxc-test-one"}
        refused: tuple[int, dict[str, Any], dict[str, str]]
        refused = (200, {"ok": False, "error": "invalid_login"}, {})
        assert await _sign_in(world, EMAIL, "wrong") == refused
        # Somebody unknown costs a cell the same work and gets the same answer.
        assert await _sign_in(world, "nobody@nordlicht.example", "right") == refused
        last = [cell.calls[-1][0] for cell in (world.home, world.second) if cell.calls]
        assert "" in {call.resident for call in last if call.method == "sign-in/password"}
        await world.stop_server("directory")
        assert (await _sign_in(world, EMAIL, "right"))[1]["ok"] is True
        assert await _sign_in(world, "nobody@nordlicht.example", "right") == refused
        ticket = world.ticket("sign_in", person)
        status, text = await world.get(f"/sign-in/{ticket}")
        assert (status, json.loads(text)["workspaces"][0]["token"]) == (200, "xoxc-test-one")
        assert (await world.get(f"/sign-in/{ticket[:-4]}AAAA"))[0] == 401


async def test_attempts_to_sign_in_are_limited_per_address(tmp_path: Path) -> None:
    async with running_world(tmp_path, sign_in={"attempts_per_minute": 2}) as world:
        _answers(world, new_id("P"))
        found = [(await _sign_in(world, EMAIL, "x"))[0] for _ in range(3)]
        assert found == [200, 200, 429]


async def test_the_three_shapes_of_an_upload_store_the_same_bytes(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        assert world.http is not None
        data = bytes(range(256)) * 4_000
        url = f"http://{world.url}/upload/{world.team}/"
        form = aiohttp.FormData()
        form.add_field("filename", "ignored")
        form.add_field("body", data, filename="Untitled", content_type="application/octet-stream")
        shapes: list[tuple[Any, dict[str, str]]] = [
            (data, {"content-type": "application/x-www-form-urlencoded"}),
            (data, {"content-type": "application/octet-stream"}),
            (form, {"authorization": "Bearer xoxb-test"}),
        ]
        for body, headers in shapes:
            ticket = world.ticket("upload")
            async with world.http.post(url + ticket, data=body, headers=headers) as answer:
                assert (answer.status, await answer.text()) == (200, f"OK - {len(data)}")
                assert answer.content_type == "text/plain"
            assert world.home.uploads[-1] == (ticket, data)
        stranger = world.ticket("upload", resident=world.american)
        async with world.http.post(url + stranger, data=b"x") as answer:
            assert answer.status == 401
        assert len(world.home.uploads) == 3


async def test_downloads_stream_with_headers_that_keep_them_out_of_pages(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        assert world.http is not None
        file, data = new_id("F"), bytes(range(256)) * 3_000
        world.home.files[file] = data
        url = f"http://{world.url}/files-pri/{world.team}-{file}/download"
        headers = {"authorization": f"Bearer {world.token()}"}
        async with world.http.get(url, headers=headers) as answer:
            assert await answer.read() == data
            assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''n%C3%A4me.html"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "sandbox" in answer.headers["content-security-policy"]
        async with world.http.get(url, headers=headers | {"range": "bytes=10-19"}) as answer:
            assert (answer.status, await answer.read()) == (206, data[10:20])
            assert answer.headers["content-range"] == f"bytes 10-19/{len(data)}"
        async with world.http.get(url) as answer:
            assert (answer.status, (await answer.json())["error"]) == (401, "not_authed")
        missing = url.replace(file, new_id("F"))
        async with world.http.get(missing, headers=headers) as answer:
            assert (answer.status, (await answer.json())["error"]) == (404, "file_not_found")


@pytest.mark.parametrize(("piece", "answered"), [(1, False), (600, True)], ids=["4 bytes/s", "2,400 bytes/s"])
async def test_a_body_that_hardly_comes_is_not_waited_for(tmp_path: Path, piece: int, answered: bool) -> None:
    """For two seconds, that is twice the time that is set."""
    pieces = 16
    async with running_world(tmp_path, calls={"slow_body_s": 1}) as world:
        host, _, port = world.url.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST /upload/{world.team}/{world.ticket('upload')} HTTP/1.1\r\nHost: {world.url}\r\n"
        writer.write(f"{head}Content-Length: {piece * pieces}\r\n\r\n".encode())
        try:
            for _ in range(pieces):
                writer.write(b"x" * piece)
                await writer.drain()
                await asyncio.sleep(0.25)
            first = await asyncio.wait_for(reader.readline(), 10)
        except ConnectionError:
            first = b""
        finally:
            writer.close()
        assert first == (b"HTTP/1.1 200 OK\r\n" if answered else b"")
        assert (await world.get("/readyz"))[0] == 200
