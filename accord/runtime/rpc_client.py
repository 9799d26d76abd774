"""Calls to other planes: channels that believe one trust domain, and errors that come back as raised.

Invariants
    1. A channel to X is to X: the server's certificate is signed by the authority of trust domain X and
       names X, whatever address was dialled.
    2. Only a call that certainly never left is HOME_UNREACHABLE; any other failure without a typed detail is
       OUTCOME_UNKNOWN, because it may have happened.
    3. Every unary call has a deadline, and nothing is sent twice by the library.
    4. Who waits on a channel that is closed meanwhile gets an error and goes on; only who was cancelled
       himself ends.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import grpc
import grpc.aio

from accord.errors import ColinkError, HomeUnreachableError, OutcomeUnknownError
from accord.runtime.error_detail import METADATA_KEY, error_from_wire
from accord.runtime.mtls import MtlsFiles, Trust
from accord.runtime.rpc_server import MESSAGE_BYTES_MAX

Request = TypeVar("Request")
Response = TypeVar("Response")

# What gRPC says when no connection was made, so that nothing can have been sent (seen with grpcio 1.85).
RETIRED_S = 10.0
_closing: set["asyncio.Future[None]"] = set()
_NEVER_LEFT = ("failed to connect to all addresses", "DNS resolution failed", "Name resolution failure")


def open_channel(
    address: str, mtls: MtlsFiles, trust: Trust, expect: str, *, message_bytes_max: int = MESSAGE_BYTES_MAX
) -> grpc.aio.Channel:
    """A channel to the process at `address`, which must prove to be of trust domain `expect`.

    Connects when first used. Two channels share no connection.

    Raises:
        PeerRefusedError: `expect` is not trusted.
    """
    credentials = grpc.ssl_channel_credentials(trust.bundle_pem(expect), mtls.key_pem, mtls.certificate_pem)
    options = [
        ("grpc.ssl_target_name_override", expect),
        ("grpc.max_receive_message_length", message_bytes_max),
        ("grpc.max_send_message_length", message_bytes_max),
        ("grpc.keepalive_time_ms", 10_000),
        ("grpc.keepalive_timeout_ms", 5_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.initial_reconnect_backoff_ms", 100),
        # Also how long an attempt may take: a handshake with another continent is several round trips.
        ("grpc.min_reconnect_backoff_ms", 5_000),
        ("grpc.max_reconnect_backoff_ms", 2_000),
        ("grpc.enable_retries", 0),
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.enable_http_proxy", 0),
    ]
    return grpc.aio.secure_channel(address, credentials, options)


def retire(channel: grpc.aio.Channel, grace_s: float = RETIRED_S) -> None:
    """Take no new calls; what is under way has so long to end."""
    closing = asyncio.ensure_future(channel.close(grace=grace_s))
    _closing.add(closing)
    closing.add_done_callback(_closing.discard)


async def call(
    method: Callable[..., Awaitable[Response]],
    request: Request,
    deadline_s: float,
    *,
    metadata: tuple[tuple[str, str | bytes], ...] = (),
) -> Response:
    """Call a unary method of a stub, once.

    Args:
        deadline_s: seconds from now after which nobody waits.

    Raises:
        ColinkError: the very error of the server; HomeUnreachableError when the call never left; otherwise
            OutcomeUnknownError.
    """
    if deadline_s <= 0:
        raise HomeUnreachableError(why="deadline passed before the call")
    with typed_errors():
        return await method(request, timeout=deadline_s, metadata=metadata or None)


@contextmanager
def typed_errors() -> Iterator[None]:
    """Around calls and reads of streams: what gRPC raises, as `call` raises it.

    gRPC cancels the calls of a channel that is closed, and raises that in whoever waits for them as if he had
    been cancelled. A watch would end so, for ever and without a word, when certificates are renewed.
    """
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise error_of(error) from None
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise OutcomeUnknownError(status=grpc.StatusCode.CANCELLED.name) from None


def error_of(error: grpc.aio.AioRpcError) -> ColinkError:
    """The typed error of a failed call or stream."""
    trailing: Any = error.trailing_metadata() or ()
    for key, value in trailing:
        if key == METADATA_KEY and isinstance(value, bytes):
            typed = error_from_wire(value)
            if typed is not None:
                return typed
    code, text = error.code(), error.details() or ""
    if code is grpc.StatusCode.UNAVAILABLE and text.startswith(_NEVER_LEFT):
        return HomeUnreachableError(status=code.name)
    return OutcomeUnknownError(status=code.name)
