"""Each stack is compiled once in a run, for tests of planes: every cell, edge and review in them compiles the
same few policies again, and that the same stack gives the same table is for the tests of policies to prove.
"""

from functools import lru_cache

import pytest

from residency_policies import compile as compiling
from residency_policies.compile import Table
from residency_policies.stack import Stack

TABLES_MAX = 128
_Compiler = compiling._Compiler


class Remembering:
    """Stands in for the compiler."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def table(self) -> Table:
        """As the compiler's, perhaps of a run before."""
        return _table(self._stack)


@lru_cache(TABLES_MAX)
def _table(stack: Stack) -> Table:
    return _Compiler(stack).table()


@pytest.fixture(autouse=True)
def compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In force for every test of a folder whose conftest imports it."""
    monkeypatch.setattr(compiling, "_Compiler", Remembering)
