"""Tests of `directory/entrypoints/http`."""
