"""Every error that may cross a border between planes, and the one table that says how each border shows it.

    ColinkError
    ├── who are you:    TokenMissingError TokenInvalidError TokenRevokedError TokenExpiredError
    │                   UserInactiveError
    ├── you may not:    ForbiddenError WithheldError HaltedError KeyRevokedError WrongEdgeError
    │                   PeerRefusedError
    ├── there is none:  NotFoundError UnknownResidentError UnknownRouteError
    ├── not like that:  InvalidError ConflictError WrongStateError
    ├── again, soon:    StaleEpochError FrozenError NotReadyError BundleSkewError
    ├── again, later:   HomeUnreachableError KeyUnavailableError LedgerUnavailableError OverloadedError
    │                   StorageFullError RateLimitedError
    └── it broke:       OutcomeUnknownError InternalError

Invariants
    1. One class per reason and one reason per class; `RULES` has exactly one row for each.
    2. `metadata` holds ids, codes and numbers, never content; `text` is meant for the person who asked.
    3. Every retryable reason but OUTCOME_UNKNOWN promises that nothing was written.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal


class Reason(StrEnum):
    """Why a call was refused; the word that crosses the wire."""

    TOKEN_MISSING = "TOKEN_MISSING"  # noqa: S105
    TOKEN_INVALID = "TOKEN_INVALID"  # noqa: S105
    TOKEN_REVOKED = "TOKEN_REVOKED"  # noqa: S105
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105
    USER_INACTIVE = "USER_INACTIVE"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    INVALID = "INVALID"
    CONFLICT = "CONFLICT"
    WRONG_STATE = "WRONG_STATE"
    WITHHELD = "WITHHELD"
    HALTED = "HALTED"
    STALE_EPOCH = "STALE_EPOCH"
    FROZEN = "FROZEN"
    NOT_READY = "NOT_READY"
    BUNDLE_SKEW = "BUNDLE_SKEW"
    HOME_UNREACHABLE = "HOME_UNREACHABLE"
    KEY_UNAVAILABLE = "KEY_UNAVAILABLE"
    LEDGER_UNAVAILABLE = "LEDGER_UNAVAILABLE"
    OVERLOADED = "OVERLOADED"
    STORAGE_FULL = "STORAGE_FULL"
    KEY_REVOKED = "KEY_REVOKED"
    WRONG_EDGE = "WRONG_EDGE"
    RATE_LIMITED = "RATE_LIMITED"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    INTERNAL = "INTERNAL"
    UNKNOWN_RESIDENT = "UNKNOWN_RESIDENT"
    UNKNOWN_ROUTE = "UNKNOWN_ROUTE"
    PEER_REFUSED = "PEER_REFUSED"


@dataclass(frozen=True, slots=True)
class Rule:
    """How each border shows a reason.

    Args:
        grpc_code_name: name of the gRPC status code.
        http_status: answer to HTTP callers outside the public API.
        api_status: HTTP status on the public API.
        api_error: `error` of the public API unless the error names its own; None: never shown there.
        retry: A by the edge within the deadline, K by the client with the same key, N not at all.
    """

    grpc_code_name: str
    http_status: int
    api_status: int
    api_error: str | None
    retry: Literal["A", "K", "N"]


RULES: dict[Reason, Rule] = {
    Reason.TOKEN_MISSING: Rule("UNAUTHENTICATED", 401, 200, "not_authed", "N"),
    Reason.TOKEN_INVALID: Rule("UNAUTHENTICATED", 401, 200, "invalid_auth", "N"),
    Reason.TOKEN_REVOKED: Rule("UNAUTHENTICATED", 401, 200, "token_revoked", "N"),
    Reason.TOKEN_EXPIRED: Rule("UNAUTHENTICATED", 401, 200, "token_expired", "N"),
    Reason.USER_INACTIVE: Rule("UNAUTHENTICATED", 401, 200, "account_inactive", "N"),
    Reason.FORBIDDEN: Rule("PERMISSION_DENIED", 403, 200, "restricted_action", "N"),
    Reason.NOT_FOUND: Rule("NOT_FOUND", 404, 200, "not_found", "N"),
    Reason.INVALID: Rule("INVALID_ARGUMENT", 400, 200, "invalid_arguments", "N"),
    Reason.CONFLICT: Rule("ALREADY_EXISTS", 409, 200, "already_exists", "N"),
    Reason.WRONG_STATE: Rule("FAILED_PRECONDITION", 409, 200, "wrong_state", "N"),
    Reason.WITHHELD: Rule("PERMISSION_DENIED", 451, 200, "restricted_action", "N"),
    Reason.HALTED: Rule("PERMISSION_DENIED", 451, 200, "restricted_action", "N"),
    Reason.STALE_EPOCH: Rule("FAILED_PRECONDITION", 503, 503, "service_unavailable", "A"),
    Reason.FROZEN: Rule("UNAVAILABLE", 503, 503, "service_unavailable", "A"),
    Reason.NOT_READY: Rule("UNAVAILABLE", 503, 503, "service_unavailable", "A"),
    Reason.BUNDLE_SKEW: Rule("UNAVAILABLE", 503, 503, "service_unavailable", "A"),
    Reason.HOME_UNREACHABLE: Rule("UNAVAILABLE", 503, 503, "service_unavailable", "K"),
    Reason.KEY_UNAVAILABLE: Rule("UNAVAILABLE", 503, 503, "service_unavailable", "K"),
    Reason.LEDGER_UNAVAILABLE: Rule("UNAVAILABLE", 503, 503, "service_unavailable", "K"),
    Reason.OVERLOADED: Rule("UNAVAILABLE", 503, 503, "service_unavailable", "K"),
    Reason.STORAGE_FULL: Rule("RESOURCE_EXHAUSTED", 503, 503, "service_unavailable", "K"),
    Reason.KEY_REVOKED: Rule("FAILED_PRECONDITION", 403, 200, "ekm_access_denied", "N"),
    # Answered by edges alone; the code only matters should one ever be relayed.
    Reason.WRONG_EDGE: Rule("FAILED_PRECONDITION", 421, 200, "access_denied", "N"),
    Reason.RATE_LIMITED: Rule("RESOURCE_EXHAUSTED", 429, 429, "ratelimited", "K"),
    Reason.OUTCOME_UNKNOWN: Rule("UNKNOWN", 500, 200, "fatal_error", "K"),
    Reason.INTERNAL: Rule("INTERNAL", 500, 200, "internal_error", "K"),
    Reason.UNKNOWN_RESIDENT: Rule("NOT_FOUND", 404, 200, "invalid_auth", "N"),
    Reason.UNKNOWN_ROUTE: Rule("NOT_FOUND", 404, 200, "unknown_method", "N"),
    # Between planes only: people never see it.
    Reason.PEER_REFUSED: Rule("PERMISSION_DENIED", 403, 403, None, "N"),
}


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a resident lives now.

    Args:
        resident: id; cell: name of the new home; epoch: of the new placement.
        handover: record signed by both cells (`accord.identity.verify_handover`).
    """

    resident: str
    cell: str
    epoch: int
    handover: bytes


class ColinkError(Exception):
    """A refusal with a reason. Raise a subclass; `from_reason` makes one from the wire.

    Args:
        text: for the person who asked (no content of others), or empty.
        api: the `error` of the public API when it is not the reason's own (`api="already_reacted"`).
        retry_after_ms: when trying again makes sense.
        moved: the current home, with STALE_EPOCH.
        metadata: ids, codes and numbers (`thing="channel"`, `field="cursor"`, `rule="DE-12"`).
    """

    reason: ClassVar[Reason] = Reason.INTERNAL

    def __init__(
        self,
        text: str = "",
        /,
        *,
        api: str | None = None,
        retry_after_ms: int | None = None,
        moved: Moved | None = None,
        **metadata: str | int,
    ) -> None:
        self.text = text
        self.metadata: dict[str, str] = {key: str(value) for key, value in metadata.items()}
        self.retry_after_ms = retry_after_ms
        self.moved = moved
        self.api_override = api
        super().__init__(text)

    @property
    def rule(self) -> Rule:
        """The row of `RULES`."""
        return RULES[self.reason]

    @property
    def api(self) -> str:
        """The `error` of the public API."""
        if self.api_override is not None:
            return self.api_override
        thing = self.metadata.get("thing") if self.reason is Reason.NOT_FOUND else None
        return f"{thing}_not_found" if thing else self.rule.api_error or "internal_error"

    def __str__(self) -> str:
        facts = "".join(f" {key}={value}" for key, value in sorted(self.metadata.items()))
        return self.reason.lower() + facts + (f": {self.text}" if self.text else "")


class TokenMissingError(ColinkError):
    """A call without a token."""

    reason = Reason.TOKEN_MISSING


class TokenInvalidError(ColinkError):
    """A token that was not made for this, or by nobody we know."""

    reason = Reason.TOKEN_INVALID


class TokenRevokedError(ColinkError):
    """A token that was taken back."""

    reason = Reason.TOKEN_REVOKED


class TokenExpiredError(ColinkError):
    """A token whose time is over."""

    reason = Reason.TOKEN_EXPIRED


class UserInactiveError(ColinkError):
    """The user of the token was deactivated."""

    reason = Reason.USER_INACTIVE


class ForbiddenError(ColinkError):
    """The principal lacks what is `needed`."""

    reason = Reason.FORBIDDEN


class NotFoundError(ColinkError):
    """No such `thing`, or none that this principal may know of."""

    reason = Reason.NOT_FOUND


class InvalidError(ColinkError):
    """`field` is wrong, and `why`."""

    reason = Reason.INVALID


class ConflictError(ColinkError):
    """`what` exists already."""

    reason = Reason.CONFLICT


class WrongStateError(ColinkError):
    """Not in this `state`."""

    reason = Reason.WRONG_STATE


class WithheldError(ColinkError):
    """A residency rule forbids it: `code`, `rule`, `decision`."""

    reason = Reason.WITHHELD


class HaltedError(ColinkError):
    """Cross-cell flows are stopped for now."""

    reason = Reason.HALTED


class StaleEpochError(ColinkError):
    """The caller's placement is old; `moved` names the new home."""

    reason = Reason.STALE_EPOCH


class FrozenError(ColinkError):
    """Writes pause for a relocation until `until_ms`."""

    reason = Reason.FROZEN


class NotReadyError(ColinkError):
    """This process has not caught up yet."""

    reason = Reason.NOT_READY


class BundleSkewError(ColinkError):
    """The two ends hold policy bundles too far apart."""

    reason = Reason.BUNDLE_SKEW


class HomeUnreachableError(ColinkError):
    """The home cell cannot be reached; nothing was sent."""

    reason = Reason.HOME_UNREACHABLE


class KeyUnavailableError(ColinkError):
    """The key store does not answer."""

    reason = Reason.KEY_UNAVAILABLE


class LedgerUnavailableError(ColinkError):
    """The ledger cannot append, so nothing crosses."""

    reason = Reason.LEDGER_UNAVAILABLE


class OverloadedError(ColinkError):
    """A queue is full."""

    reason = Reason.OVERLOADED


class StorageFullError(ColinkError):
    """A store is full."""

    reason = Reason.STORAGE_FULL


class KeyRevokedError(ColinkError):
    """The customer took back the key."""

    reason = Reason.KEY_REVOKED


class WrongEdgeError(ColinkError):
    """TLS must end elsewhere: `url`, `rule`."""

    reason = Reason.WRONG_EDGE


class RateLimitedError(ColinkError):
    """Too many, again after `retry_after_s`."""

    reason = Reason.RATE_LIMITED


class OutcomeUnknownError(ColinkError):
    """Sent, and no answer came: it may have happened."""

    reason = Reason.OUTCOME_UNKNOWN


class InternalError(ColinkError):
    """A defect of ours; nothing was written."""

    reason = Reason.INTERNAL


class UnknownResidentError(ColinkError):
    """No placement of this resident."""

    reason = Reason.UNKNOWN_RESIDENT


class UnknownRouteError(ColinkError):
    """No such route or method."""

    reason = Reason.UNKNOWN_ROUTE


class PeerRefusedError(ColinkError):
    """This peer may not call this."""

    reason = Reason.PEER_REFUSED


CLASSES: dict[Reason, type[ColinkError]] = {kind.reason: kind for kind in ColinkError.__subclasses__()}
"""Reason to its class."""


def from_reason(
    reason: Reason | str,
    metadata: dict[str, str] | None = None,
    *,
    text: str = "",
    api: str | None = None,
    retry_after_ms: int | None = None,
    moved: Moved | None = None,
) -> ColinkError:
    """The error that a peer named; a reason we do not know becomes INTERNAL, which promises nothing else."""
    known = Reason(reason) if reason in Reason.__members__ else Reason.INTERNAL
    error = CLASSES[known](text, api=api, retry_after_ms=retry_after_ms, moved=moved)
    error.metadata.update(metadata or {})
    return error


OBSTACLES = frozenset(
    (
        *("calls", "cell-calls", "edge-stream", "reads", "requests", "searches", "writer"),
        *("files", "search", "sql", "SQLITE_BUSY", "SQLITE_IOERR", "SQLITE_LOCKED", "state"),
        *("breaker", "deadline", "lost", "stream"),
    )
)
"""What may have been in the way of a call: queues, stores, and words for the rest."""


def obstacle(error: ColinkError) -> str:
    """What of `OBSTACLES` was in the way, as the error says; empty where it says none."""
    told = (error.metadata.get(name, "") for name in ("why", "queue", "store"))
    return next((word for word in told if word in OBSTACLES), "")
