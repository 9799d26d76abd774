"""Who calls, and who may call what: one row for every rpc of the directory.

Invariants
    1. An rpc without a row is refused by the server; a test compares the rows with the descriptors.
    2. A row is the coarse half (kind of peer); services prove admission against the store.
"""

from collections.abc import Callable, Mapping

from accord.errors import PeerRefusedError
from accord.runtime.mtls import PeerName
from accord.runtime.rpc_server import current_peer
from directory.domain.peers import Peer, PeerKind, peer_from

_PACKAGE = "/accord.wire.directory.v1."


class Callers:
    """Peers of one federation."""

    def __init__(self, federation: str) -> None:
        self._federation = federation

    def current(self) -> Peer:
        """The peer of the running call; raises PeerRefusedError."""
        return self.of(current_peer())

    def of(self, name: PeerName) -> Peer:
        """The peer of a proven certificate name; raises PeerRefusedError."""
        return peer_from(name.trust_domain, name.process, self._federation)

    def allow(self) -> Mapping[str, Callable[[PeerName], bool]]:
        """Full method name to who may call it."""
        operator = self._row(PeerKind.OPERATOR)
        cell = self._row(PeerKind.NODE)
        # An edge is admitted under its own trust domain or as a process of the plane's.
        edge = node = self._row(PeerKind.NODE, PeerKind.EDGE)
        anyone = self._row(PeerKind.OPERATOR, PeerKind.NODE, PeerKind.EDGE)
        rows = {
            "Directory/Resolve": node,
            "Directory/Find": edge,
            "Directory/Watch": node,
            "Residents/Place": cell,
            "Residents/Close": cell,
            "Claims/Lease": cell,
            "Claims/Commit": cell,
            "Claims/Release": cell,
            "Claims/List": cell,
            "Cells/Admit": operator,
            "Cells/AdmitEdge": operator,
            "Cells/Announce": cell,
            "Cells/Drain": operator,
            "Cells/Retire": operator,
            "Cells/List": anyone,
            "Officers/Invite": operator,
            "Policies/FetchBundle": anyone,
            "Policies/WatchBundle": node,
            "Policies/FetchShadow": node,
            "Policies/Acknowledge": node,
            "Policies/ReportTraffic": cell,
            "Policies/ReportUnlawful": cell,
        }
        return {_PACKAGE + name: row for name, row in rows.items()}

    def _row(self, *kinds: PeerKind) -> Callable[[PeerName], bool]:
        def may(name: PeerName) -> bool:
            try:
                return self.of(name).kind in kinds
            except PeerRefusedError:
                return False

        return may
