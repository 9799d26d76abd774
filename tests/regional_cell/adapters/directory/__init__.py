"""Tests of what a cell keeps of the directory."""
