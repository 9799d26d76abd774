"""Tests of the cell: entrypoints."""
