"""Every route of the edge, found in its code, answers whatever comes with a typed refusal, and serves on."""

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from yarl import URL

from accord.ids import new_id, new_secret
from accord.wire.cell.v1 import gateway_pb2 as cell_wire
from edge.entrypoints import http
from edge.entrypoints.http.app import API, HEALTH, WEBHOOKS
from tests.edge.support_fakes import FakeCell, Session
from tests.edge.support_world import World, running_world
from tests.support.attacks import FORM, MULTIPART, attacks, forms, multiparts

TEXT = cell_wire.Header(name="content-type", value="text/plain; charset=utf-8")
# Verb, and what a body holds when it is meant well.
ROUTES: dict[str, tuple[str, dict[str, Any]]] = {
    "/api/": ("POST", {"channel": "C00000000FFFF", "text": "x", "error": "y", "token": "z"}),
    "/services/": ("POST", {"text": "x", "thread_ts": "1.2"}),
    "/sign-in/password": ("POST", {"email": "ann@example.com", "password": "p", "totp": ""}),
    "/sign-in/{ticket}": ("GET", {}),
    "/sign-out": ("POST", {}),
    "/upload/{team}/{ticket}": ("POST", {"file": "x"}),
    "/files-pri/{name}": ("GET", {}),
    "/files-pri/{name}/{rest:path}": ("GET", {}),
    "/livez": ("GET", {}),
    "/readyz": ("GET", {}),
    "/metrics": ("GET", {}),
}
CONTENT_TYPES = (
    "application/json",
    "",
    "image/png",
    "application/json; charset=utf-16",
    "multipart/form-data",
    "multipart/form-data; boundary=" + "x" * 300,
    "multipart/form-data; boundary*=a''x; boundary*0*=y",
    "application/x-www-form-urlencoded; boundary*" + "9" * 5_000 + "*=x",
    "text/plain; charset=\u00ff",
    ";",
)
BODIES = (
    b"--x\r\n\r\n",
    b"--" + b"x" * 300 + b"\r\n\r\n",
    b"\x1f\x8b\x08\x00" + b"\0" * 400,
    b"token=%ff%00&token=a",
    b"&".join(b"a%d=1" % n for n in range(5_000)),
    b"\xff\xfe{\0}\0",
    b'{"token":"\\ud83d"}',
    b"token=" + b"t" * 70_000,
)
AUTHORIZATIONS = (
    "Bearer",
    "Bearer  ",
    "Basic dTpw",
    "Bearer xoxp-.",
    "Bearer xoxp-a.b",
    "bearer xoxb-" + "A" * 2_000,
    "Bearer \u00ff\u00fe",
    "Bearer a b c",
    "Bearer " + "." * 500,
)


def mounted() -> Iterator[str]:
    """Paths that the doors of the edge add to its application."""
    web = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for module in iter_modules(http.__path__, http.__name__ + "."):
        for kind in vars(import_module(module.name)).values():
            if isinstance(kind, type) and hasattr(kind, "mount") and kind.__module__ == module.name:
                door: Any = object.__new__(kind)
                door.mount(web)
    yield from (route.path for route in web.routes if isinstance(route, APIRoute))


def test_every_route_of_the_edge_has_a_row() -> None:
    assert {*mounted(), API, WEBHOOKS, *HEALTH} == set(ROUTES)


def addresses(world: World, route: str) -> list[str]:
    """Concrete paths of a route: one that is good in form, and others."""
    if route == API:
        return [
            "/api/chat.postMessage",
            "/api/api.test",
            "/api/",
            "/api/../x",
            "/api/%00",
            "/api/chat.postMessage?token=%ff",
        ]
    if route == WEBHOOKS:
        return [f"/services/{world.team}/{new_id('B')}/{new_secret()}", "/services/", "/services/%2e%2e/a/b"]
    names = {
        "{ticket}": [
            world.ticket("sign_in"),
            world.ticket("rtm"),
            "x",
            "A" * 3_000,
            "%00",
            "%ff%fe",
            "%F0%9F%92%A5",
        ],
        "{team}": [world.team, world.american, new_id("T"), new_id("P"), "%2e%2e"],
        "{name}": [
            f"{world.team}-{new_id('F')}",
            f"{new_id('T')}-{new_id('F')}",
            f"{world.team}-",
            "%2e%2e-x",
            "x" * 900,
        ],
        "{rest:path}": ["a.txt", "%2e%2e/%2e%2e/etc/passwd", "%00"],
    }
    paths = [route]
    for name, values in names.items():
        if name in route:
            paths = [path.replace(name, value) for path in paths for value in values]
    return paths


async def ask(
    world: World, verb: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """Status, content type and body."""
    assert world.http is not None
    url = URL(f"http://{world.url}{path}", encoded=True)
    async with world.http.request(verb, url, data=body, headers=headers, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("content-type", ""), await answer.text(errors="replace")


def judge(how: object, said: tuple[int, str, str]) -> None:
    """What each answer must be: typed, no error of ours, and nothing of the inside."""
    status, kind, body = said
    assert status < 500 or status == 503, (how, said)
    for word in (
        "Traceback",
        "site-packages",
        ".py",
        "internal_error",
        "fatal_error",
        "Internal Server Error",
    ):
        assert word not in body, (how, said)
    if kind.startswith("application/json"):
        fields = json.loads(body)
        assert status == 200 or fields["ok"] is False or "ready" in str(fields), (how, said)
        # What `api.test` was told to say, it says.
        named = fields.get("ok", True) or "args" in fields or fields["error"].replace("_", "").isalnum()
        assert named, (how, said)
    else:
        assert kind.startswith("text/plain") or status in (302, 405), (how, said)


@pytest.mark.timeout(900)
async def test_every_route_answers_whatever_comes_with_a_typed_refusal(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:

        async def refuse(
            cell: FakeCell, session: Session, call: cell_wire.Call, body: bytes
        ) -> cell_wire.Answer:
            if call.method == "webhook":
                return cell_wire.Answer(id=call.id, status=404, headers=[TEXT], body=b"no_service")
            return cell_wire.Answer(id=call.id, status=200, body=b'{"ok":false,"error":"invalid_auth"}')

        world.home.handler = world.other.handler = world.second.handler = refuse
        tried = 0
        for route, (verb, fields) in ROUTES.items():
            paths = addresses(world, route)
            for path in paths:
                for other in (verb, "GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
                    judge((other, path), await ask(world, other, path))
            tokens = [
                {"authorization": f"Bearer {world.token()}"},
                *({"authorization": text} for text in AUTHORIZATIONS),
            ]
            for headers in tokens:
                judge((path, headers), await ask(world, verb, paths[0], b"{}", headers))
            cookie = {"cookie": "d=" + "x" * 3_000 + "; \u00ff; ;;="}
            judge((path, cookie), await ask(world, verb, paths[0], b"", cookie))
            for kind in CONTENT_TYPES:
                for body in BODIES:
                    headers = {"content-type": kind} if kind else {}
                    judge((route, kind, body[:20]), await ask(world, verb, paths[0], body, headers))
                    tried += 1
            for path in {paths[0], *(["/api/api.test"] if route == API else [])}:
                for kind, made in (("application/json", attacks), (FORM, forms), (MULTIPART, multiparts)):
                    for attack in made(fields):
                        typed = {"content-type": kind}
                        judge((path, kind, attack), await ask(world, verb, path, attack.body, typed))
                        tried += 1
        assert tried > 4_000
        assert "_failed" not in world.log()
        assert (await world.api("api.test"))[1]["ok"] is True
