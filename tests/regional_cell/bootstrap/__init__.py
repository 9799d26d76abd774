"""Tests of `regional_cell.bootstrap`."""
