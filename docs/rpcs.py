"""The page of rpcs: every method with who may call it, by the very tables that let peers in."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from accord.runtime.mtls import PeerName
from accord.wire.cell.v1 import channel_pb2, gateway_pb2, operations_pb2
from accord.wire.directory.v1 import directory_pb2
from directory.entrypoints.grpc.peers import Callers
from docs.tables import table
from regional_cell.entrypoints.allow import allow_table

# A directory that has admitted the edge and the cell that the page asks about.
ADMITTED = SimpleNamespace(edge={"fra": ("DE", "eu-central-1")}.get, jurisdiction_of={"us-iad": "US"}.get)
PEERS = {
    "operator": PeerName("operator.demo", "anna"),
    "edge": PeerName("fra.demo", "edge"),
    "cell": PeerName("us-iad.demo", "cell"),
    "stranger": PeerName("us-iad.elsewhere", "cell"),
}


def callers_of(allow: Mapping[str, Callable[[PeerName], bool]], method: MethodDescriptor) -> str:
    """Kinds of peers that the row of a method admits."""
    may = allow[f"/{method.containing_service.full_name}/{method.name}"]
    found = [kind for kind, peer in PEERS.items() if may(peer)]
    return ", ".join(found) or "nobody"


def service_part(service: ServiceDescriptor, allow: Mapping[str, Callable[[PeerName], bool]]) -> str:
    """The table of one service."""
    rows = []
    for method in service.methods:
        asks = ("stream of " if method.client_streaming else "") + f"`{method.input_type.name}`"
        gets = ("stream of " if method.server_streaming else "") + f"`{method.output_type.name}`"
        rows.append([f"`{method.name}`", asks, gets, callers_of(allow, method)])
    return f"## {service.full_name}\n\n" + table(("rpc", "request", "answer", "callers"), rows)


def rpcs() -> list[str]:
    """Every rpc with who may call it."""
    directory = Callers("demo").allow()
    cell = allow_table(ADMITTED, "demo", "de-fra")
    parts = [service_part(one, directory) for one in directory_pb2.DESCRIPTOR.services_by_name.values()]
    for file in (gateway_pb2, channel_pb2, operations_pb2):
        parts += [service_part(one, cell) for one in file.DESCRIPTOR.services_by_name.values()]
    return [
        "Mutual TLS everywhere. The column of callers is the row of the allow table: what kind of peer the"
        " certificate must name. A row is the coarse half: cells ask what the directory has admitted, and the"
        " directory's services tell cells from edges by their admission. An rpc without a row is refused.",
        *parts,
    ]
