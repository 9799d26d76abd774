"""Changing a resident, and who hears of it first."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from regional_cell.domain.decisions import Committed, Decide
from regional_cell.domain.events import Event
from regional_cell.domain.state import State


class Commits(Protocol):
    """The only way to change a resident: decided against its state, committed on condition that its head is
    still that.
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
        """Queue a command: it is decided, written, synced and folded in with the next batch. Does not wait.

        Args:
            epoch: what the caller believes; a different one at the resident raises StaleEpochError. None for
                work of the cell itself.
            origin: handed on to the live feed with the events, so that a socket's reply takes its event's
                place.

        Raises: what `decide` raises; UnknownResidentError, StaleEpochError, FrozenError, OverloadedError
            (queue full, nothing written), StorageFullError, OutcomeUnknownError (the transaction's end is
            not known); ConflictError(what=<view>) when a `Require` did not hold, not even when decided again;
            InternalError for a decision that cannot be stored.
        """

    async def commit(
        self,
        resident: str,
        decide: Decide,
        *,
        principal: str,
        epoch: int | None = None,
        origin: object | None = None,
    ) -> Committed:
        """`submit`, awaited. A caller that stops waiting does not take the command back."""

    async def state(self, resident: str) -> State:
        """The state at a head not older than any commit acknowledged before the call. Raises
        UnknownResidentError.
        """

    async def event(self, resident: str, sequence: int) -> Event | None:
        """One opened entry; None where it does not exist or was redacted."""

    async def events(self, resident: str, sequences: Sequence[int]) -> dict[int, Event]:
        """Opened entries by sequence."""

    async def read(self, resident: str, after: int, limit: int) -> list[Event]:
        """Opened entries with sequence > after, rising."""


class LiveFeed(Protocol):
    """Where committed events go next in this process and, by doorbell, in the others. Does not wait."""

    def committed(self, state: State, events: Sequence[tuple[Event, object | None]]) -> None:
        """Called once per resident and batch, in order, after the sync and the fold: each event with its
        origin.
        """
