"""Tests of `directory/adapters/sql`."""
