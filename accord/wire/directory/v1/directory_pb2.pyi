from accord.wire.common.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ResidentKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESIDENT_KIND_UNSPECIFIED: _ClassVar[ResidentKind]
    RESIDENT_KIND_WORKSPACE: _ClassVar[ResidentKind]
    RESIDENT_KIND_ORGANISATION: _ClassVar[ResidentKind]
    RESIDENT_KIND_PERSON: _ClassVar[ResidentKind]

class CellState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CELL_STATE_UNSPECIFIED: _ClassVar[CellState]
    CELL_STATE_ACTIVE: _ClassVar[CellState]
    CELL_STATE_READ_ONLY: _ClassVar[CellState]
    CELL_STATE_DRAINING: _ClassVar[CellState]
    CELL_STATE_RETIRED: _ClassVar[CellState]

class KeyState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KEY_STATE_UNSPECIFIED: _ClassVar[KeyState]
    KEY_STATE_ACTIVE: _ClassVar[KeyState]
    KEY_STATE_VERIFY_ONLY: _ClassVar[KeyState]
    KEY_STATE_WITHDRAWN: _ClassVar[KeyState]
RESIDENT_KIND_UNSPECIFIED: ResidentKind
RESIDENT_KIND_WORKSPACE: ResidentKind
RESIDENT_KIND_ORGANISATION: ResidentKind
RESIDENT_KIND_PERSON: ResidentKind
CELL_STATE_UNSPECIFIED: CellState
CELL_STATE_ACTIVE: CellState
CELL_STATE_READ_ONLY: CellState
CELL_STATE_DRAINING: CellState
CELL_STATE_RETIRED: CellState
KEY_STATE_UNSPECIFIED: KeyState
KEY_STATE_ACTIVE: KeyState
KEY_STATE_VERIFY_ONLY: KeyState
KEY_STATE_WITHDRAWN: KeyState

class Placement(_message.Message):
    __slots__ = ("resident", "kind", "cell", "epoch", "bundle_version", "version", "handover", "establishment", "subjects", "tags")
    RESIDENT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CELL_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    HANDOVER_FIELD_NUMBER: _ClassVar[int]
    ESTABLISHMENT_FIELD_NUMBER: _ClassVar[int]
    SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    resident: str
    kind: ResidentKind
    cell: str
    epoch: int
    bundle_version: int
    version: int
    handover: bytes
    establishment: str
    subjects: _containers.RepeatedScalarFieldContainer[str]
    tags: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, resident: _Optional[str] = ..., kind: _Optional[_Union[ResidentKind, str]] = ..., cell: _Optional[str] = ..., epoch: _Optional[int] = ..., bundle_version: _Optional[int] = ..., version: _Optional[int] = ..., handover: _Optional[bytes] = ..., establishment: _Optional[str] = ..., subjects: _Optional[_Iterable[str]] = ..., tags: _Optional[_Iterable[str]] = ...) -> None: ...

class Cell(_message.Message):
    __slots__ = ("name", "jurisdiction", "region", "addresses", "state", "operator", "version", "authority")
    NAME_FIELD_NUMBER: _ClassVar[int]
    JURISDICTION_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    name: str
    jurisdiction: str
    region: str
    addresses: _containers.RepeatedScalarFieldContainer[str]
    state: CellState
    operator: str
    version: int
    authority: bytes
    def __init__(self, name: _Optional[str] = ..., jurisdiction: _Optional[str] = ..., region: _Optional[str] = ..., addresses: _Optional[_Iterable[str]] = ..., state: _Optional[_Union[CellState, str]] = ..., operator: _Optional[str] = ..., version: _Optional[int] = ..., authority: _Optional[bytes] = ...) -> None: ...

class Edge(_message.Message):
    __slots__ = ("name", "jurisdiction", "region", "url", "version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    JURISDICTION_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    jurisdiction: str
    region: str
    url: str
    version: int
    def __init__(self, name: _Optional[str] = ..., jurisdiction: _Optional[str] = ..., region: _Optional[str] = ..., url: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class Key(_message.Message):
    __slots__ = ("cell", "purposes", "key_id", "public_key", "not_before_s", "not_after_s", "state", "version")
    CELL_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_S_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_S_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    cell: str
    purposes: _containers.RepeatedScalarFieldContainer[str]
    key_id: str
    public_key: bytes
    not_before_s: int
    not_after_s: int
    state: KeyState
    version: int
    def __init__(self, cell: _Optional[str] = ..., purposes: _Optional[_Iterable[str]] = ..., key_id: _Optional[str] = ..., public_key: _Optional[bytes] = ..., not_before_s: _Optional[int] = ..., not_after_s: _Optional[int] = ..., state: _Optional[_Union[KeyState, str]] = ..., version: _Optional[int] = ...) -> None: ...

class Tombstone(_message.Message):
    __slots__ = ("resident", "epoch", "version")
    RESIDENT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    resident: str
    epoch: int
    version: int
    def __init__(self, resident: _Optional[str] = ..., epoch: _Optional[int] = ..., version: _Optional[int] = ...) -> None: ...

class RouteDelta(_message.Message):
    __slots__ = ("watch_version", "bundle_version", "full", "placements", "cells", "edges", "keys", "tombstones")
    WATCH_VERSION_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    FULL_FIELD_NUMBER: _ClassVar[int]
    PLACEMENTS_FIELD_NUMBER: _ClassVar[int]
    CELLS_FIELD_NUMBER: _ClassVar[int]
    EDGES_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    TOMBSTONES_FIELD_NUMBER: _ClassVar[int]
    watch_version: int
    bundle_version: int
    full: bool
    placements: _containers.RepeatedCompositeFieldContainer[Placement]
    cells: _containers.RepeatedCompositeFieldContainer[Cell]
    edges: _containers.RepeatedCompositeFieldContainer[Edge]
    keys: _containers.RepeatedCompositeFieldContainer[Key]
    tombstones: _containers.RepeatedCompositeFieldContainer[Tombstone]
    def __init__(self, watch_version: _Optional[int] = ..., bundle_version: _Optional[int] = ..., full: _Optional[bool] = ..., placements: _Optional[_Iterable[_Union[Placement, _Mapping]]] = ..., cells: _Optional[_Iterable[_Union[Cell, _Mapping]]] = ..., edges: _Optional[_Iterable[_Union[Edge, _Mapping]]] = ..., keys: _Optional[_Iterable[_Union[Key, _Mapping]]] = ..., tombstones: _Optional[_Iterable[_Union[Tombstone, _Mapping]]] = ...) -> None: ...

class WatchStart(_message.Message):
    __slots__ = ("node", "watch_version", "last_hash", "all", "residents")
    NODE_FIELD_NUMBER: _ClassVar[int]
    WATCH_VERSION_FIELD_NUMBER: _ClassVar[int]
    LAST_HASH_FIELD_NUMBER: _ClassVar[int]
    ALL_FIELD_NUMBER: _ClassVar[int]
    RESIDENTS_FIELD_NUMBER: _ClassVar[int]
    node: str
    watch_version: int
    last_hash: bytes
    all: bool
    residents: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, node: _Optional[str] = ..., watch_version: _Optional[int] = ..., last_hash: _Optional[bytes] = ..., all: _Optional[bool] = ..., residents: _Optional[_Iterable[str]] = ...) -> None: ...

class WatchAck(_message.Message):
    __slots__ = ("nonce",)
    NONCE_FIELD_NUMBER: _ClassVar[int]
    nonce: int
    def __init__(self, nonce: _Optional[int] = ...) -> None: ...

class WatchNack(_message.Message):
    __slots__ = ("nonce", "reason")
    NONCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    nonce: int
    reason: str
    def __init__(self, nonce: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class WatchSubscribe(_message.Message):
    __slots__ = ("residents",)
    RESIDENTS_FIELD_NUMBER: _ClassVar[int]
    residents: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, residents: _Optional[_Iterable[str]] = ...) -> None: ...

class WatchRequest(_message.Message):
    __slots__ = ("context", "start", "ack", "nack", "subscribe")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    ACK_FIELD_NUMBER: _ClassVar[int]
    NACK_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIBE_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    start: WatchStart
    ack: WatchAck
    nack: WatchNack
    subscribe: WatchSubscribe
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., start: _Optional[_Union[WatchStart, _Mapping]] = ..., ack: _Optional[_Union[WatchAck, _Mapping]] = ..., nack: _Optional[_Union[WatchNack, _Mapping]] = ..., subscribe: _Optional[_Union[WatchSubscribe, _Mapping]] = ...) -> None: ...

class WatchResponse(_message.Message):
    __slots__ = ("nonce", "delta", "key_id", "signature")
    NONCE_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    nonce: int
    delta: bytes
    key_id: bytes
    signature: bytes
    def __init__(self, nonce: _Optional[int] = ..., delta: _Optional[bytes] = ..., key_id: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class ResolveRequest(_message.Message):
    __slots__ = ("context", "residents")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    RESIDENTS_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    residents: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., residents: _Optional[_Iterable[str]] = ...) -> None: ...

class ResolveResponse(_message.Message):
    __slots__ = ("placements", "missing")
    PLACEMENTS_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    placements: _containers.RepeatedCompositeFieldContainer[Placement]
    missing: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, placements: _Optional[_Iterable[_Union[Placement, _Mapping]]] = ..., missing: _Optional[_Iterable[str]] = ...) -> None: ...

class BlindIndex(_message.Message):
    __slots__ = ("attribute", "key_id", "index")
    ATTRIBUTE_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    attribute: str
    key_id: str
    index: bytes
    def __init__(self, attribute: _Optional[str] = ..., key_id: _Optional[str] = ..., index: _Optional[bytes] = ...) -> None: ...

class FindRequest(_message.Message):
    __slots__ = ("context", "indexes")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    INDEXES_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    indexes: _containers.RepeatedCompositeFieldContainer[BlindIndex]
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., indexes: _Optional[_Iterable[_Union[BlindIndex, _Mapping]]] = ...) -> None: ...

class FindResponse(_message.Message):
    __slots__ = ("resident",)
    RESIDENT_FIELD_NUMBER: _ClassVar[int]
    resident: str
    def __init__(self, resident: _Optional[str] = ...) -> None: ...

class PlaceRequest(_message.Message):
    __slots__ = ("context", "resident", "kind", "establishment", "subjects", "tags", "handover")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ESTABLISHMENT_FIELD_NUMBER: _ClassVar[int]
    SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    HANDOVER_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    resident: str
    kind: ResidentKind
    establishment: str
    subjects: _containers.RepeatedScalarFieldContainer[str]
    tags: _containers.RepeatedScalarFieldContainer[str]
    handover: bytes
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., resident: _Optional[str] = ..., kind: _Optional[_Union[ResidentKind, str]] = ..., establishment: _Optional[str] = ..., subjects: _Optional[_Iterable[str]] = ..., tags: _Optional[_Iterable[str]] = ..., handover: _Optional[bytes] = ...) -> None: ...

class PlaceResponse(_message.Message):
    __slots__ = ("placement",)
    PLACEMENT_FIELD_NUMBER: _ClassVar[int]
    placement: Placement
    def __init__(self, placement: _Optional[_Union[Placement, _Mapping]] = ...) -> None: ...

class CloseRequest(_message.Message):
    __slots__ = ("context", "resident", "epoch")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    resident: str
    epoch: int
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., resident: _Optional[str] = ..., epoch: _Optional[int] = ...) -> None: ...

class CloseResponse(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: int
    def __init__(self, version: _Optional[int] = ...) -> None: ...

class Claim(_message.Message):
    __slots__ = ("attribute", "key_id", "index", "resident")
    ATTRIBUTE_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_FIELD_NUMBER: _ClassVar[int]
    attribute: str
    key_id: str
    index: bytes
    resident: str
    def __init__(self, attribute: _Optional[str] = ..., key_id: _Optional[str] = ..., index: _Optional[bytes] = ..., resident: _Optional[str] = ...) -> None: ...

class LeaseRequest(_message.Message):
    __slots__ = ("context", "claims")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    claims: _containers.RepeatedCompositeFieldContainer[Claim]
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., claims: _Optional[_Iterable[_Union[Claim, _Mapping]]] = ...) -> None: ...

class LeaseResponse(_message.Message):
    __slots__ = ("lease_id", "expires_s")
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_S_FIELD_NUMBER: _ClassVar[int]
    lease_id: str
    expires_s: int
    def __init__(self, lease_id: _Optional[str] = ..., expires_s: _Optional[int] = ...) -> None: ...

class CommitLeaseRequest(_message.Message):
    __slots__ = ("context", "lease_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    lease_id: str
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., lease_id: _Optional[str] = ...) -> None: ...

class CommitLeaseResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReleaseLeaseRequest(_message.Message):
    __slots__ = ("context", "lease_id")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    lease_id: str
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., lease_id: _Optional[str] = ...) -> None: ...

class ReleaseLeaseResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListClaimsRequest(_message.Message):
    __slots__ = ("context", "cursor", "limit")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    cursor: str
    limit: int
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., cursor: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListedClaim(_message.Message):
    __slots__ = ("claim", "lease_id", "committed", "expires_s")
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    COMMITTED_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_S_FIELD_NUMBER: _ClassVar[int]
    claim: Claim
    lease_id: str
    committed: bool
    expires_s: int
    def __init__(self, claim: _Optional[_Union[Claim, _Mapping]] = ..., lease_id: _Optional[str] = ..., committed: _Optional[bool] = ..., expires_s: _Optional[int] = ...) -> None: ...

class ListClaimsResponse(_message.Message):
    __slots__ = ("claims", "cursor")
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    claims: _containers.RepeatedCompositeFieldContainer[ListedClaim]
    cursor: str
    def __init__(self, claims: _Optional[_Iterable[_Union[ListedClaim, _Mapping]]] = ..., cursor: _Optional[str] = ...) -> None: ...

class AdmitRequest(_message.Message):
    __slots__ = ("context", "cell", "keys")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    CELL_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    cell: Cell
    keys: _containers.RepeatedCompositeFieldContainer[Key]
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., cell: _Optional[_Union[Cell, _Mapping]] = ..., keys: _Optional[_Iterable[_Union[Key, _Mapping]]] = ...) -> None: ...

class AdmitResponse(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: int
    def __init__(self, version: _Optional[int] = ...) -> None: ...

class AdmitEdgeRequest(_message.Message):
    __slots__ = ("context", "edge")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    EDGE_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    edge: Edge
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., edge: _Optional[_Union[Edge, _Mapping]] = ...) -> None: ...

class AdmitEdgeResponse(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: int
    def __init__(self, version: _Optional[int] = ...) -> None: ...

class ResidentEpoch(_message.Message):
    __slots__ = ("resident", "epoch")
    RESIDENT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    resident: str
    epoch: int
    def __init__(self, resident: _Optional[str] = ..., epoch: _Optional[int] = ...) -> None: ...

class CellRoom(_message.Message):
    __slots__ = ("free_bytes", "held_bytes")
    FREE_BYTES_FIELD_NUMBER: _ClassVar[int]
    HELD_BYTES_FIELD_NUMBER: _ClassVar[int]
    free_bytes: int
    held_bytes: int
    def __init__(self, free_bytes: _Optional[int] = ..., held_bytes: _Optional[int] = ...) -> None: ...

class AnnounceRequest(_message.Message):
    __slots__ = ("context", "node", "software", "state", "epochs", "bundle_version", "checkpoint", "load", "room")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    SOFTWARE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    EPOCHS_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    LOAD_FIELD_NUMBER: _ClassVar[int]
    ROOM_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    node: str
    software: str
    state: str
    epochs: _containers.RepeatedCompositeFieldContainer[ResidentEpoch]
    bundle_version: int
    checkpoint: str
    load: float
    room: CellRoom
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., node: _Optional[str] = ..., software: _Optional[str] = ..., state: _Optional[str] = ..., epochs: _Optional[_Iterable[_Union[ResidentEpoch, _Mapping]]] = ..., bundle_version: _Optional[int] = ..., checkpoint: _Optional[str] = ..., load: _Optional[float] = ..., room: _Optional[_Union[CellRoom, _Mapping]] = ...) -> None: ...

class AnnounceResponse(_message.Message):
    __slots__ = ("state", "bundle_version")
    STATE_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    state: CellState
    bundle_version: int
    def __init__(self, state: _Optional[_Union[CellState, str]] = ..., bundle_version: _Optional[int] = ...) -> None: ...

class SetCellStateRequest(_message.Message):
    __slots__ = ("context", "cell")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    CELL_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    cell: str
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., cell: _Optional[str] = ...) -> None: ...

class SetCellStateResponse(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: int
    def __init__(self, version: _Optional[int] = ...) -> None: ...

class ListCellsRequest(_message.Message):
    __slots__ = ("context",)
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ...) -> None: ...

class CellStatus(_message.Message):
    __slots__ = ("cell", "software", "bundle_version", "announced_s", "residents", "room")
    CELL_FIELD_NUMBER: _ClassVar[int]
    SOFTWARE_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCED_S_FIELD_NUMBER: _ClassVar[int]
    RESIDENTS_FIELD_NUMBER: _ClassVar[int]
    ROOM_FIELD_NUMBER: _ClassVar[int]
    cell: Cell
    software: str
    bundle_version: int
    announced_s: int
    residents: int
    room: CellRoom
    def __init__(self, cell: _Optional[_Union[Cell, _Mapping]] = ..., software: _Optional[str] = ..., bundle_version: _Optional[int] = ..., announced_s: _Optional[int] = ..., residents: _Optional[int] = ..., room: _Optional[_Union[CellRoom, _Mapping]] = ...) -> None: ...

class ListCellsResponse(_message.Message):
    __slots__ = ("cells", "edges", "bundle_version", "watch_version", "held")
    class HeldEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    CELLS_FIELD_NUMBER: _ClassVar[int]
    EDGES_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    WATCH_VERSION_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    cells: _containers.RepeatedCompositeFieldContainer[CellStatus]
    edges: _containers.RepeatedCompositeFieldContainer[Edge]
    bundle_version: int
    watch_version: int
    held: _containers.ScalarMap[str, int]
    def __init__(self, cells: _Optional[_Iterable[_Union[CellStatus, _Mapping]]] = ..., edges: _Optional[_Iterable[_Union[Edge, _Mapping]]] = ..., bundle_version: _Optional[int] = ..., watch_version: _Optional[int] = ..., held: _Optional[_Mapping[str, int]] = ...) -> None: ...

class InviteOfficerRequest(_message.Message):
    __slots__ = ("context", "officer", "roles", "jurisdictions")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    OFFICER_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    JURISDICTIONS_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    officer: str
    roles: _containers.RepeatedScalarFieldContainer[str]
    jurisdictions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., officer: _Optional[str] = ..., roles: _Optional[_Iterable[str]] = ..., jurisdictions: _Optional[_Iterable[str]] = ...) -> None: ...

class InviteOfficerResponse(_message.Message):
    __slots__ = ("secret", "expires_s")
    SECRET_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_S_FIELD_NUMBER: _ClassVar[int]
    secret: str
    expires_s: int
    def __init__(self, secret: _Optional[str] = ..., expires_s: _Optional[int] = ...) -> None: ...

class SignedBundle(_message.Message):
    __slots__ = ("version", "bundle", "key_id", "signature")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    version: int
    bundle: bytes
    key_id: str
    signature: bytes
    def __init__(self, version: _Optional[int] = ..., bundle: _Optional[bytes] = ..., key_id: _Optional[str] = ..., signature: _Optional[bytes] = ...) -> None: ...

class FetchBundleRequest(_message.Message):
    __slots__ = ("context", "version")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    version: int
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., version: _Optional[int] = ...) -> None: ...

class FetchBundleResponse(_message.Message):
    __slots__ = ("bundle",)
    BUNDLE_FIELD_NUMBER: _ClassVar[int]
    bundle: SignedBundle
    def __init__(self, bundle: _Optional[_Union[SignedBundle, _Mapping]] = ...) -> None: ...

class WatchBundleRequest(_message.Message):
    __slots__ = ("context", "held_version")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    HELD_VERSION_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    held_version: int
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., held_version: _Optional[int] = ...) -> None: ...

class SignedOrders(_message.Message):
    __slots__ = ("version", "orders", "key_id", "signature")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    version: int
    orders: bytes
    key_id: str
    signature: bytes
    def __init__(self, version: _Optional[int] = ..., orders: _Optional[bytes] = ..., key_id: _Optional[str] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Shadow(_message.Message):
    __slots__ = ("base_version", "bundle_hash")
    BASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_HASH_FIELD_NUMBER: _ClassVar[int]
    base_version: int
    bundle_hash: bytes
    def __init__(self, base_version: _Optional[int] = ..., bundle_hash: _Optional[bytes] = ...) -> None: ...

class WatchBundleResponse(_message.Message):
    __slots__ = ("bundle", "orders", "shadow")
    BUNDLE_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    bundle: SignedBundle
    orders: SignedOrders
    shadow: Shadow
    def __init__(self, bundle: _Optional[_Union[SignedBundle, _Mapping]] = ..., orders: _Optional[_Union[SignedOrders, _Mapping]] = ..., shadow: _Optional[_Union[Shadow, _Mapping]] = ...) -> None: ...

class FetchShadowRequest(_message.Message):
    __slots__ = ("context", "bundle_hash")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_HASH_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    bundle_hash: bytes
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., bundle_hash: _Optional[bytes] = ...) -> None: ...

class FetchShadowResponse(_message.Message):
    __slots__ = ("bundle",)
    BUNDLE_FIELD_NUMBER: _ClassVar[int]
    bundle: SignedBundle
    def __init__(self, bundle: _Optional[_Union[SignedBundle, _Mapping]] = ...) -> None: ...

class ShadowState(_message.Message):
    __slots__ = ("bundle_hash", "refused")
    BUNDLE_HASH_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    bundle_hash: bytes
    refused: str
    def __init__(self, bundle_hash: _Optional[bytes] = ..., refused: _Optional[str] = ...) -> None: ...

class AcknowledgeRequest(_message.Message):
    __slots__ = ("context", "node", "bundle_version", "bundle_hash", "checkpoint", "shadow")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_HASH_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    node: str
    bundle_version: int
    bundle_hash: bytes
    checkpoint: str
    shadow: ShadowState
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., node: _Optional[str] = ..., bundle_version: _Optional[int] = ..., bundle_hash: _Optional[bytes] = ..., checkpoint: _Optional[str] = ..., shadow: _Optional[_Union[ShadowState, _Mapping]] = ...) -> None: ...

class AcknowledgeResponse(_message.Message):
    __slots__ = ("settled_version",)
    SETTLED_VERSION_FIELD_NUMBER: _ClassVar[int]
    settled_version: int
    def __init__(self, settled_version: _Optional[int] = ...) -> None: ...

class TrafficKind(_message.Message):
    __slots__ = ("number", "kind")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    number: int
    kind: bytes
    def __init__(self, number: _Optional[int] = ..., kind: _Optional[bytes] = ...) -> None: ...

class TrafficCount(_message.Message):
    __slots__ = ("number", "start_s", "flows", "shadow")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    START_S_FIELD_NUMBER: _ClassVar[int]
    FLOWS_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    number: int
    start_s: int
    flows: int
    shadow: bytes
    def __init__(self, number: _Optional[int] = ..., start_s: _Optional[int] = ..., flows: _Optional[int] = ..., shadow: _Optional[bytes] = ...) -> None: ...

class TrafficDifference(_message.Message):
    __slots__ = ("number", "start_s", "shadow", "data_class", "what", "rule", "flows")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    START_S_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    DATA_CLASS_FIELD_NUMBER: _ClassVar[int]
    WHAT_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    FLOWS_FIELD_NUMBER: _ClassVar[int]
    number: int
    start_s: int
    shadow: bytes
    data_class: str
    what: str
    rule: str
    flows: int
    def __init__(self, number: _Optional[int] = ..., start_s: _Optional[int] = ..., shadow: _Optional[bytes] = ..., data_class: _Optional[str] = ..., what: _Optional[str] = ..., rule: _Optional[str] = ..., flows: _Optional[int] = ...) -> None: ...

class ReportTrafficRequest(_message.Message):
    __slots__ = ("context", "since_us", "after", "position", "kinds", "counts", "until_s", "differences")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SINCE_US_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    UNTIL_S_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    since_us: int
    after: int
    position: int
    kinds: _containers.RepeatedCompositeFieldContainer[TrafficKind]
    counts: _containers.RepeatedCompositeFieldContainer[TrafficCount]
    until_s: int
    differences: _containers.RepeatedCompositeFieldContainer[TrafficDifference]
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., since_us: _Optional[int] = ..., after: _Optional[int] = ..., position: _Optional[int] = ..., kinds: _Optional[_Iterable[_Union[TrafficKind, _Mapping]]] = ..., counts: _Optional[_Iterable[_Union[TrafficCount, _Mapping]]] = ..., until_s: _Optional[int] = ..., differences: _Optional[_Iterable[_Union[TrafficDifference, _Mapping]]] = ...) -> None: ...

class ReportTrafficResponse(_message.Message):
    __slots__ = ("position",)
    POSITION_FIELD_NUMBER: _ClassVar[int]
    position: int
    def __init__(self, position: _Optional[int] = ...) -> None: ...

class UnlawfulConversation(_message.Message):
    __slots__ = ("resident", "channel", "outcome", "rule", "bundle_version")
    RESIDENT_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    resident: str
    channel: str
    outcome: str
    rule: str
    bundle_version: int
    def __init__(self, resident: _Optional[str] = ..., channel: _Optional[str] = ..., outcome: _Optional[str] = ..., rule: _Optional[str] = ..., bundle_version: _Optional[int] = ...) -> None: ...

class ReportUnlawfulRequest(_message.Message):
    __slots__ = ("context", "bundle_version", "refused", "read_only", "conversations")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    READ_ONLY_FIELD_NUMBER: _ClassVar[int]
    CONVERSATIONS_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    bundle_version: int
    refused: int
    read_only: int
    conversations: _containers.RepeatedCompositeFieldContainer[UnlawfulConversation]
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., bundle_version: _Optional[int] = ..., refused: _Optional[int] = ..., read_only: _Optional[int] = ..., conversations: _Optional[_Iterable[_Union[UnlawfulConversation, _Mapping]]] = ...) -> None: ...

class ReportUnlawfulResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
