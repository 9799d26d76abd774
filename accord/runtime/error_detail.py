"""Errors on the wire: `ColinkError` to and from the `ErrorDetail` in trailing metadata.

Invariants
    1. The same class with the same reason, metadata, texts and `moved` comes out as went in.
    2. A detail that cannot be read is no detail: the caller decides by the status what is known.
"""

from google.protobuf.message import DecodeError

from accord.errors import ColinkError, Moved, from_reason
from accord.wire.common.v1 import common_pb2

METADATA_KEY = "colink-error-bin"
DETAIL_BYTES_MAX = 6 * 1024
_VALUE_CHARACTERS_MAX = 256


def moved_to_wire(moved: Moved) -> common_pb2.Moved:
    """As the message, for frames that carry it."""
    return common_pb2.Moved(
        resident=moved.resident, cell=moved.cell, epoch=moved.epoch, handover=moved.handover
    )


def moved_from_wire(moved: common_pb2.Moved) -> Moved:
    """As said by the peer: its hand-over record is not proven yet."""
    return Moved(moved.resident, moved.cell, moved.epoch, moved.handover)


def error_to_wire(error: ColinkError) -> bytes:
    """Bytes of the `ErrorDetail`; over-long values are cut, since metadata of a call has a limit."""
    detail = common_pb2.ErrorDetail(
        reason=error.reason.value,
        metadata={k[:64]: v[:_VALUE_CHARACTERS_MAX] for k, v in list(error.metadata.items())[:16]},
        retry_after_ms=min(max(error.retry_after_ms or 0, 0), 2**32 - 1),
        moved=moved_to_wire(error.moved) if error.moved is not None else None,
        api=(error.api_override or "")[:64],
        text=error.text[:_VALUE_CHARACTERS_MAX],
    )
    data = detail.SerializeToString()
    if len(data) > DETAIL_BYTES_MAX:
        data = common_pb2.ErrorDetail(reason=error.reason.value, api=detail.api).SerializeToString()
    return data


def error_from_wire(data: bytes) -> ColinkError | None:
    """The error, or None when the bytes are no `ErrorDetail` with a reason."""
    try:
        detail = common_pb2.ErrorDetail.FromString(data)
    except DecodeError:
        return None
    if not detail.reason:
        return None
    return from_reason(
        detail.reason,
        dict(detail.metadata),
        text=detail.text,
        api=detail.api or None,
        retry_after_ms=detail.retry_after_ms or None,
        moved=moved_from_wire(detail.moved) if detail.HasField("moved") else None,
    )
