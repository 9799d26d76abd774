"""Logs, metrics and errors carry ids, never content: routes by their templates, database errors without
parameters, faults of settings and requests without what was sent.
"""

import asyncio
import logging
import random
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import grpc.aio
import httpx2
import pytest
import sqlalchemy as sa
from pydantic import BaseModel

from accord.errors import ColinkError
from accord.runtime import logs
from accord.runtime.metrics import Metrics
from accord.runtime.mtls import Trust
from accord.runtime.rpc_client import open_channel
from accord.runtime.settings import NodeSettings, Section, SettingsError, load
from directory.adapters.sql.engine import Engines
from directory.adapters.sql.tables import claims, metadata
from edge.entrypoints.http.api import Api
from regional_cell.adapters.sql.database import Database
from tests.support import wire
from tests.support.canaries import Canary, Form, forms, word
from tests.support.clients import Plain
from tests.support.federation import RunningDemo
from tests.support.hunt import Hunter

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def canary() -> Canary:
    """A fresh one."""
    core = word(random.Random())
    return Canary("said", "message_body", core, core)


def found_in_logs(demo: RunningDemo, canary: Canary) -> list[str]:
    """Logs of all processes that hold the canary in any form."""
    hunter: Hunter[Form] = Hunter(forms(canary))
    return sorted({find.place for find in hunter.in_folder(demo.data_dir / "logs")})


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Lines that this process logs, at the most talkative level."""
    written: list[str] = []
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("edge", "fra", "debug", write=written.append)
    root.setLevel(logging.DEBUG)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    logs.configure("edge", "fra", "error", write=lambda _: None)


async def test_the_access_log_names_the_route_and_not_the_path(lines: list[str], canary: Canary) -> None:
    inner: Any = None
    door = Api(inner, inner, inner, Metrics(), country=lambda: "DE", body_bytes_max=1_000)

    async def receive() -> Any:
        return {"type": "http.request", "body": canary.value.encode(), "more_body": False}

    async def send(message: Any) -> None:
        assert canary.core.encode() not in message.get("body", b"")

    for path, query in ((f"/api/{canary.core}", b""), ("/api/auth.test", f"q={canary.core}".encode())):
        headers = [(b"user-agent", canary.core.encode()), (b"content-type", canary.core.encode())]
        scope = {"type": "http", "method": "POST", "path": path, "query_string": query, "headers": headers}
        await door(scope, receive, send)
    assert [line for line in lines if "/api/unknown" in line]
    assert [line for line in lines if "/api/auth.test" in line]
    assert canary.core not in "".join(lines)


def test_what_libraries_log_loses_its_arguments(lines: list[str], canary: Canary) -> None:
    try:
        raise ValueError(canary.core)
    except ValueError:
        logging.getLogger("uvicorn.error").exception("failed with %s", canary.core)
        logging.getLogger("grpc").warning(f"could not read {canary.core}")
    assert len(lines) == 2
    assert canary.core not in "".join(lines)


def test_errors_of_the_directorys_database_hold_no_parameter(tmp_path: Path, canary: Canary) -> None:
    engines = Engines(f"sqlite:///{tmp_path / 'directory.db'}")
    metadata.create_all(engines.writer)
    row = {
        "jurisdiction": canary.core,
        "attribute": canary.core,
        "key_id": "k",
        "blind_index": canary.core.encode(),
        "resident": canary.core,
        "lease_id": canary.core,
    }
    said: list[str] = []
    for values in ([row], [{**row, "resident": None}]):
        with pytest.raises(sa.exc.DBAPIError) as failed, engines.writer.begin() as connection:
            connection.execute(sa.insert(claims), values)
        said += traceback.format_exception(failed.value)
    with pytest.raises(sa.exc.DBAPIError) as failed, engines.reader.connect() as connection:
        connection.execute(sa.text("SELECT :x FROM nothing"), {"x": canary.core})
    said += [str(failed.value), repr(failed.value)]
    engines.close()
    assert canary.core not in "".join(said)
    assert canary.core.encode().hex() not in "".join(said)


async def test_errors_of_a_cells_database_hold_no_parameter(tmp_path: Path, canary: Canary) -> None:
    database = Database(f"sqlite:///{tmp_path / 'cell.db'}")
    said: list[str] = []

    def insert_twice(connection: Any) -> None:
        connection.execute("CREATE TABLE t (x TEXT PRIMARY KEY) STRICT, WITHOUT ROWID")
        connection.execute("INSERT INTO t VALUES (?)", (canary.core,))
        connection.execute("INSERT INTO t VALUES (?)", (canary.core,))

    with pytest.raises(ColinkError) as refused:
        await database.write(insert_twice)
    said += [*traceback.format_exception(refused.value), str(refused.value.metadata)]
    with pytest.raises(ColinkError) as refused:
        await database.read(lambda c: c.execute(sa.text("SELECT :x FROM nothing"), {"x": canary.core}))
    said += [*traceback.format_exception(refused.value), str(refused.value.metadata)]
    database.close()
    assert canary.core not in "".join(said)


class _Named(Section):
    count: int
    kind: Literal["a", "b"]


class _Whole(BaseModel):
    node: NodeSettings
    named: _Named


@pytest.mark.parametrize("where", ["environment", "file"])
def test_faults_of_settings_hold_no_value(tmp_path: Path, canary: Canary, where: str) -> None:
    environ: dict[str, str] = {}
    config = tmp_path / "config.toml"
    if where == "environment":
        names = ("NODE__NAME", "NODE__PLANE", "NODE__JURISDICTION", "NAMED__COUNT", "NAMED__KIND")
        environ = {f"COLINK_{name}": f"{canary.core} !" for name in names}
        config.write_text("")
    else:
        node = f'name = "{canary.core} !"\nplane = "{canary.core}"\nother = "{canary.core}"\n'
        config.write_text(f'[node]\n{node}[named]\ncount = "{canary.core}"\nkind = "{canary.core}"\n')
    with pytest.raises(SettingsError) as refused:
        load(_Whole, config, environ, None)
    assert len(refused.value.faults) >= 4
    assert canary.core not in "".join(traceback.format_exception(refused.value))


def test_refused_requests_leave_no_word_in_any_log_or_answer(demo: RunningDemo, canary: Canary) -> None:
    said: list[bytes] = []
    person = demo.person("acme")
    for row in demo.ready["edges"]:
        with Plain(row, person["token"]) as plain:
            said += [
                plain.send("GET", f"{plain.url}/{canary.core}/x?y={canary.core}").body,
                plain.send("POST", plain.api + canary.core, json={"text": canary.core}).body,
                plain.send("GET", f"{plain.url}/upload/{canary.core}/{canary.core}").body,
                plain.send("GET", f"{plain.url}/files-pri/T0-{canary.core}/{canary.core}").body,
                plain.send("GET", f"{plain.url}/sign-in/{canary.core}").body,
                plain.send(
                    "POST", f"{plain.url}/sign-in/password", content=f'{{"email": "{canary.core}'
                ).body,
                plain.send("POST", f"{plain.url}/sign-in/password", json={"email": [canary.core]}).body,
                plain.send("PUT", plain.api + "auth.test", content=canary.core * 10).body,
                plain.call("conversations.history", channel=canary.core, limit=canary.core).body,
                plain.call("chat.postMessage", channel="C0", blocks=canary.core, text=canary.core).body,
                plain.call("conversations.list", cursor=canary.core, types=canary.core).body,
                plain.call("users.info", user=canary.core).body,
            ]
            plain.send("GET", plain.api + "api.test", params={"x": canary.core * 900})
    directory = demo.ready["directory"]["http"]
    for path in (f"/{canary.core}", f"/directory/v1/{canary.core}?x={canary.core}"):
        said.append(httpx2.get(directory + path).content)
    for cell in demo.ready["cells"]:
        said.append(httpx2.get(cell["health"] + f"/{canary.core}?x={canary.core}").content)
    assert len(said) == 41
    assert [body for body in said if canary.core.encode() in body] == []
    assert found_in_logs(demo, canary) == []


def test_a_peers_own_words_leave_no_trace_in_a_log(demo: RunningDemo, canary: Canary) -> None:
    """A method that does not exist, metadata, and a request that is no message."""

    async def speak(address: str, expect: str) -> None:
        trust = Trust.load(demo.data_dir / "trust")
        mtls = wire.certificate(demo, "iad", "edge")
        async with open_channel(address, mtls, trust, f"{expect}.{wire.FEDERATION}") as channel:
            for method in (f"/accord.wire.cell.v1.Gateway/{canary.core}", f"/{canary.core}/{canary.core}"):
                asking: Any = channel.unary_unary(method)
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await asking(canary.core.encode(), timeout=5, metadata=(("x-said", canary.core),))
                assert canary.core not in str(refused.value.details())
            find: Any = channel.unary_unary("/accord.wire.directory.v1.Directory/Find")
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await find(b"\xff" + canary.core.encode(), timeout=5)

    asyncio.run(speak(demo.ready["directory"]["grpc"], "directory"))
    for cell in demo.ready["cells"]:
        asyncio.run(speak(cell["grpc"], cell["name"]))
    assert found_in_logs(demo, canary) == []


def test_a_word_in_a_log_would_be_found(demo: RunningDemo, canary: Canary) -> None:
    path = demo.data_dir / "logs" / "fra.log"
    before = path.read_bytes()
    try:
        with path.open("ab") as file:
            file.write(f'{{"event": "planted", "why": "{canary.core.upper()}"}}\n'.encode())
        assert found_in_logs(demo, canary) == ["fra.log"]
    finally:
        path.write_bytes(before)
