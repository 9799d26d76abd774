"""The fail-open museum, as far as the edge could exhibit it: no default, nothing made up, no open route."""

import asyncio
from pathlib import Path

import pytest

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
from edge.domain.journal import Record
from tests.edge.support_world import running_world
from tests.residency.exhibits import routing_of


@pytest.mark.parametrize(
    "failure",
    [NotReadyError(), HomeUnreachableError(), OutcomeUnknownError(), InternalError(), PeerRefusedError()],
)
async def test_exhibit_1_no_error_of_the_resolver_falls_to_a_default_cell(
    tmp_path: Path, failure: ColinkError
) -> None:
    with pytest.raises(NotReadyError):
        await routing_of(tmp_path, failure).resolve(new_id("T"))


async def test_exhibit_2_an_unknown_resident_is_refused_and_not_placed(tmp_path: Path) -> None:
    routing = routing_of(tmp_path, None)
    stranger = new_id("T")
    with pytest.raises(UnknownResidentError):
        await routing.resolve(stranger)
    with pytest.raises(UnknownResidentError):
        routing.resolve_now(stranger)
    with pytest.raises(NotReadyError):
        routing.resolve_now(new_id("T"))


async def test_a_record_signed_by_nobody_known_changes_nothing(tmp_path: Path) -> None:
    routing = routing_of(tmp_path, None)
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
