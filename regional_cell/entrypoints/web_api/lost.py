"""Lost answers: requests that were done while their client never got the whole answer.

Some clients send such a request again without any key. If the edge said within the window that the answer
was lost, the
same request of the same token is answered once more from here, and not done again.

Invariants
    1. Only what `note` named is answered again; the same words sent twice on purpose are two messages.
    2. Nothing is kept beyond `WINDOW_S` and `BYTES_MAX`; it is of this process alone.
"""

import hashlib
from collections import OrderedDict

from accord.clock import Clock
from regional_cell.entrypoints.web_api.calls import ApiCall

WINDOW_S = 60
BYTES_MAX = 32 * 1024 * 1024
ENTRY_BYTES = 200


def digest_of(call: ApiCall) -> bytes:
    """Names a request: its method, token, arguments and their encoding."""
    token_id = call.caller.token_id if call.caller is not None else ""
    return digest_of_parts(call.method, token_id, call.content_type, call.query, call.body)


def digest_of_parts(method: str, authority: str, content_type: str, query: bytes, body: bytes) -> bytes:
    """The same for a request whose authority is not a token."""
    named = hashlib.sha256()
    for part in (method.encode(), authority.encode(), content_type.encode(), query, body):
        named.update(len(part).to_bytes(8, "big"))
        named.update(part)
    return named.digest()


class _Kept:
    __slots__ = ("body", "kept_s", "lost")

    def __init__(self, body: bytes, kept_s: float) -> None:
        self.body = body
        self.kept_s = kept_s
        self.lost = False


class LostAnswers:
    """Keeps bodies of recent answers, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._bytes = 0

    def keep(self, digest: bytes, body: bytes) -> None:
        """Remember the answer of a request that was done."""
        self._drop(digest)
        self._kept[digest] = _Kept(body, self._clock.monotonic_s())
        self._bytes += len(body) + ENTRY_BYTES
        while self._kept and (self._bytes > BYTES_MAX or self._too_old(next(iter(self._kept.values())))):
            self._drop(next(iter(self._kept)))

    def note(self, digest: bytes) -> None:
        """The answer to this request did not reach its client."""
        if (kept := self._kept.get(digest)) is not None:
            kept.lost = True

    def take(self, digest: bytes) -> bytes | None:
        """The body for a request that comes again after its answer was lost, once; None for all others."""
        kept = self._kept.get(digest)
        if kept is None or not kept.lost or self._too_old(kept):
            return None
        kept.lost = False
        return kept.body

    def _too_old(self, kept: _Kept) -> bool:
        return self._clock.monotonic_s() - kept.kept_s > WINDOW_S

    def _drop(self, digest: bytes) -> None:
        if (kept := self._kept.pop(digest, None)) is not None:
            self._bytes -= len(kept.body) + ENTRY_BYTES
