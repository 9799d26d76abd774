"""What the store in memory holds: frozen records under their keys, so that a shallow copy is a copy."""

from dataclasses import dataclass, field, fields

from directory.domain.bundles import Acknowledgement, SignedBundle
from directory.domain.cells import AdmittedKey, Cell, CellReport, Edge
from directory.domain.claims import Claim, Lease, Name
from directory.domain.halts import HaltRecord, SignedOrders
from directory.domain.officers import Officer, Session
from directory.domain.placements import Placement, ReportedEpoch, Tombstone
from directory.domain.policies import Approval, Revision
from directory.domain.policy_log import LogEntry
from directory.domain.shadows import Shadow, ShadowAcknowledgement
from directory.domain.traffic import TrafficReport
from directory.domain.unlawful import UnlawfulReport


@dataclass(slots=True)
class State:
    """All tables. Claims are kept under (jurisdiction, name) with the id of their lease."""

    version: int = 0
    versions: set[int] = field(default_factory=set)
    placements: dict[str, Placement] = field(default_factory=dict)
    tombstones: dict[str, Tombstone] = field(default_factory=dict)
    reported: dict[tuple[str, str], ReportedEpoch] = field(default_factory=dict)
    cells: dict[str, Cell] = field(default_factory=dict)
    edges: dict[str, Edge] = field(default_factory=dict)
    keys: dict[str, AdmittedKey] = field(default_factory=dict)
    reports: dict[str, CellReport] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    claims: dict[tuple[str, Name], tuple[Claim, str]] = field(default_factory=dict)
    bundles: dict[int, SignedBundle] = field(default_factory=dict)
    activated: dict[int, int] = field(default_factory=dict)
    acknowledged: dict[str, Acknowledgement] = field(default_factory=dict)
    first_acknowledged: dict[tuple[int, str], Acknowledgement] = field(default_factory=dict)
    officers: dict[str, Officer] = field(default_factory=dict)
    sessions: dict[bytes, Session] = field(default_factory=dict)
    revisions: dict[int, Revision] = field(default_factory=dict)
    approvals: dict[tuple[int, str, str], Approval] = field(default_factory=dict)
    halts: dict[int, HaltRecord] = field(default_factory=dict)
    orders: dict[int, SignedOrders] = field(default_factory=dict)
    traffic_reports: dict[str, TrafficReport] = field(default_factory=dict)
    traffic_kinds: dict[tuple[str, int], bytes] = field(default_factory=dict)
    traffic: dict[tuple[str, int, int, bytes], int] = field(default_factory=dict)
    differences: dict[tuple[str, int, int, bytes, str], tuple[str, str, int]] = field(default_factory=dict)
    shadows: dict[bytes, Shadow] = field(default_factory=dict)
    shadow_acknowledgements: dict[tuple[bytes, str], ShadowAcknowledgement] = field(default_factory=dict)
    unlawful: dict[str, UnlawfulReport] = field(default_factory=dict)
    log: list[LogEntry] = field(default_factory=list)
    log_nodes: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def copy(self) -> "State":
        """A state that can be changed without changing this one."""
        copied = State()
        for part in fields(self):
            value = getattr(self, part.name)
            setattr(copied, part.name, value if isinstance(value, int) else value.copy())
        return copied
