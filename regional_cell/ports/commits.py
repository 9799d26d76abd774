"""Changing a resident, and who hears of it first."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from regional_cell.domain.decisions import Committed, Decide
from regional_cell.domain.events import Event, SealedEvent
from regional_cell.domain.state import State


class Waiter(Protocol):
    """Who is told how a command ended, once. An `asyncio.Future` is one; what waits for very many commands is
    better told by a call of its own than woken by the event loop.
    """

    def done(self) -> bool:
        """Whether nobody needs to be told any more."""

    def set_result(self, committed: Committed, /) -> None:
        """It was committed. Does not wait and never raises."""

    def set_exception(self, error: BaseException, /) -> None:
        """It was not, or nobody knows. Does not wait and never raises."""


class Commits(Protocol):
    """The only way to change a resident: decided against its state, committed on condition that its head is
    still that.
    """

    def enqueue(
        self,
        resident: str,
        decide: Decide,
        waiter: Waiter,
        *,
        principal: str,
        epoch: int | None = None,
        origin: object | None = None,
    ) -> None:
        """Queue a command: it is decided, written, synced and folded in with the next batch. Does not wait.

        Args:
            waiter: told the end, an error of the list below included.
            epoch: what the caller believes; a different one at the resident raises StaleEpochError. None for
                work of the cell itself.
            origin: handed on to the live feed with the events, so that a socket's reply takes its event's
                place.

        Raises, or tells: what `decide` raises; UnknownResidentError, StaleEpochError, FrozenError,
            RateLimitedError (the resident has too much waiting), OverloadedError (queue full, or not written
            when the deadline passed), StorageFullError: nothing was written; OutcomeUnknownError (the
            transaction's end is not known); ConflictError(what=<view>) when a `Require` did not hold, not
            even when decided again; InternalError for a decision that cannot be stored.
        """

    def submit(
        self,
        resident: str,
        decide: Decide,
        *,
        principal: str,
        epoch: int | None = None,
        origin: object | None = None,
    ) -> asyncio.Future[Committed]:
        """`enqueue` with a future as the waiter."""

    async def commit(
        self,
        resident: str,
        decide: Decide,
        *,
        principal: str,
        epoch: int | None = None,
        origin: object | None = None,
    ) -> Committed:
        """`submit` with a future, awaited. A caller that stops waiting does not take the command back."""

    async def state(self, resident: str) -> State:
        """The state at a head not older than any commit acknowledged before the call. Raises
        UnknownResidentError.
        """

    async def event(self, resident: str, sequence: int) -> Event | None:
        """One opened entry; None where it does not exist or was redacted."""

    async def events(self, resident: str, sequences: Sequence[int]) -> dict[int, Event]:
        """Opened entries by sequence."""

    def opened(self, entries: Mapping[int, SealedEvent]) -> dict[int, Event]:
        """Entries that a view read, opened; redacted ones are left out. Does not wait.

        They are of one resident, whose state was asked for before.
        """

    async def read(self, resident: str, after: int, limit: int) -> list[Event]:
        """Opened entries with sequence > after, rising."""


class LiveFeed(Protocol):
    """Where committed events go next in this process and, by doorbell, in the others. Does not wait."""

    def committed(self, state: State, events: Sequence[tuple[Event, object | None]]) -> None:
        """Called once per resident and batch, in order, after the sync and the fold: each event with its
        origin.
        """
