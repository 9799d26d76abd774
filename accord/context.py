"""Who asks, about which resident, under which placement and policy: handed down with every request.

Invariants
    1. A context is never changed, only replaced (`dataclasses.replace`).
    2. It carries ids and names alone, no content and no token text.
"""

from dataclasses import dataclass
from typing import Literal

PrincipalKind = Literal["user", "bot", "app", "identity", "cell", "edge", "operator"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts, as proven by a token, an identity token or a certificate.

    Args:
        kind: what proved it.
        resident: id of the resident that the proof belongs to (T or E of a token; P, T or E of an identity
            token); None for cells and edges.
        user: U id inside `resident`, if it acts as one.
        app: A id, if an app acts.
        token_id: id of the API token (never its text).
        roles: strings such as `owner`, `admin`, `officer:DE`.
        cell: name of the cell (or edge) that vouches for it.
    """

    kind: PrincipalKind
    resident: str | None = None
    user: str | None = None
    app: str | None = None
    token_id: str | None = None
    roles: frozenset[str] = frozenset()
    cell: str | None = None

    @property
    def key(self) -> str:
        """Stable name of the principal, for idempotency rows and rate limits; ids only."""
        parts = (self.kind, self.resident, self.user, self.app, self.cell)
        return ":".join(part or "-" for part in parts)


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What every request to a cell or the directory carries; its deadline is gRPC's.

    Args:
        request_id: names this attempt, for traces.
        principal: who acts.
        resident: id of the resident that the request is about, if any.
        epoch: of the placement that the caller followed; 0: the caller knew none.
        bundle_version: of the policies that the caller holds.
        purpose: word of the vocabulary (`local`, `search`, ...).
        idempotency_key: the client's name for one intended change, if it is one.
        traceparent: W3C trace context, or empty.
    """

    request_id: str
    principal: Principal
    resident: str | None = None
    epoch: int = 0
    bundle_version: int = 0
    purpose: str = "local"
    idempotency_key: str | None = None
    traceparent: str = ""
