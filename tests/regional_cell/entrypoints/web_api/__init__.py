"""Tests of the cell: entrypoints web_api."""
