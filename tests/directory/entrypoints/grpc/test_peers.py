"""Who may call what."""

import pytest

from accord.errors import PeerRefusedError
from accord.runtime.mtls import PeerName
from accord.wire.directory.v1 import directory_pb2 as pb
from directory.domain.peers import Peer, PeerKind, peer_from
from directory.entrypoints.grpc.peers import Callers

CALLERS = Callers("test")
CELL = PeerName("de-fra.test", "api-1")
EDGE = PeerName("edge.test", "fra")
OPERATOR = PeerName("operator.test", "root")
STRANGERS = [PeerName("de-fra.elsewhere", "api-1"), PeerName("directory.test", "directory")]


def test_every_rpc_has_a_row_and_every_row_an_rpc() -> None:
    rpcs = {
        f"/{service.full_name}/{method.name}"
        for service in pb.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    assert set(CALLERS.allow()) == rpcs


def test_strangers_may_call_nothing() -> None:
    for row in CALLERS.allow().values():
        assert not any(row(stranger) for stranger in STRANGERS)


@pytest.mark.parametrize(
    ("peer", "method", "allowed"),
    [
        (OPERATOR, "Cells/Admit", True),
        (CELL, "Cells/Admit", False),
        (EDGE, "Cells/Admit", False),
        (CELL, "Residents/Place", True),
        (EDGE, "Residents/Place", False),
        (OPERATOR, "Residents/Place", False),
        (EDGE, "Claims/List", False),
        (EDGE, "Directory/Find", True),
        (OPERATOR, "Directory/Find", False),
        (OPERATOR, "Policies/Acknowledge", False),
    ],
)
def test_a_row_admits_kinds_of_peers(peer: PeerName, method: str, allowed: bool) -> None:
    assert CALLERS.allow()[f"/accord.wire.directory.v1.{method}"](peer) is allowed


def test_names_of_certificates_become_peers() -> None:
    assert peer_from("operator.test", "root", "test") == Peer(PeerKind.OPERATOR, "root")
    assert peer_from("edge.test", "fra", "test") == Peer(PeerKind.EDGE, "fra")
    assert peer_from("de-fra.test", "api-1", "test") == Peer(PeerKind.NODE, "de-fra")
    for domain in ("de-fra.test.evil", "test", "de-fra", "directory.test", ".test"):
        with pytest.raises(PeerRefusedError):
            peer_from(domain, "x1", "test")
