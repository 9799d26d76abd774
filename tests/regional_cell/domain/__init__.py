"""Tests of the cell: domain."""
