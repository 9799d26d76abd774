"""Tests of `directory/domain`."""
