"""Every service test runs over every store: what one promises, all of them keep."""

from collections.abc import AsyncIterator
from functools import lru_cache
from pathlib import Path

import pytest

from directory.ports.store import Store
from residency_policies import compile as compiling
from residency_policies.compile import Table
from residency_policies.stack import Stack
from tests.directory.stores import BACKENDS, opened
from tests.directory.world import World

_Compiler = compiling._Compiler


class Remembering:
    """Compiles each stack once in a run: a review compiles the same few again and again, and that the same
    stack gives the same table is for the tests of the compiler to prove.
    """

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def table(self) -> Table:
        return _table(self.stack)


@lru_cache(maxsize=128)
def _table(stack: Stack) -> Table:
    return _Compiler(stack).table()


@pytest.fixture(autouse=True)
def _compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "_Compiler", Remembering)


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(request.param, tmp_path) as found:
        yield found


@pytest.fixture
async def world(store: Store) -> World:
    return await World(store).begin()
