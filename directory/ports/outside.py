"""What the directory owes its rules beside a store: a bell, a rate limit, proofs of certificates and
passwords.
"""

from collections.abc import Callable
from typing import Protocol

from directory.domain.watch import RouteChanges


class Bell(Protocol):
    """Wakes watchers after a change of this process; changes of others are found by looking now and then."""

    def ring(self) -> None:
        """Something changed."""

    def rung(self) -> int:
        """How often it rang."""

    async def wait(self, rung: int, timeout_s: float) -> None:
        """Return once it has rung more than `rung` times, or after the timeout."""


class Rate(Protocol):
    """A budget per peer."""

    def spend(self, peer: str, cost: int) -> None:
        """Take `cost` from the peer's budget.

        Raises:
            RateLimitedError: the budget is used up; nothing is taken.
        """


class Hasher(Protocol):
    """Password hashes, argon2id, on a bounded pool."""

    async def hash(self, password: str) -> str:
        """The encoded hash, with a fresh salt."""

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Whether it fits; None costs the same work and never fits."""


class SecondFactors(Protocol):
    """Time-based one-time passwords (RFC 6238): six digits, 30 seconds, SHA-1, as every authenticator knows
    them.
    """

    def make(self, officer: str) -> tuple[bytes, str]:
        """A fresh secret, sealed for the store, and the `otpauth://` text that authenticators read."""

    def step_of(self, officer: str, sealed: bytes, code: str, now_s: int) -> int | None:
        """The step (unix seconds / 30) whose code this is, at most one before or after now; None: of none.

        Raises:
            KeyUnavailableError: the sealed secret does not open.
        """


class Authorities(Protocol):
    """Proves certificates of cells' authorities."""

    def require_of(self, cell: str, authority: bytes) -> None:
        """Prove that `authority` is one PEM certificate of an authority that names `<cell>.<federation>`.

        Raises:
            InvalidError: anything else, or not the one that this directory was given for the name.
        """


RouteEncoder = Callable[[RouteChanges], bytes]
"""The bytes of a delta as they go on the wire and into journals."""
