"""One running cell per test."""

from collections.abc import AsyncIterator

import pytest

from tests.regional_cell.entrypoints.web_api.support_cell import Cell


@pytest.fixture
async def cell() -> AsyncIterator[Cell]:
    made = await Cell().start()
    yield made
    await made.stop()
