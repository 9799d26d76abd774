"""Every service test runs over every store: what one promises, all of them keep."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from directory.ports.store import Store
from tests.directory.stores import BACKENDS, opened
from tests.directory.world import World
from tests.support.compiling import compiled_once

__all__ = ["compiled_once"]


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(request.param, tmp_path) as found:
        yield found


@pytest.fixture
async def world(store: Store) -> World:
    return await World(store).begin()
