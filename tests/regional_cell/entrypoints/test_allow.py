"""Every rpc of a cell has one row that says who may call it, and no row stands for nothing."""

import pytest

from accord.runtime.mtls import PeerName
from accord.wire.cell.v1 import channel_pb2, gateway_pb2, operations_pb2
from regional_cell.entrypoints.allow import allow_table


class Admitted:
    """One edge and one other cell."""

    def edge(self, name: str) -> tuple[str, str] | None:
        return ("DE", "eu-central-1") if name == "fra" else None

    def jurisdiction_of(self, cell: str) -> str | None:
        return {"de-fra": "DE", "us-iad": "US"}.get(cell)


TABLE = allow_table(Admitted(), "demo", "de-fra")


def test_the_table_names_exactly_the_methods_of_the_descriptors() -> None:
    methods = {
        f"/{service.full_name}/{method.name}"
        for module in (gateway_pb2, channel_pb2, operations_pb2)
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    assert set(TABLE) == methods


@pytest.mark.parametrize(
    ("peer", "services"),
    [
        (PeerName("fra.demo", "edge"), {"Gateway"}),
        (PeerName("edges.demo", "fra"), {"Gateway"}),
        (PeerName("edges.demo", "ber"), set()),
        (PeerName("ber.demo", "edge"), set()),
        (PeerName("fra.other", "edge"), set()),
        (PeerName("us-iad.demo", "cell"), {"ControlledChannel"}),
        (PeerName("us-iad.other", "cell"), set()),
        (PeerName("de-fra.demo", "cell"), set()),
        (PeerName("operator.demo", "ann"), {"Operations", "Provisioning"}),
        (PeerName("operator.other", "ann"), set()),
        (PeerName("directory.demo", "directory"), set()),
    ],
)
def test_a_peer_reaches_the_services_that_are_meant_for_it(peer: PeerName, services: set[str]) -> None:
    reached = {method.split(".")[-1].partition("/")[0] for method, admits in TABLE.items() if admits(peer)}
    assert reached == services
