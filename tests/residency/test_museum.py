"""The fail-open museum: seven choices that favour availability and breach residency. Each has a test against
the real code, in process and in real processes, and a test that it is noticed when the guard is gone.
"""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from accord.errors import ColinkError, HomeUnreachableError, InternalError, NotReadyError, PeerRefusedError
from accord.identity import mint, new_token_id
from accord.ids import new_id
from accord.signing import SigningKey
from edge.domain.methods import METHODS
from edge.domain.routes import Placement
from edge.services.routing import Routing
from regional_cell.adapters.local.search_fts5 import Fts5Index
from residency_policies.model import FloorPack
from residency_policies.world import World, _Choice
from tests.residency.alone import SPOILT, Alone
from tests.residency.exhibits import (
    check_exhibit_1,
    check_exhibit_2,
    check_exhibit_4,
    check_exhibit_6,
    check_exhibit_7,
)
from tests.support.clients import Plain
from tests.support.federation import RunningDemo

pytestmark = pytest.mark.timeout(600)

EDGES = ("fra", "iad", "bom")
FAILURES = (NotReadyError(), HomeUnreachableError(), InternalError(), PeerRefusedError())


def stranger(demo: RunningDemo) -> str:
    """A token that proves, for a workspace that nobody placed."""
    seed = (demo.data_dir / "cells/de-fra/secrets/keys__signing_seed").read_text("ascii")
    payload = {"i": new_token_id(), "r": new_id("T"), "u": new_id("U"), "t": int(time.time())}
    return mint(SigningKey.from_seed(bytes.fromhex(seed)), "xoxp-", payload)


@pytest.fixture
def frozen_directory(demo: RunningDemo) -> Iterator[None]:
    """The directory takes connections and answers nothing."""
    demo.companion("kill", "directory", "--signal", "STOP")
    try:
        yield
    finally:
        demo.companion("kill", "directory", "--signal", "CONT")


# --- 1: any error of the resolver falls to the route's default ----------------------------------------


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.reason)
async def test_exhibit_1_no_error_of_the_resolver_falls_to_a_default_cell(
    tmp_path: Path, failure: ColinkError
) -> None:
    await check_exhibit_1(tmp_path, failure)


@pytest.mark.usefixtures("frozen_directory")
@pytest.mark.parametrize("name", EDGES)
def test_exhibit_1_with_the_directory_frozen_an_edge_answers_503_and_asks_no_cell(
    demo: RunningDemo, name: str
) -> None:
    with Plain(demo.edge(name), stranger(demo)) as plain:
        answer = plain.call("auth.test")
    assert (answer.status, answer.error) == (503, "service_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert "x-cell" not in answer.headers


async def test_exhibit_1_is_noticed_without_its_guard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def or_default(self: Routing, resident: str, deadline_s: float) -> Placement:
        return Placement(resident, next(iter(self.table.cells)), 1, 1, 1, b"")

    monkeypatch.setattr(Routing, "_ask", or_default)
    with pytest.raises(AssertionError, match="answered with the cell de-fra"):
        await check_exhibit_1(tmp_path, NotReadyError())


# --- 2: unknown, or before the first sync: a default cell ---------------------------------------------


async def test_exhibit_2_an_unknown_id_is_refused_and_so_is_any_before_the_first_sync(tmp_path: Path) -> None:
    await check_exhibit_2(tmp_path)


@pytest.mark.parametrize("name", EDGES)
def test_exhibit_2_a_proven_token_of_an_unknown_workspace_opens_nothing(demo: RunningDemo, name: str) -> None:
    with Plain(demo.edge(name), stranger(demo)) as plain:
        answer = plain.call("auth.test")
    assert (answer.status, answer.error) == (200, "invalid_auth")
    assert "x-cell" not in answer.headers


def test_exhibit_2_an_edge_that_never_heard_the_directory_serves_nobody(
    demo: RunningDemo, tmp_path: Path
) -> None:
    alone = Alone(demo, "edge", tmp_path / "edge")
    with alone.running():
        assert httpx2.get(alone.http + "/readyz").status_code == 503
        token = {"authorization": f"Bearer {demo.person('initech')['token']}"}
        answer = httpx2.post(alone.http + "/api/auth.test", headers=token, timeout=20)
        assert answer.json()["ok"] is False
        assert "x-cell" not in answer.headers


async def test_exhibit_2_is_noticed_without_its_guard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def made_up(self: Routing, resident: str, deadline_s: float = 2.0) -> Placement:
        return Placement(resident, "de-fra", 1, 1, 1, b"")

    monkeypatch.setattr(Routing, "resolve", made_up)
    with pytest.raises(pytest.fail.Exception):
        await check_exhibit_2(tmp_path)


# --- 3: a secret is missing: warn, and go on without ---------------------------------------------------

KEYS: dict[str, dict[str, str]] = {
    "directory": {
        "secrets/keys__routes_seed": "keys.routes_seed",
        "secrets/keys__bundle_seed": "keys.bundle_seed",
        "secrets/keys__log_seed": "keys.log_seed",
        "secrets/keys__officers_key": "keys.officers_key",
        "tls/directory.key": "mtls.key_file",
        "tls/directory.pem": "mtls.certificate_file",
    },
    "regional_cell": {
        "secrets/keys__signing_seed": "keys.signing_seed",
        "secrets/keys__cell_key": "keys.cell_key",
        "secrets/keys__ledger_seed": "keys.ledger_seed",
        "secrets/lookup_keys.json": "lookup_keys",
        "tls/cell.key": "mtls.key_file",
    },
    "edge": {
        "secrets/lookup_keys.json": "lookup_keys",
        "tls/edge.key": "mtls.key_file",
        "tls/edge.pem": "mtls.certificate_file",
    },
}


# Half of a key is no key either; that every kind of file is looked into is enough here.
CUT = {
    "directory": ("secrets/keys__bundle_seed", "tls/directory.key"),
    "regional_cell": ("secrets/keys__cell_key", "tls/cell.key"),
    "edge": ("tls/edge.key",),
}


@pytest.mark.parametrize("plane", KEYS)
@pytest.mark.parametrize("how", SPOILT)
def test_exhibit_3_a_plane_without_one_of_its_keys_does_not_start_and_names_it(
    demo: RunningDemo, tmp_path: Path, plane: str, how: str
) -> None:
    def start(number: int, key: str) -> tuple[str, int | None, str]:
        alone = Alone(demo, plane, tmp_path / str(number))
        SPOILT[how](alone.folder / key)
        return key, *alone.refused()

    keys = tuple(KEYS[plane]) if how == "missing" else CUT[plane]
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(start, range(len(keys)), keys))
    for key, status, said in ended:
        assert status == 2, f"{plane} with {key} {how}: status {status}\n{said}"
        assert KEYS[plane][key] in said, f"{key} {how} is not named:\n{said}"
        assert "Traceback" not in said


def test_exhibit_3_is_noticed_without_its_guard(demo: RunningDemo, tmp_path: Path) -> None:
    """Settings that make up a missing seed: the directory starts, and the exhibit's question says so."""
    alone = Alone(demo, "directory", tmp_path / "directory")
    (alone.folder / "secrets/keys__routes_seed").unlink()
    made_up = [
        "import runpy, sys",
        "from accord.runtime import settings",
        "real = settings._from_secrets",
        "def or_made_up(cls, folder, faults):",
        "    values = real(cls, folder, faults)",
        "    values.setdefault('keys', {}).setdefault('routes_seed', b'00' * 32)",
        "    return values",
        "settings._from_secrets = or_made_up",
        f"sys.argv = ['directory', '--config', {str(alone.config)!r}, '--migrate']",
        "runpy.run_module('directory', run_name='__main__')",
    ]
    status, _ = alone.refused([sys.executable, "-P", "-c", "\n".join(made_up)])
    assert status is None, "without its guard the directory starts"


# --- 4: an unknown URL is handled locally, or goes to the historic region -----------------------------


@pytest.mark.parametrize("path", ["/api/", "/api/chat.nothing", "/api/../auth.test", "/api/auth.test/x"])
async def test_exhibit_4_an_unknown_method_goes_no_further_than_the_door(path: str) -> None:
    await check_exhibit_4(path)


@pytest.mark.parametrize("name", EDGES)
def test_exhibit_4_a_route_outside_the_table_is_404_at_every_edge(demo: RunningDemo, name: str) -> None:
    person = demo.person("acme")
    with Plain(demo.edge(name), person["token"]) as plain:
        for path in ("/", "/api", "/apis/auth.test", "/scim/v2/Users", "/v1/", "//api/auth.test", "/files"):
            answer = plain.send("POST", plain.url + path, json={"channel": "C1"})
            assert answer.status == 404, path
            assert "x-cell" not in answer.headers, path
        answer = plain.call("chat.nothing")
        assert answer.error == "unknown_method"
        assert "x-cell" not in answer.headers
        assert plain.call("auth.test").headers["x-cell"] == "de-fra", "a known one does reach the cell"


async def test_exhibit_4_is_noticed_without_its_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.entrypoints.http.api.METHODS", METHODS | {"chat.nothing"})
    with pytest.raises(AssertionError, match="beyond the door"):
        await check_exhibit_4("/api/chat.nothing")


# --- 5 stands in test_museum_guards -------------------------------------------------------------------

# --- 6: a forbid whose evaluation errors is skipped ---------------------------------------------------


def test_exhibit_6_a_forbid_that_cannot_be_decided_denies_and_is_named() -> None:
    check_exhibit_6()


def test_exhibit_6_is_noticed_without_its_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    real = World._adequacy

    def skipping(self: World, floor: FloorPack) -> Iterator[_Choice]:
        return (_Choice(choice.ground, ended=False) for choice in real(self, floor))

    monkeypatch.setattr(World, "_adequacy", skipping)
    with pytest.raises(AssertionError, match="was skipped"):
        check_exhibit_6()


# --- 7: the follow-up of a committed write is best effort (in processes: test_museum_tails) -----------


async def test_exhibit_7_a_follow_up_moves_its_position_with_its_effect(tmp_path: Path) -> None:
    await check_exhibit_7(tmp_path)


async def test_exhibit_7_is_noticed_without_its_guard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Fts5Index._index

    def position_first(self: Fts5Index, resident: str, through: int, documents: Any, removed: Any) -> None:
        real(self, resident, through, [], [])
        real(self, resident, through, documents, removed)

    monkeypatch.setattr(Fts5Index, "_index", position_first)
    with pytest.raises(AssertionError, match="stopped at documents"):
        await check_exhibit_7(tmp_path)
