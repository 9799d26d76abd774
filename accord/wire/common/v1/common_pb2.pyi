from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RequestContext(_message.Message):
    __slots__ = ("request_id", "idempotency_key", "principal", "resident", "epoch", "bundle_version", "purpose", "traceparent")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    idempotency_key: str
    principal: str
    resident: str
    epoch: int
    bundle_version: int
    purpose: str
    traceparent: str
    def __init__(self, request_id: _Optional[str] = ..., idempotency_key: _Optional[str] = ..., principal: _Optional[str] = ..., resident: _Optional[str] = ..., epoch: _Optional[int] = ..., bundle_version: _Optional[int] = ..., purpose: _Optional[str] = ..., traceparent: _Optional[str] = ...) -> None: ...

class Moved(_message.Message):
    __slots__ = ("resident", "cell", "epoch", "handover")
    RESIDENT_FIELD_NUMBER: _ClassVar[int]
    CELL_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    HANDOVER_FIELD_NUMBER: _ClassVar[int]
    resident: str
    cell: str
    epoch: int
    handover: bytes
    def __init__(self, resident: _Optional[str] = ..., cell: _Optional[str] = ..., epoch: _Optional[int] = ..., handover: _Optional[bytes] = ...) -> None: ...

class ErrorDetail(_message.Message):
    __slots__ = ("reason", "metadata", "retry_after_ms", "moved", "api", "text")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    REASON_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    MOVED_FIELD_NUMBER: _ClassVar[int]
    API_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    reason: str
    metadata: _containers.ScalarMap[str, str]
    retry_after_ms: int
    moved: Moved
    api: str
    text: str
    def __init__(self, reason: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ..., retry_after_ms: _Optional[int] = ..., moved: _Optional[_Union[Moved, _Mapping]] = ..., api: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...
