"""Peers: who calls, as the certificate says it, in words of the federation.

    operator.<federation>/<anyone>   an operator
    edge.<federation>/<edge>         the edge of that name
    <name>.<federation>/<process>    a process of the cell (or edge) admitted under that name

Invariants
    1. A peer of another federation, or with a name that is no name, is refused.
"""

from dataclasses import dataclass
from enum import StrEnum

from accord.errors import InvalidError, PeerRefusedError
from directory.domain.cells import Cell, CellState, Edge
from directory.domain.names import check_name


class PeerKind(StrEnum):
    """What a certificate makes its bearer; a NODE is a cell or an edge, admission tells which."""

    OPERATOR = "operator"
    EDGE = "edge"
    NODE = "node"


@dataclass(frozen=True, slots=True)
class Peer:
    """A caller proven by its certificate; `name` is the operator's, the edge's or the cell's."""

    kind: PeerKind
    name: str


def peer_from(trust_domain: str, process: str, federation: str) -> Peer:
    """The peer of a certificate name.

    Raises:
        PeerRefusedError: another federation, no name, or the directory itself.
    """
    label, _, rest = trust_domain.partition(".")
    if rest != federation or label == "directory":
        raise PeerRefusedError(peer=trust_domain)
    try:
        if label == "operator":
            return Peer(PeerKind.OPERATOR, check_name(process, "process"))
        if label == "edge":
            return Peer(PeerKind.EDGE, check_name(process, "process"))
        return Peer(PeerKind.NODE, check_name(label, "name"))
    except InvalidError:
        raise PeerRefusedError(peer=trust_domain) from None


def require_operator(peer: Peer) -> Peer:
    """The same peer, proven to be an operator; raises PeerRefusedError."""
    if peer.kind is not PeerKind.OPERATOR:
        raise PeerRefusedError(peer=peer.name, needed="operator")
    return peer


def require_cell(peer: Peer, cell: Cell | None) -> Cell:
    """The admitted cell that the peer is a process of.

    Raises:
        PeerRefusedError: no such cell is admitted, it is retired, or the peer is no cell.
    """
    if peer.kind is not PeerKind.NODE or cell is None or cell.name != peer.name:
        raise PeerRefusedError(peer=peer.name, needed="admitted cell")
    if cell.state is CellState.RETIRED:
        raise PeerRefusedError(peer=peer.name, state=cell.state.value)
    return cell


def require_edge(peer: Peer, edge: Edge | None) -> Edge:
    """The admitted edge that the peer is; raises PeerRefusedError."""
    if peer.kind is PeerKind.OPERATOR or edge is None or edge.name != peer.name:
        raise PeerRefusedError(peer=peer.name, needed="admitted edge")
    return edge


def require_node(peer: Peer, cell: Cell | None, edge: Edge | None) -> Cell | Edge:
    """The admitted cell or edge that the peer is; raises PeerRefusedError."""
    return (
        require_cell(peer, cell)
        if cell is not None and peer.kind is PeerKind.NODE
        else require_edge(peer, edge)
    )
