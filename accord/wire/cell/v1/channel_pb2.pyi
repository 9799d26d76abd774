from accord.wire.common.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

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
    __slots__ = ("context", "leg", "query", "workspaces", "organisation", "first_answer_ms", "tail_ms", "count", "sort", "ascending", "highlight", "mode", "viewer_country", "viewer_relation")
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
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., leg: _Optional[_Union[Leg, _Mapping]] = ..., query: _Optional[bytes] = ..., workspaces: _Optional[_Iterable[str]] = ..., organisation: _Optional[str] = ..., first_answer_ms: _Optional[int] = ..., tail_ms: _Optional[int] = ..., count: _Optional[int] = ..., sort: _Optional[str] = ..., ascending: _Optional[bool] = ..., highlight: _Optional[bool] = ..., mode: _Optional[str] = ..., viewer_country: _Optional[str] = ..., viewer_relation: _Optional[str] = ...) -> None: ...

class SearchHit(_message.Message):
    __slots__ = ("item_id", "match")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    MATCH_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    match: bytes
    def __init__(self, item_id: _Optional[str] = ..., match: _Optional[bytes] = ...) -> None: ...

class SearchRefusal(_message.Message):
    __slots__ = ("rule", "text", "decision")
    RULE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    rule: str
    text: str
    decision: str
    def __init__(self, rule: _Optional[str] = ..., text: _Optional[str] = ..., decision: _Optional[str] = ...) -> None: ...

class SearchResponse(_message.Message):
    __slots__ = ("workspace", "leg", "hits", "summary", "refusal")
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    LEG_FIELD_NUMBER: _ClassVar[int]
    HITS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    workspace: str
    leg: Leg
    hits: _containers.RepeatedCompositeFieldContainer[SearchHit]
    summary: bytes
    refusal: SearchRefusal
    def __init__(self, workspace: _Optional[str] = ..., leg: _Optional[_Union[Leg, _Mapping]] = ..., hits: _Optional[_Iterable[_Union[SearchHit, _Mapping]]] = ..., summary: _Optional[bytes] = ..., refusal: _Optional[_Union[SearchRefusal, _Mapping]] = ...) -> None: ...
