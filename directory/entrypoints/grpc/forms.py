"""Records of the domain as messages and back; nothing else happens here.

Invariants
    1. An unspecified or unknown enum value is refused, never read as something else.
    2. Numbers beyond 63 bits are refused, since no store keeps them.
"""

from accord.errors import InvalidError
from accord.identity import RingKey
from accord.signing import KeyState
from accord.wire.common.v1 import common_pb2
from accord.wire.directory.v1 import directory_pb2 as pb
from directory.domain.bundles import SignedBundle
from directory.domain.cells import AdmittedKey, Cell, CellState, Edge
from directory.domain.claims import Claim
from directory.domain.halts import SignedOrders
from directory.domain.placements import Asked, Placement, ResidentKind
from directory.domain.shadows import Shadow
from directory.domain.traffic import TrafficCount, TrafficDifference, TrafficPiece
from directory.domain.unlawful import UnlawfulConversation, UnlawfulReport
from directory.domain.watch import RouteChanges

INTEGER_MAX = 2**63 - 1

_KINDS: dict[ResidentKind, pb.ResidentKind] = {
    ResidentKind.WORKSPACE: pb.RESIDENT_KIND_WORKSPACE,
    ResidentKind.ORGANISATION: pb.RESIDENT_KIND_ORGANISATION,
    ResidentKind.PERSON: pb.RESIDENT_KIND_PERSON,
}
_CELL_STATES: dict[CellState, pb.CellState] = {
    CellState.ACTIVE: pb.CELL_STATE_ACTIVE,
    CellState.READ_ONLY: pb.CELL_STATE_READ_ONLY,
    CellState.DRAINING: pb.CELL_STATE_DRAINING,
    CellState.RETIRED: pb.CELL_STATE_RETIRED,
}
_KEY_STATES: dict[KeyState, pb.KeyState] = {
    "active": pb.KEY_STATE_ACTIVE,
    "verify_only": pb.KEY_STATE_VERIFY_ONLY,
    "withdrawn": pb.KEY_STATE_WITHDRAWN,
}


def require_context(context: common_pb2.RequestContext) -> common_pb2.RequestContext:
    """The same context, proven to name its attempt; raises InvalidError."""
    if not 0 < len(context.request_id) <= 128:
        raise InvalidError(field="request_id", why="1 to 128 characters")
    return context


def integer(value: int, field: str) -> int:
    """The same number, at most 63 bits; raises InvalidError."""
    if not 0 <= value <= INTEGER_MAX:
        raise InvalidError(field=field, why="beyond 63 bits")
    return value


def placement_to_wire(it: Placement) -> pb.Placement:
    """The placement as nodes see it: without what only tells a repeated request."""
    return pb.Placement(
        resident=it.resident,
        kind=_KINDS[it.kind],
        cell=it.cell,
        epoch=it.epoch,
        bundle_version=it.bundle_version,
        version=it.version,
        handover=it.handover,
        establishment=it.establishment,
        subjects=it.subjects,
        tags=it.tags,
    )


def asked_from_wire(request: pb.PlaceRequest) -> Asked:
    """What a cell asks for; raises InvalidError for a kind that is none."""
    kind = next((kind for kind, value in _KINDS.items() if value == request.kind), None)
    if kind is None:
        raise InvalidError(field="kind", why="unknown")
    return Asked(
        request.resident,
        kind,
        request.establishment,
        tuple(request.subjects),
        tuple(request.tags),
        request.handover,
        request.context.idempotency_key,
    )


def cell_to_wire(it: Cell) -> pb.Cell:
    """The cell with its state, version and authority."""
    return pb.Cell(
        name=it.name,
        jurisdiction=it.jurisdiction,
        region=it.region,
        addresses=it.addresses,
        state=_CELL_STATES[it.state],
        operator=it.operator,
        version=it.version,
        authority=it.authority,
    )


def cell_from_wire(it: pb.Cell) -> Cell:
    """The cell as asked for; its state and version are the directory's to give."""
    return Cell(
        it.name,
        it.jurisdiction,
        it.region,
        tuple(it.addresses),
        CellState.ACTIVE,
        it.operator,
        it.authority,
        0,
    )


def state_to_wire(state: CellState) -> pb.CellState:
    """The state's enum value."""
    return _CELL_STATES[state]


def edge_to_wire(it: Edge) -> pb.Edge:
    """The edge with its version."""
    return pb.Edge(
        name=it.name, jurisdiction=it.jurisdiction, region=it.region, url=it.url, version=it.version
    )


def edge_from_wire(it: pb.Edge) -> Edge:
    """The edge as asked for; its version is the directory's to give."""
    return Edge(it.name, it.jurisdiction, it.region, it.url, 0)


def key_to_wire(it: AdmittedKey) -> pb.Key:
    """The public key with its state and version."""
    key = it.key
    return pb.Key(
        cell=key.cell,
        purposes=["*"] if key.purposes == "*" else sorted(key.purposes),
        key_id=key.key_id,
        public_key=key.public,
        not_before_s=key.not_before_s,
        not_after_s=key.not_after_s,
        state=_KEY_STATES[key.state],
        version=it.version,
    )


def key_from_wire(it: pb.Key) -> RingKey:
    """The key as asked for; raises InvalidError for an unknown state or mixed purposes."""
    purposes = frozenset(it.purposes)
    if "*" in purposes and len(purposes) > 1:
        raise InvalidError(field="purposes", why="all or some")
    state = next((state for state, value in _KEY_STATES.items() if value == it.state), None)
    if state is None:
        raise InvalidError(field="state", why="unknown")
    return RingKey(
        it.cell,
        "*" if purposes == {"*"} else purposes,
        it.key_id,
        it.public_key,
        integer(it.not_before_s, "not_before_s"),
        integer(it.not_after_s, "not_after_s"),
        state,
    )


def claim_from_wire(it: pb.Claim) -> Claim:
    """The claim, unchecked."""
    return Claim(it.attribute, it.key_id, it.index, it.resident)


def claim_to_wire(it: Claim) -> pb.Claim:
    """The claim, for the cell that holds it."""
    return pb.Claim(attribute=it.attribute, key_id=it.key_id, index=it.index, resident=it.resident)


def bundle_to_wire(it: SignedBundle) -> pb.SignedBundle:
    """The bundle with its signature."""
    return pb.SignedBundle(version=it.version, bundle=it.bundle, key_id=it.key_id, signature=it.signature)


def shadow_to_wire(it: Shadow) -> pb.SignedBundle:
    """The shadow with its signature."""
    return pb.SignedBundle(version=it.version, bundle=it.bundle, key_id=it.key_id, signature=it.signature)


def orders_to_wire(it: SignedOrders) -> pb.SignedOrders:
    """The orders with their signature."""
    return pb.SignedOrders(version=it.version, orders=it.orders, key_id=it.key_id, signature=it.signature)


def encode_delta(changes: RouteChanges) -> bytes:
    """The bytes of a `RouteDelta`: what is signed, sent and kept in journals."""
    delta = pb.RouteDelta(
        watch_version=changes.watch_version,
        bundle_version=changes.bundle_version,
        full=changes.full,
        placements=[placement_to_wire(it) for it in changes.placements],
        cells=[cell_to_wire(it) for it in changes.cells],
        edges=[edge_to_wire(it) for it in changes.edges],
        keys=[key_to_wire(it) for it in changes.keys],
        tombstones=[
            pb.Tombstone(resident=it.resident, epoch=it.epoch, version=it.version)
            for it in changes.tombstones
        ],
    )
    return delta.SerializeToString(deterministic=True)


def piece_from_wire(it: pb.ReportTrafficRequest) -> TrafficPiece:
    """What a cell counted; raises InvalidError."""
    kinds = {integer(one.number, "number"): one.kind for one in it.kinds}
    if len(kinds) < len(it.kinds):
        raise InvalidError(field="kinds", why="twice")
    return TrafficPiece(
        integer(it.since_us, "since_us"),
        integer(it.after, "after"),
        integer(it.position, "position"),
        kinds,
        [
            TrafficCount(
                integer(one.number, "number"),
                integer(one.start_s, "start_s"),
                integer(one.flows, "flows"),
                one.shadow,
            )
            for one in it.counts
        ],
        integer(it.until_s, "until_s"),
        [
            TrafficDifference(
                integer(one.number, "number"),
                integer(one.start_s, "start_s"),
                one.shadow,
                one.data_class,
                one.what,
                one.rule,
                integer(one.flows, "flows"),
            )
            for one in it.differences
        ],
    )


def unlawful_from_wire(it: pb.ReportUnlawfulRequest) -> UnlawfulReport:
    """What a cell says of its conversations, without the cell; raises InvalidError."""
    return UnlawfulReport(
        "",
        integer(it.bundle_version, "bundle_version"),
        integer(it.refused, "refused"),
        integer(it.read_only, "read_only"),
        tuple(
            UnlawfulConversation(
                one.resident,
                one.channel,
                one.outcome,
                one.rule,
                integer(one.bundle_version, "bundle_version"),
            )
            for one in it.conversations
        ),
    )
