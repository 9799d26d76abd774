"""The HTTP face shows facts, and no more than it should."""

from collections.abc import Mapping

import pytest
from fastapi.testclient import TestClient

from accord.ids import new_id
from accord.runtime.metrics import Metrics
from directory.adapters.memory.store import MemoryStore
from directory.entrypoints.http.app import make_app
from tests.directory.world import World


async def face(ready: bool = True, begun: bool = True) -> tuple[World, TestClient]:
    world = World(MemoryStore())
    if begun:
        await world.begin()

    async def readiness() -> Mapping[str, bool]:
        return {"store": True, "bundle": ready}

    return world, TestClient(make_app(world.cells, world.bundles, Metrics(), readiness))


async def test_health_names_each_dependency() -> None:
    _, client = await face()
    assert client.get("/livez").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"ready": True, "parts": {"store": True, "bundle": True}},
    )
    _, client = await face(ready=False)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["parts"]["bundle"]) == (503, False)


async def test_cells_are_listed_without_keys_and_residents() -> None:
    world, client = await face()
    cell = await world.admit()
    resident = new_id("T")
    await world.placements.place(cell.peer, cell.asks(resident))
    body = client.get("/directory/v1/cells").text
    assert client.get("/directory/v1/cells").json()["cells"][0]["residents"] == 1
    for secret in (resident, cell.key.key_id, "CERTIFICATE", "127.0.0.1"):
        assert secret not in body


async def test_the_active_bundle_can_be_read_and_checked() -> None:
    world, client = await face()
    found = client.get("/directory/v1/bundles/active").json()
    assert found["version"] == 1
    assert found["key_id"] == world.bundle_key.key_id
    assert found["bundle"]["schema"] == "bundle/v1"


async def test_a_bundle_that_is_or_was_in_force_can_be_read_by_its_version() -> None:
    _, client = await face()
    active = client.get("/directory/v1/bundles/active").json()
    assert client.get("/directory/v1/bundles/1").json() == active
    missing = client.get("/directory/v1/bundles/2")
    assert (missing.status_code, missing.json()) == (404, {"error": "NOT_FOUND", "thing": "bundle"})
    assert client.get("/directory/v1/bundles/0").status_code == 400
    assert client.get("/directory/v1/bundles/one").status_code == 400


async def test_without_a_bundle_the_answer_is_a_typed_error() -> None:
    _, client = await face(begun=False)
    answer = client.get("/directory/v1/bundles/active")
    assert (answer.status_code, answer.json()) == (503, {"error": "NOT_READY", "what": "bundle"})


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_nothing_can_be_changed_by_http(method: str) -> None:
    _, client = await face()
    assert client.request(method, "/directory/v1/cells").status_code == 405
    assert client.get("/openapi.json").status_code == 404
    assert client.get("/directory/v1/policies").status_code == 404
    assert client.get("/directory/v1/residents").status_code == 404
