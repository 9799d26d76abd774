"""Tests of the cell: services."""
