"""Every route of the directory, found in its application, answers whatever comes with a typed refusal."""

import json
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path

import pytest
from fastapi import FastAPI

from accord.errors import Reason
from accord.ids import new_id
from accord.runtime.metrics import Metrics
from directory.adapters.memory.store import MemoryStore
from directory.entrypoints.http.app import OfficerDoors, make_app
from tests.directory.process import Directory
from tests.directory.test_process import admit
from tests.directory.world import World
from tests.support.attacks import FORM, MULTIPART, attacks, forms, multiparts

ROUTES = (
    "/directory/v1/bundles/active",
    "/directory/v1/bundles/{version}",
    "/directory/v1/cells",
    "/livez",
    "/metrics",
    "/readyz",
)
DOORS = {
    "/directory/v1/halts": "GET POST",
    "/directory/v1/halts/{number}": "DELETE",
    "/directory/v1/halts/{number}/approvals": "POST",
    "/directory/v1/officers": "GET",
    "/directory/v1/officers/enrolments": "POST",
    "/directory/v1/officers/sessions": "POST",
    "/directory/v1/officers/sessions/current": "DELETE",
    "/directory/v1/officers/{name}": "DELETE",
    "/directory/v1/policies": "GET POST",
    "/directory/v1/policies/removals": "POST",
    "/directory/v1/policies/rollbacks": "POST",
    "/directory/v1/policies/{number}": "GET",
    "/directory/v1/policies/{number}/activations": "POST",
    "/directory/v1/policies/{number}/analyses": "POST",
    "/directory/v1/policies/{number}/approvals": "POST",
    "/directory/v1/policies/{number}/evidence": "GET",
    "/directory/v1/policies/{number}/shadows": "DELETE POST",
    "/directory/v1/policies/{number}/withdrawals": "POST",
    "/directory/v1/policy-log": "GET",
    "/directory/v1/rollout": "GET",
    "/directory/v1/unlawful-conversations": "GET",
    "/directory/v1/policy-log/consistency": "GET",
}
"""Doors of officers to the verbs that open them."""
VERBS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "X" * 40)
REASONS = {reason.value for reason in Reason} - {Reason.INTERNAL.value}
BODIES = (("application/json", attacks), (FORM, forms), (MULTIPART, multiparts), ("", attacks))
VALUES = ("", "x" * 3_000, "\u00ff", "../../etc/passwd", "bytes=0-1,-1", "Bearer xoxp-a.b", "websocket")
NAMES = "?limit=x&cursor=x&name=x&resident=x&version=x&id=x&after=x&kind=x&cell=x"
ENDS = ("%00", "%ff%fe", "/..%2f..%2fetc%2fpasswd", "/../../etc/passwd", ";x", "?a=%ff", NAMES, "x" * 3_000)
# What the library says of a request line that it cannot read.
UNREADABLE = "Invalid HTTP request received."
SIZE = 60_000
WAIT_S = 10.0
NO_HTTP = (
    b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET /livez HTTP/9.9\r\n\r\n",
    b"GET /livez\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /\x00\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /livez HTTP/1.1\r\n" + b"X-A: b\r\n" * 20_000 + b"\r\n",
    b"GET /livez HTTP/1.1\r\nX-A: " + b"b" * 200_000 + b"\r\n\r\n",
    b"\r\n" * 1_000,
    b"",
)


async def no_parts() -> Mapping[str, bool]:
    """Nothing that may be missing."""
    return {}


def made() -> FastAPI:
    """The application over a store of its own."""
    world = World(MemoryStore())
    doors = OfficerDoors(
        world.officers,
        world.review,
        world.rollout,
        world.halts,
        world.log,
        world.evidence,
        world.shadow,
        world.shadows,
        world.unlawful,
    )
    return make_app(world.cells, world.bundles, Metrics(), no_parts, doors)


def paths(route: str) -> Iterator[str]:
    """The route, and what resembles it."""
    yield route
    yield route + "/"
    yield route.upper()
    yield "/" + route
    yield route + "/" + new_id("T")
    yield route.replace("e", "%65", 1)
    for end in ENDS:
        yield route + end
    yield route + "?" + "&".join(f"a{number}={number}" for number in range(3_000))


def headers() -> Iterator[dict[str, str]]:
    """Heads of requests."""
    for name in ("authorization", "cookie", "x-forwarded-for", "accept", "range", "if-none-match", "upgrade"):
        for value in VALUES:
            yield {name: value}


class Asked:
    """Asks the directory's HTTP face and judges each answer."""

    def __init__(self, port: int) -> None:
        self._link = HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
        self.count = 0

    def ask(
        self, verb: str, path: str, body: bytes = b"", head: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Status and body of an answer that is as every answer must be."""
        self.count += 1
        self._link.request(verb, path, body, dict(head or {}))
        answer = self._link.getresponse()
        said, how = answer.read().decode(), (verb, path[:90], body[:60], head)
        assert answer.status < 500 or answer.status == 503, (how, answer.status)
        for word in ("Traceback", "site-packages", ".py", "Internal Server Error", "CERTIFICATE"):
            assert word not in said, (how, word)
        if said == UNREADABLE:
            assert answer.status == 400
            assert verb not in VERBS[:7], how
        elif answer.status >= 400 and verb != "HEAD" and not path.startswith("/readyz"):
            assert json.loads(said)["error"] in REASONS, (how, said)
        return answer.status, said


@pytest.fixture
async def directory(tmp_path: Path) -> AsyncIterator[Directory]:
    running = Directory(tmp_path).write()
    assert running.run("migrate").returncode == 0
    running.start()
    try:
        await admit(running)
        yield running
    finally:
        running.kill()


def test_every_route_of_the_directory_is_attacked() -> None:
    assert sorted(made().openapi()["paths"]) == sorted([*ROUTES, *DOORS])
    for path, verbs in DOORS.items():
        assert {verb.upper() for verb in made().openapi()["paths"][path]} == set(verbs.split())


@pytest.mark.timeout(240)
async def test_every_route_answers_whatever_comes_with_a_typed_refusal(directory: Directory) -> None:
    asked = Asked(directory.http)
    for route in ROUTES:
        meant = asked.ask("GET", route)[0]
        for path in paths(route):
            for verb in VERBS:
                status, _ = asked.ask(verb, path)
                assert status >= 400 or verb == "GET", (verb, path)
        for head in headers():
            assert asked.ask("GET", route, head=head)[0] == meant, head
        for kind, bodies in BODIES:
            for attack in bodies({"resident": new_id("T"), "limit": 1}, SIZE):
                head = {"content-type": kind} if kind else {}
                assert asked.ask("GET", route, attack.body, head)[0] == meant, attack
                if attack.kind != "oversized":
                    assert asked.ask("POST", route, attack.body, head)[0] == 405, attack
    assert asked.count > 5_000
    assert asked.ask("GET", "/livez")[0] == 200


@pytest.mark.timeout(240)
async def test_every_door_of_officers_answers_whatever_comes_with_a_typed_refusal(
    directory: Directory,
) -> None:
    asked = Asked(directory.http)
    good = {"name": "de-one", "password": "x" * 12, "secret": "x" * 43, "code": "123456", "document": "x"}
    for door, verbs in DOORS.items():
        route = door.replace("{number}", "1").replace("{name}", "de-one")
        for verb in verbs.split():
            for token in ("", "Bearer ", "Bearer x", "Basic eDp5", "Bearer " + "x" * 43, "x" * 3_000):
                status, _ = asked.ask(verb, route, head={"authorization": token})
                assert 400 <= status < 500, (verb, route, token)
            for end in ENDS:
                assert asked.ask(verb, route + end)[0] >= 400, (verb, route, end)
            if verb == "POST":
                for attack in attacks(good, SIZE):
                    head = {"content-type": "application/json"}
                    assert asked.ask(verb, route, attack.body, head)[0] >= 400, (route, attack)
    assert asked.ask("GET", "/livez")[0] == 200


async def test_what_is_no_http_ends_its_connection_and_nothing_else(directory: Directory) -> None:
    asked = Asked(directory.http)
    for data in NO_HTTP:
        said = b""
        with socket.create_connection(("127.0.0.1", directory.http), WAIT_S) as link:
            try:
                link.sendall(data)
                link.shutdown(socket.SHUT_WR)
                while chunk := link.recv(65_536):
                    said += chunk
            except ConnectionError:
                pass
        assert said == b"" or 200 <= int(said.split(b" ", 2)[1]) < 500, (data[:60], said[:100])
        assert b"Traceback" not in said
        assert b".py" not in said
        assert asked.ask("GET", "/livez")[0] == 200
