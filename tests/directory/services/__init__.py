"""Tests of `directory/services`."""
