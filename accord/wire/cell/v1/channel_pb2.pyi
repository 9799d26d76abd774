from accord.wire.common.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CellAnswerState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CELL_ANSWER_STATE_UNSPECIFIED: _ClassVar[CellAnswerState]
    CELL_ANSWER_STATE_COMPLETE: _ClassVar[CellAnswerState]
    CELL_ANSWER_STATE_PARTIAL: _ClassVar[CellAnswerState]
    CELL_ANSWER_STATE_EMPTY: _ClassVar[CellAnswerState]
    CELL_ANSWER_STATE_UNAVAILABLE: _ClassVar[CellAnswerState]
    CELL_ANSWER_STATE_TIMED_OUT: _ClassVar[CellAnswerState]
    CELL_ANSWER_STATE_WITHHELD: _ClassVar[CellAnswerState]
CELL_ANSWER_STATE_UNSPECIFIED: CellAnswerState
CELL_ANSWER_STATE_COMPLETE: CellAnswerState
CELL_ANSWER_STATE_PARTIAL: CellAnswerState
CELL_ANSWER_STATE_EMPTY: CellAnswerState
CELL_ANSWER_STATE_UNAVAILABLE: CellAnswerState
CELL_ANSWER_STATE_TIMED_OUT: CellAnswerState
CELL_ANSWER_STATE_WITHHELD: CellAnswerState

class Leg(_message.Message):
    __slots__ = ("transfer_id", "leg", "op", "classes", "items", "bytes", "payload_root", "transfer_salt", "purpose", "bundle_version")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    LEG_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_ROOT_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_SALT_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    leg: str
    op: str
    classes: _containers.RepeatedScalarFieldContainer[str]
    items: int
    bytes: int
    payload_root: bytes
    transfer_salt: bytes
    purpose: str
    bundle_version: int
    def __init__(self, transfer_id: _Optional[str] = ..., leg: _Optional[str] = ..., op: _Optional[str] = ..., classes: _Optional[_Iterable[str]] = ..., items: _Optional[int] = ..., bytes: _Optional[int] = ..., payload_root: _Optional[bytes] = ..., transfer_salt: _Optional[bytes] = ..., purpose: _Optional[str] = ..., bundle_version: _Optional[int] = ...) -> None: ...

class SearchRequest(_message.Message):
    __slots__ = ("context", "leg", "query", "workspaces", "organisation", "first_answer_ms", "tail_ms", "count", "sort", "ascending", "highlight", "mode", "viewer_country", "viewer_relation", "tz_offset_s", "cursor")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    LEG_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    WORKSPACES_FIELD_NUMBER: _ClassVar[int]
    ORGANISATION_FIELD_NUMBER: _ClassVar[int]
    FIRST_ANSWER_MS_FIELD_NUMBER: _ClassVar[int]
    TAIL_MS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    ASCENDING_FIELD_NUMBER: _ClassVar[int]
    HIGHLIGHT_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    VIEWER_COUNTRY_FIELD_NUMBER: _ClassVar[int]
    VIEWER_RELATION_FIELD_NUMBER: _ClassVar[int]
    TZ_OFFSET_S_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    leg: Leg
    query: bytes
    workspaces: _containers.RepeatedScalarFieldContainer[str]
    organisation: str
    first_answer_ms: int
    tail_ms: int
    count: int
    sort: str
    ascending: bool
    highlight: bool
    mode: str
    viewer_country: str
    viewer_relation: str
    tz_offset_s: int
    cursor: str
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., leg: _Optional[_Union[Leg, _Mapping]] = ..., query: _Optional[bytes] = ..., workspaces: _Optional[_Iterable[str]] = ..., organisation: _Optional[str] = ..., first_answer_ms: _Optional[int] = ..., tail_ms: _Optional[int] = ..., count: _Optional[int] = ..., sort: _Optional[str] = ..., ascending: _Optional[bool] = ..., highlight: _Optional[bool] = ..., mode: _Optional[str] = ..., viewer_country: _Optional[str] = ..., viewer_relation: _Optional[str] = ..., tz_offset_s: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class SearchHit(_message.Message):
    __slots__ = ("item_id", "match", "score")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    MATCH_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    match: bytes
    score: float
    def __init__(self, item_id: _Optional[str] = ..., match: _Optional[bytes] = ..., score: _Optional[float] = ...) -> None: ...

class SearchState(_message.Message):
    __slots__ = ("state", "rule", "text", "decision", "through", "workspace")
    STATE_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    THROUGH_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    state: CellAnswerState
    rule: str
    text: str
    decision: str
    through: int
    workspace: str
    def __init__(self, state: _Optional[_Union[CellAnswerState, str]] = ..., rule: _Optional[str] = ..., text: _Optional[str] = ..., decision: _Optional[str] = ..., through: _Optional[int] = ..., workspace: _Optional[str] = ...) -> None: ...

class SearchResponse(_message.Message):
    __slots__ = ("leg", "hits", "states", "total", "cursor")
    LEG_FIELD_NUMBER: _ClassVar[int]
    HITS_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    leg: Leg
    hits: _containers.RepeatedCompositeFieldContainer[SearchHit]
    states: _containers.RepeatedCompositeFieldContainer[SearchState]
    total: int
    cursor: str
    def __init__(self, leg: _Optional[_Union[Leg, _Mapping]] = ..., hits: _Optional[_Iterable[_Union[SearchHit, _Mapping]]] = ..., states: _Optional[_Iterable[_Union[SearchState, _Mapping]]] = ..., total: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...
