"""Tests of `directory/adapters`."""
