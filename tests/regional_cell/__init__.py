"""Tests of the cell."""
