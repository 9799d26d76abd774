"""Tests of `directory/entrypoints`."""
