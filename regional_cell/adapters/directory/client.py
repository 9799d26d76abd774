"""Calls to the directory: whichever of its addresses answers.

Invariants
    1. Only a process of the directory's trust domain is believed.
    2. The directory away is NotReadyError; a reason of its own comes back as it was raised.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import grpc.aio

from accord.errors import ColinkError, HomeUnreachableError, NotReadyError, OutcomeUnknownError
from accord.ids import new_uuid
from accord.retries import RetryBudget
from accord.runtime.mtls import MtlsFiles, Trust
from accord.runtime.rpc_client import call, open_channel, retire
from accord.wire.common.v1 import common_pb2

MESSAGE_BYTES_MAX = 64 * 1024 * 1024
DEADLINE_S = 10.0

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class DirectoryClient:
    """Channels to the directory's addresses.

    Args:
        bundle_version: the version held now, for the context of requests.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        mtls: MtlsFiles,
        trust: Trust,
        trust_domain: str,
        bundle_version: Callable[[], int],
    ) -> None:
        self._bundle_version = bundle_version
        self._open = partial(
            open_channel, mtls=mtls, trust=trust, expect=trust_domain, message_bytes_max=MESSAGE_BYTES_MAX
        )
        self._addresses = addresses
        self._channels = [self._open(address) for address in addresses]
        self._turn = 0
        self._budget = RetryBudget()

    def context(self, key: str = "") -> common_pb2.RequestContext:
        """A context of our own: the certificate is the authority. `key`: of an intended change."""
        return common_pb2.RequestContext(
            request_id=new_uuid(), idempotency_key=key, bundle_version=self._bundle_version(), purpose="local"
        )

    def next_channel(self) -> grpc.aio.Channel:
        """For a stream: the next address in turn."""
        if not self._channels:
            raise HomeUnreachableError(why="the directory is not believed")
        self._turn = (self._turn + 1) % len(self._addresses)
        return self._channels[self._turn]

    async def ask(
        self,
        method: Callable[[grpc.aio.Channel], Callable[..., Awaitable[Answer]]],
        request: object,
        deadline_s: float = DEADLINE_S,
    ) -> Answer:
        """One unary call; a request must be repeatable, since another address may be asked after a
        failure.
        """
        failure: ColinkError = HomeUnreachableError()
        self._budget.called()
        for place in range(len(self._channels)):
            if place and not self._budget.spend():
                break
            channel = self._channels[self._turn]
            try:
                return await call(method(channel), request, deadline_s / len(self._channels))
            except (HomeUnreachableError, OutcomeUnknownError) as error:
                # The next call begins where this one goes on.
                failure = error
                self._turn = (self._turn + 1) % len(self._addresses)
        raise NotReadyError(why="directory away", retry_after_ms=1_000) from failure

    def renew(self) -> None:
        """Go on over new connections; raises PeerRefusedError when the directory is not believed any more."""
        while self._channels:
            retire(self._channels.pop())
        self._channels = [self._open(address) for address in self._addresses]

    async def close(self) -> None:
        """Close every channel."""
        for channel in self._channels:
            await channel.close(grace=None)
