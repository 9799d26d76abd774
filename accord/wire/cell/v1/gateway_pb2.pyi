from accord.wire.common.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EdgeHello(_message.Message):
    __slots__ = ("edge", "jurisdiction", "region", "bundle_version", "url", "socket_url")
    EDGE_FIELD_NUMBER: _ClassVar[int]
    JURISDICTION_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    SOCKET_URL_FIELD_NUMBER: _ClassVar[int]
    edge: str
    jurisdiction: str
    region: str
    bundle_version: int
    url: str
    socket_url: str
    def __init__(self, edge: _Optional[str] = ..., jurisdiction: _Optional[str] = ..., region: _Optional[str] = ..., bundle_version: _Optional[int] = ..., url: _Optional[str] = ..., socket_url: _Optional[str] = ...) -> None: ...

class PrincipalSlot(_message.Message):
    __slots__ = ("slot", "token")
    SLOT_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    slot: int
    token: str
    def __init__(self, slot: _Optional[int] = ..., token: _Optional[str] = ...) -> None: ...

class Header(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Call(_message.Message):
    __slots__ = ("id", "slot", "resident", "epoch", "method", "content_type", "query", "body", "headers", "deadline_ms", "more", "request_id", "viewer_country", "bundle_version")
    ID_FIELD_NUMBER: _ClassVar[int]
    SLOT_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_MS_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VIEWER_COUNTRY_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    id: int
    slot: int
    resident: str
    epoch: int
    method: str
    content_type: str
    query: bytes
    body: bytes
    headers: _containers.RepeatedCompositeFieldContainer[Header]
    deadline_ms: int
    more: bool
    request_id: str
    viewer_country: str
    bundle_version: int
    def __init__(self, id: _Optional[int] = ..., slot: _Optional[int] = ..., resident: _Optional[str] = ..., epoch: _Optional[int] = ..., method: _Optional[str] = ..., content_type: _Optional[str] = ..., query: _Optional[bytes] = ..., body: _Optional[bytes] = ..., headers: _Optional[_Iterable[_Union[Header, _Mapping]]] = ..., deadline_ms: _Optional[int] = ..., more: _Optional[bool] = ..., request_id: _Optional[str] = ..., viewer_country: _Optional[str] = ..., bundle_version: _Optional[int] = ...) -> None: ...

class BodyChunk(_message.Message):
    __slots__ = ("id", "data", "last")
    ID_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    id: int
    data: bytes
    last: bool
    def __init__(self, id: _Optional[int] = ..., data: _Optional[bytes] = ..., last: _Optional[bool] = ...) -> None: ...

class Cancel(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: int
    def __init__(self, id: _Optional[int] = ...) -> None: ...

class AnswerLost(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: int
    def __init__(self, id: _Optional[int] = ...) -> None: ...

class OpenSocket(_message.Message):
    __slots__ = ("socket", "ticket", "resume", "epoch", "viewer_country")
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    TICKET_FIELD_NUMBER: _ClassVar[int]
    RESUME_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    VIEWER_COUNTRY_FIELD_NUMBER: _ClassVar[int]
    socket: int
    ticket: str
    resume: str
    epoch: int
    viewer_country: str
    def __init__(self, socket: _Optional[int] = ..., ticket: _Optional[str] = ..., resume: _Optional[str] = ..., epoch: _Optional[int] = ..., viewer_country: _Optional[str] = ...) -> None: ...

class SocketFrame(_message.Message):
    __slots__ = ("socket", "data", "confirm")
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    CONFIRM_FIELD_NUMBER: _ClassVar[int]
    socket: int
    data: bytes
    confirm: bool
    def __init__(self, socket: _Optional[int] = ..., data: _Optional[bytes] = ..., confirm: _Optional[bool] = ...) -> None: ...

class SocketTaken(_message.Message):
    __slots__ = ("socket", "frames")
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    socket: int
    frames: int
    def __init__(self, socket: _Optional[int] = ..., frames: _Optional[int] = ...) -> None: ...

class CloseSocket(_message.Message):
    __slots__ = ("socket", "code", "reason")
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    socket: int
    code: int
    reason: str
    def __init__(self, socket: _Optional[int] = ..., code: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class FindPerson(_message.Message):
    __slots__ = ("id", "indexes")
    ID_FIELD_NUMBER: _ClassVar[int]
    INDEXES_FIELD_NUMBER: _ClassVar[int]
    id: int
    indexes: _containers.RepeatedCompositeFieldContainer[LookupIndex]
    def __init__(self, id: _Optional[int] = ..., indexes: _Optional[_Iterable[_Union[LookupIndex, _Mapping]]] = ...) -> None: ...

class LookupIndex(_message.Message):
    __slots__ = ("attribute", "key_id", "index")
    ATTRIBUTE_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    attribute: str
    key_id: str
    index: bytes
    def __init__(self, attribute: _Optional[str] = ..., key_id: _Optional[str] = ..., index: _Optional[bytes] = ...) -> None: ...

class Credit(_message.Message):
    __slots__ = ("bytes",)
    BYTES_FIELD_NUMBER: _ClassVar[int]
    bytes: int
    def __init__(self, bytes: _Optional[int] = ...) -> None: ...

class EdgeFrame(_message.Message):
    __slots__ = ("hello", "principal", "call", "chunk", "cancel", "answer_lost", "open_socket", "socket_frame", "close_socket", "find", "credit", "socket_taken")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    ANSWER_LOST_FIELD_NUMBER: _ClassVar[int]
    OPEN_SOCKET_FIELD_NUMBER: _ClassVar[int]
    SOCKET_FRAME_FIELD_NUMBER: _ClassVar[int]
    CLOSE_SOCKET_FIELD_NUMBER: _ClassVar[int]
    FIND_FIELD_NUMBER: _ClassVar[int]
    CREDIT_FIELD_NUMBER: _ClassVar[int]
    SOCKET_TAKEN_FIELD_NUMBER: _ClassVar[int]
    hello: EdgeHello
    principal: PrincipalSlot
    call: Call
    chunk: BodyChunk
    cancel: Cancel
    answer_lost: AnswerLost
    open_socket: OpenSocket
    socket_frame: SocketFrame
    close_socket: CloseSocket
    find: FindPerson
    credit: Credit
    socket_taken: SocketTaken
    def __init__(self, hello: _Optional[_Union[EdgeHello, _Mapping]] = ..., principal: _Optional[_Union[PrincipalSlot, _Mapping]] = ..., call: _Optional[_Union[Call, _Mapping]] = ..., chunk: _Optional[_Union[BodyChunk, _Mapping]] = ..., cancel: _Optional[_Union[Cancel, _Mapping]] = ..., answer_lost: _Optional[_Union[AnswerLost, _Mapping]] = ..., open_socket: _Optional[_Union[OpenSocket, _Mapping]] = ..., socket_frame: _Optional[_Union[SocketFrame, _Mapping]] = ..., close_socket: _Optional[_Union[CloseSocket, _Mapping]] = ..., find: _Optional[_Union[FindPerson, _Mapping]] = ..., credit: _Optional[_Union[Credit, _Mapping]] = ..., socket_taken: _Optional[_Union[SocketTaken, _Mapping]] = ...) -> None: ...

class EdgeBatch(_message.Message):
    __slots__ = ("frames",)
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    frames: _containers.RepeatedCompositeFieldContainer[EdgeFrame]
    def __init__(self, frames: _Optional[_Iterable[_Union[EdgeFrame, _Mapping]]] = ...) -> None: ...

class CellHello(_message.Message):
    __slots__ = ("cell", "software", "bundle_version", "process")
    CELL_FIELD_NUMBER: _ClassVar[int]
    SOFTWARE_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    PROCESS_FIELD_NUMBER: _ClassVar[int]
    cell: str
    software: str
    bundle_version: int
    process: str
    def __init__(self, cell: _Optional[str] = ..., software: _Optional[str] = ..., bundle_version: _Optional[int] = ..., process: _Optional[str] = ...) -> None: ...

class Answer(_message.Message):
    __slots__ = ("id", "status", "headers", "body", "more", "moved")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    MOVED_FIELD_NUMBER: _ClassVar[int]
    id: int
    status: int
    headers: _containers.RepeatedCompositeFieldContainer[Header]
    body: bytes
    more: bool
    moved: _common_pb2.Moved
    def __init__(self, id: _Optional[int] = ..., status: _Optional[int] = ..., headers: _Optional[_Iterable[_Union[Header, _Mapping]]] = ..., body: _Optional[bytes] = ..., more: _Optional[bool] = ..., moved: _Optional[_Union[_common_pb2.Moved, _Mapping]] = ...) -> None: ...

class Found(_message.Message):
    __slots__ = ("id", "resident")
    ID_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_FIELD_NUMBER: _ClassVar[int]
    id: int
    resident: str
    def __init__(self, id: _Optional[int] = ..., resident: _Optional[str] = ...) -> None: ...

class SocketOpened(_message.Message):
    __slots__ = ("socket", "resident", "user", "topics")
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    socket: int
    resident: str
    user: str
    topics: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, socket: _Optional[int] = ..., resident: _Optional[str] = ..., user: _Optional[str] = ..., topics: _Optional[_Iterable[str]] = ...) -> None: ...

class SocketRefused(_message.Message):
    __slots__ = ("socket", "code", "reason", "moved")
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MOVED_FIELD_NUMBER: _ClassVar[int]
    socket: int
    code: int
    reason: str
    moved: _common_pb2.Moved
    def __init__(self, socket: _Optional[int] = ..., code: _Optional[int] = ..., reason: _Optional[str] = ..., moved: _Optional[_Union[_common_pb2.Moved, _Mapping]] = ...) -> None: ...

class Topics(_message.Message):
    __slots__ = ("socket", "add", "remove")
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    ADD_FIELD_NUMBER: _ClassVar[int]
    REMOVE_FIELD_NUMBER: _ClassVar[int]
    socket: int
    add: _containers.RepeatedScalarFieldContainer[str]
    remove: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, socket: _Optional[int] = ..., add: _Optional[_Iterable[str]] = ..., remove: _Optional[_Iterable[str]] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("topic", "except_sockets", "x_seq", "data", "replied", "reply")
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    EXCEPT_SOCKETS_FIELD_NUMBER: _ClassVar[int]
    X_SEQ_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    REPLIED_FIELD_NUMBER: _ClassVar[int]
    REPLY_FIELD_NUMBER: _ClassVar[int]
    topic: str
    except_sockets: _containers.RepeatedScalarFieldContainer[int]
    x_seq: int
    data: bytes
    replied: int
    reply: bytes
    def __init__(self, topic: _Optional[str] = ..., except_sockets: _Optional[_Iterable[int]] = ..., x_seq: _Optional[int] = ..., data: _Optional[bytes] = ..., replied: _Optional[int] = ..., reply: _Optional[bytes] = ...) -> None: ...

class Drain(_message.Message):
    __slots__ = ("by_ms",)
    BY_MS_FIELD_NUMBER: _ClassVar[int]
    by_ms: int
    def __init__(self, by_ms: _Optional[int] = ...) -> None: ...

class SendLimit(_message.Message):
    __slots__ = ("resident", "per_s")
    RESIDENT_FIELD_NUMBER: _ClassVar[int]
    PER_S_FIELD_NUMBER: _ClassVar[int]
    resident: str
    per_s: int
    def __init__(self, resident: _Optional[str] = ..., per_s: _Optional[int] = ...) -> None: ...

class CellFrame(_message.Message):
    __slots__ = ("hello", "answer", "chunk", "socket_opened", "socket_refused", "topics", "event", "socket_frame", "close_socket", "found", "drain", "credit", "send_limit")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    SOCKET_OPENED_FIELD_NUMBER: _ClassVar[int]
    SOCKET_REFUSED_FIELD_NUMBER: _ClassVar[int]
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    SOCKET_FRAME_FIELD_NUMBER: _ClassVar[int]
    CLOSE_SOCKET_FIELD_NUMBER: _ClassVar[int]
    FOUND_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    CREDIT_FIELD_NUMBER: _ClassVar[int]
    SEND_LIMIT_FIELD_NUMBER: _ClassVar[int]
    hello: CellHello
    answer: Answer
    chunk: BodyChunk
    socket_opened: SocketOpened
    socket_refused: SocketRefused
    topics: Topics
    event: Event
    socket_frame: SocketFrame
    close_socket: CloseSocket
    found: Found
    drain: Drain
    credit: Credit
    send_limit: SendLimit
    def __init__(self, hello: _Optional[_Union[CellHello, _Mapping]] = ..., answer: _Optional[_Union[Answer, _Mapping]] = ..., chunk: _Optional[_Union[BodyChunk, _Mapping]] = ..., socket_opened: _Optional[_Union[SocketOpened, _Mapping]] = ..., socket_refused: _Optional[_Union[SocketRefused, _Mapping]] = ..., topics: _Optional[_Union[Topics, _Mapping]] = ..., event: _Optional[_Union[Event, _Mapping]] = ..., socket_frame: _Optional[_Union[SocketFrame, _Mapping]] = ..., close_socket: _Optional[_Union[CloseSocket, _Mapping]] = ..., found: _Optional[_Union[Found, _Mapping]] = ..., drain: _Optional[_Union[Drain, _Mapping]] = ..., credit: _Optional[_Union[Credit, _Mapping]] = ..., send_limit: _Optional[_Union[SendLimit, _Mapping]] = ...) -> None: ...

class CellBatch(_message.Message):
    __slots__ = ("frames",)
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    frames: _containers.RepeatedCompositeFieldContainer[CellFrame]
    def __init__(self, frames: _Optional[_Iterable[_Union[CellFrame, _Mapping]]] = ...) -> None: ...

class UploadRequest(_message.Message):
    __slots__ = ("context", "ticket", "data")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    TICKET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    ticket: str
    data: bytes
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., ticket: _Optional[str] = ..., data: _Optional[bytes] = ...) -> None: ...

class UploadResponse(_message.Message):
    __slots__ = ("bytes",)
    BYTES_FIELD_NUMBER: _ClassVar[int]
    bytes: int
    def __init__(self, bytes: _Optional[int] = ...) -> None: ...

class DownloadRequest(_message.Message):
    __slots__ = ("context", "file", "offset", "length", "viewer_country")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    VIEWER_COUNTRY_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    file: str
    offset: int
    length: int
    viewer_country: str
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., file: _Optional[str] = ..., offset: _Optional[int] = ..., length: _Optional[int] = ..., viewer_country: _Optional[str] = ...) -> None: ...

class DownloadResponse(_message.Message):
    __slots__ = ("content_type", "name", "bytes", "sha256", "data")
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    content_type: str
    name: str
    bytes: int
    sha256: bytes
    data: bytes
    def __init__(self, content_type: _Optional[str] = ..., name: _Optional[str] = ..., bytes: _Optional[int] = ..., sha256: _Optional[bytes] = ..., data: _Optional[bytes] = ...) -> None: ...
