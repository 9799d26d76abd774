"""The fail-open museum, as far as the edge could exhibit it: no default, nothing made up, no open route."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from accord.clock import ManualClock
from accord.errors import (
    ColinkError,
    HomeUnreachableError,
    InternalError,
    NotReadyError,
    OutcomeUnknownError,
    PeerRefusedError,
    UnknownResidentError,
)
from accord.ids import new_id
from accord.signing import KeyRing
from edge.adapters.directory.parsing import parse_delta
from edge.adapters.local.files import JournalFiles
from edge.domain.journal import Record
from edge.domain.routes import CellRoute, Delta, Placement
from edge.ports import LookupIndex, RouteFeed, SignedBundle
from edge.services.routing import Routing
from tests.edge.support_world import running_world


class _Away:
    """A directory that only fails, in the way given."""

    def __init__(self, failure: ColinkError | None) -> None:
        self.failure = failure

    def watch(self, watch_version: int, last_hash: bytes) -> RouteFeed:
        raise AssertionError

    async def resolve(self, resident: str, deadline_s: float) -> Placement | None:
        if self.failure is not None:
            raise self.failure
        return None

    async def find(self, indexes: Sequence[LookupIndex], deadline_s: float) -> str:
        raise AssertionError

    def watch_bundle(self, held_version: int) -> AsyncIterator[SignedBundle]:
        raise AssertionError

    async def acknowledge(self, version: int, bundle_hash: bytes) -> None:
        raise AssertionError


def _routing(folder: Path, failure: ColinkError | None) -> Routing:
    routing = Routing(
        JournalFiles(folder),
        _Away(failure),
        KeyRing(),
        parse_delta,
        ManualClock(),
        signers=KeyRing(),
        age_s_max=1,
    )
    # A cell is there and willing: it must not be taken.
    cell = CellRoute("de-fra", "DE", "eu-central-1", ("127.0.0.1:1",), "active", 1)
    routing.table.apply(Delta(1, 1, True, cells=(cell,)))
    return routing


@pytest.mark.parametrize(
    "failure",
    [NotReadyError(), HomeUnreachableError(), OutcomeUnknownError(), InternalError(), PeerRefusedError()],
)
async def test_exhibit_1_no_error_of_the_resolver_falls_to_a_default_cell(
    tmp_path: Path, failure: ColinkError
) -> None:
    with pytest.raises(NotReadyError):
        await _routing(tmp_path, failure).resolve(new_id("T"))


async def test_exhibit_2_an_unknown_resident_is_refused_and_not_placed(tmp_path: Path) -> None:
    routing = _routing(tmp_path, None)
    stranger = new_id("T")
    with pytest.raises(UnknownResidentError):
        await routing.resolve(stranger)
    with pytest.raises(UnknownResidentError):
        routing.resolve_now(stranger)
    with pytest.raises(NotReadyError):
        routing.resolve_now(new_id("T"))


async def test_a_record_signed_by_nobody_known_changes_nothing(tmp_path: Path) -> None:
    routing = _routing(tmp_path, None)
    assert await routing.take(Record(b"", bytes(8), bytes(64))) == "signature"
    assert not routing.ready
    assert not (tmp_path / "journal").exists()


async def test_exhibit_4_a_route_outside_the_table_is_404_and_reaches_no_cell(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        headers = {"authorization": f"Bearer {world.token()}"}
        for path in (
            "/",
            "/api",
            "/apis/auth.test",
            "/scim/v2/Users",
            "/files-pri",
            "/upload/x",
            "//api/auth.test",
        ):
            assert (await world.get(path, headers=headers))[0] == 404, path
        assert (await world.get("/api/", headers=headers))[1] == '{"ok":false,"error":"unknown_method"}'
        await asyncio.sleep(0.05)
        assert world.home.calls == world.other.calls == world.second.calls == []
