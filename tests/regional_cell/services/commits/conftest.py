"""A group-commit writer over a store in memory whose syncs the test lets through."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from regional_cell.adapters.memory.store import MemoryStore
from regional_cell.domain.events import Event
from regional_cell.domain.state import State
from regional_cell.ports.log import Append, Outcome
from regional_cell.services.commits.writer import GroupCommits
from tests.regional_cell.stores import (
    Store,
    clock,
    memory_store,
    open_resident,
)


class GatedStore(MemoryStore):
    """A store whose append waits before it writes, and may fail before or after."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.sealer)
        self.gate = asyncio.Event()
        self.gate.set()
        self.batches: list[list[Append]] = []
        self.fail_before: Exception | None = None
        self.fail_after: Exception | None = None

    async def append(self, shares: Sequence[Append]) -> list[Outcome]:
        self.batches.append(list(shares))
        await self.gate.wait()
        if self.fail_before is not None:
            error, self.fail_before = self.fail_before, None
            raise error
        outcomes = await super().append(shares)
        if self.fail_after is not None:
            error, self.fail_after = self.fail_after, None
            raise error
        return outcomes


class Heard:
    """A live feed that writes down what it hears."""

    def __init__(self) -> None:
        self.events: list[tuple[int, object | None]] = []

    def committed(self, state: State, events: Sequence[tuple[Event, object | None]]) -> None:
        assert state.head == events[-1][0].sequence
        self.events += [(event.sequence, origin) for event, origin in events]


class Cell:
    """A writer, its store and what was heard."""

    def __init__(self, tmp_path: Path) -> None:
        store = memory_store(tmp_path)
        self.log = GatedStore(store)
        store.log = self.log
        store.views = type(store.views)(self.log)  # type: ignore[call-arg]
        self.store = store
        self.heard = Heard()
        self.commits = self.another()

    def another(
        self, *, shared: bool = False, queue_max: int = 8192, states_max: int = 4096, wait_s: float = 10.0
    ) -> GroupCommits:
        """A writer of its own over the same store, as another process has it."""
        commits = GroupCommits(
            self.log,
            self.store.views,
            self.store.sealer,
            clock(),
            queue_max=queue_max,
            states_max=states_max,
            wait_s=wait_s,
            shared=shared,
        )
        commits.feed(self.heard)
        return commits


@pytest.fixture
async def cell(tmp_path: Path) -> AsyncIterator[Cell]:
    made = Cell(tmp_path)
    await open_resident(made.store)
    await made.commits.start()
    yield made
    made.log.gate.set()
    await made.commits.stop()


async def turns(count: int = 20) -> None:
    """Let everything that can run, run."""
    for _ in range(count):
        await asyncio.sleep(0)
