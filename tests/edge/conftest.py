"""Policies are compiled once for all tests of this plane."""

from tests.support.compiling import compiled_once

__all__ = ["compiled_once"]
