"""Tests of `colink policy`."""
