"""Tests of the `colink` command."""
