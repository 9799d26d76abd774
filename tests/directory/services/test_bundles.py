"""Adopting, fetching and acknowledging bundles."""

import pytest

from accord.errors import ConflictError, InvalidError, NotFoundError, NotReadyError, PeerRefusedError
from accord.identity import verify_signature
from directory.domain.peers import Peer, PeerKind
from directory.ports.store import Store
from directory.services.bundles import BundleService
from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents, builtin_floors
from residency_policies.bundle import load_bundle
from residency_policies.errors import PolicyError
from tests.directory.world import OPERATOR, World


async def test_the_built_in_documents_become_version_1_signed_and_whole(world: World) -> None:
    bundle = await world.bundles.fetch(OPERATOR, 0)
    assert bundle.version == load_bundle(bundle.bundle).version == 1
    assert bundle.digest.hex() == load_bundle(bundle.bundle).hash
    assert bundle.key_id == world.bundle_key.key_id
    assert verify_signature(world.bundle_key.public, "bundle", bundle.digest, bundle.signature)


async def test_the_same_documents_never_make_a_second_version(world: World) -> None:
    first = await world.bundles.fetch(OPERATOR, 0)
    shuffled = tuple(reversed(builtin_documents()))
    assert await world.bundles.adopt(shuffled, BUILTIN_REGIONS) == first


async def test_other_documents_make_the_next_version_and_keep_the_old(world: World) -> None:
    first = await world.bundles.fetch(OPERATOR, 0)
    rung = world.bell.rung()
    second = await world.bundles.adopt(builtin_documents()[:-1], BUILTIN_REGIONS)
    assert second.version == 2
    assert world.bell.rung() == rung + 1
    assert await world.bundles.fetch(OPERATOR, 0) == second
    assert await world.bundles.fetch(OPERATOR, 1) == first
    with pytest.raises(NotFoundError):
        await world.bundles.fetch(OPERATOR, 3)


async def test_another_key_signs_the_same_documents_as_a_new_version(world: World) -> None:
    other = BundleService(world.store, world.clock, world.bell, world.routes_key, world.random, world.pen)
    assert (await other.adopt(builtin_documents(), BUILTIN_REGIONS)).version == 2


async def test_documents_with_findings_change_nothing_and_name_them_all(world: World) -> None:
    with pytest.raises(PolicyError) as refused:
        await world.bundles.adopt(builtin_floors()[1:], BUILTIN_REGIONS)
    assert any(finding.code == "E-FLOOR-MISSING" for finding in refused.value.findings)
    assert (await world.bundles.fetch(OPERATOR, 0)).version == 1


async def test_without_a_bundle_there_is_none(store: Store) -> None:
    with pytest.raises(NotReadyError):
        await World(store).bundles.fetch(OPERATOR, 0)


async def test_the_settled_version_is_the_slowest_nodes(world: World) -> None:
    cell, edge = await world.admit(), await world.admit_edge()
    bundle = await world.bundles.fetch(cell.peer, 0)
    settle = world.bundles.acknowledge
    assert await settle(cell.peer, "de-fra", 1, bundle.digest, "") == 0
    assert await settle(edge, "fra", 1, bundle.digest, "") == 1
    later = await world.bundles.adopt(builtin_documents()[:-1], BUILTIN_REGIONS)
    assert await settle(cell.peer, "de-fra", 2, later.digest, "") == 1
    assert await settle(edge, "fra", 2, later.digest, "") == 2


async def test_an_acknowledgement_is_of_these_very_bytes_by_this_very_node(world: World) -> None:
    cell, other = await world.admit("de-fra"), await world.admit("de-mun")
    bundle = await world.bundles.fetch(cell.peer, 0)
    with pytest.raises(ConflictError):
        await world.bundles.acknowledge(cell.peer, "de-fra", 1, b"x" * 32, "")
    with pytest.raises(InvalidError):
        await world.bundles.acknowledge(cell.peer, "de-fra", 9, bundle.digest, "")
    with pytest.raises(ConflictError):
        await world.bundles.acknowledge(other.peer, "de-fra", 1, bundle.digest, "")
    with pytest.raises(PeerRefusedError):
        await world.bundles.acknowledge(Peer(PeerKind.NODE, "us-iad"), "us-iad", 1, bundle.digest, "")


async def test_strangers_get_no_bundle(world: World) -> None:
    with pytest.raises(PeerRefusedError):
        await world.bundles.fetch(Peer(PeerKind.NODE, "us-iad"), 0)
    with pytest.raises(PeerRefusedError):
        await world.bundles.newer(Peer(PeerKind.EDGE, "fra"), 0)
