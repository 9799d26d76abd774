"""Who may call which rpc of a cell: one row for each method, compared with the descriptors by a test.

<edge>.<federation>/<process>, edges.<federation>/<edge>   an edge that the directory has admitted
<cell>.<federation>/<process>                              a cell that the directory has admitted
operator.<federation>/<anyone>                             an operator
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from accord.runtime.mtls import PeerName

Admits = Callable[[PeerName], bool]

EDGE_METHODS = ("Gateway/Exchange", "Gateway/Upload", "Gateway/Download")
CELL_METHODS = ("ControlledChannel/Search",)
OPERATOR_METHODS = (
    "Operations/Status",
    "Operations/Drain",
    "Operations/Keys",
    "Operations/WrapAgain",
    "Operations/RotateDataKeys",
    "Provisioning/CreatePersons",
    "Provisioning/CreateOrganisation",
    "Provisioning/AttachWorkspace",
    "Provisioning/CreateWorkspace",
    "Provisioning/AddUsers",
    "Provisioning/DeactivateUsers",
    "Provisioning/ReactivateUsers",
    "Provisioning/LinkPersons",
    "Provisioning/CreateChannels",
    "Provisioning/ImportMessages",
    "Provisioning/InstallApp",
    "Provisioning/CreateWebhook",
    "Provisioning/RemoveWebhook",
    "Provisioning/IssueTokens",
    "Provisioning/SignInTickets",
)
PACKAGE = "/accord.wire.cell.v1."


class Admitted(Protocol):
    """What the directory has admitted."""

    def edge(self, name: str) -> tuple[str, str] | None: ...

    def jurisdiction_of(self, cell: str) -> str | None: ...


def edge_of(peer: PeerName, federation: str) -> str | None:
    """The edge that a certificate names; None when it is of another federation."""
    label, _, rest = peer.trust_domain.partition(".")
    if rest != federation:
        return None
    return peer.process if label in ("edges", "edge") else label


def allow_table(admitted: Admitted, federation: str, cell: str) -> Mapping[str, Admits]:
    """Full method name to who may call it."""

    def is_edge(peer: PeerName) -> bool:
        name = edge_of(peer, federation)
        return name is not None and admitted.edge(name) is not None

    def is_cell(peer: PeerName) -> bool:
        known = peer.node != cell and admitted.jurisdiction_of(peer.node) is not None
        return known and peer.trust_domain == f"{peer.node}.{federation}"

    def is_operator(peer: PeerName) -> bool:
        return peer.trust_domain == f"operator.{federation}"

    rows = dict.fromkeys((PACKAGE + method for method in EDGE_METHODS), is_edge)
    rows |= dict.fromkeys((PACKAGE + method for method in CELL_METHODS), is_cell)
    return rows | dict.fromkeys((PACKAGE + method for method in OPERATOR_METHODS), is_operator)
