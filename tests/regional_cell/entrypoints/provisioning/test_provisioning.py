"""Promises of provisioning: over the operator's door, in bulk, and whatever breaks off in between."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from accord.errors import (
    ConflictError,
    NotReadyError,
    PeerRefusedError,
    TokenInvalidError,
    UnknownResidentError,
)
from accord.ids import new_id
from accord.runtime.rpc_client import call, open_channel
from accord.wire.cell.v1 import operations_pb2 as pb
from accord.wire.cell.v1 import operations_pb2_grpc as stubs
from regional_cell.services.provisioning import PersonSpec, UserSpec, WorkspaceSpec
from tests.regional_cell.cells import CELL, FEDERATION, Site, TestedCell, make_site, running

WORKS = WorkspaceSpec("Works", "works", "", "", "DE", ("DE",), ())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)


def people(count: int, first: int = 0) -> list[PersonSpec]:
    return [PersonSpec(f"p{number}@example.com", f"P {number}") for number in range(first, first + count)]


async def head_of(cell: TestedCell, resident: str) -> int:
    record = await cell.stores.log.record(resident)
    return record.head if record is not None else 0


async def test_operators_provision_over_tls_and_nobody_else_does(site: Site) -> None:
    async with running(site):
        for name, admitted in (("operator", True), ("fra", False), ("ber", False)):
            channel = open_channel(
                f"127.0.0.1:{site.grpc}", site.mtls(name, "deploy"), site.trust, f"{CELL}.{FEDERATION}"
            )
            stub = stubs.ProvisioningStub(channel)
            spec = pb.PersonSpec(email="ann@example.com", real_name="Ann", password="long enough")
            request = pb.CreatePersonsRequest(establishment="DE", persons=[spec])
            if admitted:
                answer = await call(stub.CreatePersons, request, 10)
                assert [person.reason for person in answer.persons] == [""]
                status = await call(stubs.OperationsStub(channel).Status, pb.StatusRequest(), 5)
                assert (status.cell, status.state, status.residents) == (CELL, "ready", 1)
            else:
                with pytest.raises(PeerRefusedError):
                    await call(stub.CreatePersons, request, 10)
            await channel.close()


async def test_five_hundred_people_and_users_are_made_in_two_calls(site: Site) -> None:
    async with running(site) as cell:
        begun_s = time.monotonic()
        made = await cell.provisioning.create_persons("DE", people(500))
        team, general, _ = await cell.provisioning.create_workspace(WORKS)
        specs = [
            UserSpec(
                person, f"u{number}", PersonSpec(), "guest" if number == 0 else "member", (), ("chat:write",)
            )
            for number, (person, _) in enumerate(made)
        ]
        added = await cell.provisioning.add_users(team, specs)
        took_s = time.monotonic() - begun_s
        state = await cell.commits.state(team)
        assert len({user for user, _ in added}) == len({token for _, token in added}) == 500
        assert len(state.members_of[general]) == 499
        assert not state.is_member(general, added[0][0])
        assert took_s < 20
        await cell.provisioning.link_persons([(made[0][0], team, added[0][0])])
        assert (await cell.commits.state(made[0][0])).row("links", team) is not None


async def test_one_name_that_is_taken_refuses_one_person_and_no_other(site: Site) -> None:
    async with running(site) as cell:
        await cell.provisioning.create_persons("DE", people(1))
        made = await cell.provisioning.create_persons("DE", people(3))
        assert [type(error) for _, error in made] == [ConflictError, type(None), type(None)]
        assert made[0][0] == ""
        assert await cell.stores.leases.pending() == []


async def test_two_workspaces_cannot_have_one_slug(site: Site) -> None:
    async with running(site) as cell:
        await cell.provisioning.create_workspace(WORKS)
        with pytest.raises(ConflictError):
            await cell.provisioning.create_workspace(WORKS)


async def test_a_workspace_is_of_an_organisation_that_lives_somewhere_or_of_none(site: Site) -> None:
    async with running(site) as cell:
        owner = await cell.provisioning.create_organisation("Group", "DE")
        team, _, _ = await cell.provisioning.create_workspace(replace(WORKS, organisation=owner))
        row = (await cell.commits.state(team)).row("workspaces")
        assert row is not None
        assert row["organisation"] == owner
        with pytest.raises(UnknownResidentError):
            await cell.provisioning.create_workspace(replace(WORKS, slug="more", organisation=new_id("E")))
        assert len(cell.plane.placements) == 2


async def test_only_a_workspace_that_lives_somewhere_is_attached(site: Site) -> None:
    async with running(site) as cell:
        owner = await cell.provisioning.create_organisation("Holding", "DE")
        team, _, _ = await cell.provisioning.create_workspace(WORKS)
        with pytest.raises(UnknownResidentError):
            await cell.provisioning.attach_workspace(owner, new_id("T"))
        await cell.provisioning.attach_workspace(owner, team)
        state = await cell.commits.state(owner)
        assert list(state.rows["organisation_workspaces"]) == [(team,)]


async def test_with_the_directory_away_nothing_is_created_and_the_rest_goes_on(site: Site) -> None:
    async with running(site) as cell:
        team, _, _ = await cell.provisioning.create_workspace(WORKS)
        cell.plane.away = True
        made = await cell.provisioning.create_persons("DE", people(2))
        assert [type(error) for _, error in made] == [NotReadyError, NotReadyError]
        assert (await cell.commits.state(team)).head == 3


async def test_what_broke_off_before_the_lease_was_committed_is_committed_by_the_reconciler(
    site: Site,
) -> None:
    async with running(site) as cell:
        cell.plane.crash_before_commit = True
        with pytest.raises(asyncio.CancelledError):
            await cell.provisioning.create_persons("DE", people(3))
        plane = cell.plane
        assert plane.committed == {}
        assert len(await cell.stores.leases.pending()) == 1
    async with running(site) as cell:
        cell.plane.leases, cell.plane.names = plane.leases, plane.names
        assert await cell.claims.settle() == 0
        assert await cell.claims.settle(all_of_them=True) == 1
        assert len(cell.plane.committed) == 3
        assert await cell.stores.leases.pending() == []


async def test_a_lease_whose_residents_never_began_is_released_by_the_reconciler(site: Site) -> None:
    async with running(site) as cell:
        original = cell.stores.log.open

        async def broken(*_: object) -> None:
            raise NotReadyError(store="sql")

        cell.stores.log.open = broken  # type: ignore[method-assign, assignment]
        made = await cell.provisioning.create_persons("DE", people(2))
        cell.stores.log.open = original  # type: ignore[method-assign]
        assert all(isinstance(error, NotReadyError) for _, error in made)
        await cell.claims.settle(all_of_them=True)
        assert (cell.plane.names, cell.plane.committed) == ({}, {})
        again = await cell.provisioning.create_persons("DE", people(2))
        assert [error for _, error in again] == [None, None]


async def test_a_mixed_lease_is_claimed_anew_for_those_that_began(site: Site) -> None:
    async with running(site) as cell:
        original, opened = cell.stores.log.open, 0

        async def half(record: object, key: bytes) -> None:
            nonlocal opened
            opened += 1
            if opened == 2:
                raise NotReadyError(store="sql")
            await original(record, key)  # type: ignore[arg-type]

        cell.stores.log.open = half  # type: ignore[method-assign, assignment]
        made = await cell.provisioning.create_persons("DE", people(2))
        await cell.claims.settle(all_of_them=True)
        began = [person for person, error in made if error is None]
        assert list(cell.plane.committed) == began
        assert len(cell.plane.names) == 1


async def test_the_drift_job_claims_what_the_logs_have_and_the_directory_lost(site: Site) -> None:
    async with running(site) as cell:
        ((person, _),) = await cell.provisioning.create_persons("DE", people(1))
        cell.plane.committed.clear()
        cell.plane.names.clear()
        assert await cell.claims.drift() == 1
        assert cell.plane.committed == {person: {"email"}}
        assert await cell.claims.drift() == 0


async def test_sign_in_links_are_for_people_of_this_cell_only(site: Site) -> None:
    async with running(site) as cell:
        ((person, _),) = await cell.provisioning.create_persons("DE", people(1))
        (ticket,) = await cell.provisioning.sign_in_tickets([person])
        first = await cell.sign_in.ticket(ticket, "tests")
        second = await cell.sign_in.ticket(ticket, "tests")
        assert (first.person, second.person) == (person, person)
        with pytest.raises(UnknownResidentError):
            await cell.provisioning.sign_in_tickets(["P" + "0" * 12])


async def test_a_link_in_mail_signs_in_once_and_a_spent_ticket_stays_known_beyond_its_end(site: Site) -> None:
    async with running(site) as cell:
        ((person, _),) = await cell.provisioning.create_persons("DE", people(1))
        # Ended a moment ago, and still accepted for clocks that differ.
        ticket = cell.tokens.ticket("sign_in", person, -20)
        assert (await cell.sign_in.ticket(ticket, "tests")).person == person
        assert await cell.stores.spent.spend("another", 2**40)
        with pytest.raises(TokenInvalidError):
            await cell.sign_in.ticket(ticket, "tests")
